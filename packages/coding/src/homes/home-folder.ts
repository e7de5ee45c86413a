import { join } from "node:path";

/** Where programs of an agent keep their settings, sessions and caches. */
export const homeFolder = (stateFolder: string, tenantId: string, agent: string): string =>
  join(homesFolder(stateFolder, tenantId), agent);

/** Of all agents of a tenant. */
export const homesFolder = (stateFolder: string, tenantId: string): string => join(stateFolder, "homes", tenantId);

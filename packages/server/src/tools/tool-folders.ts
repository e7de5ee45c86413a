/** The folders that Tool manifests may open, tenant by tenant: nothing of one is another's. */
import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { DEFAULT_TENANT } from "../gateway/deps/tenants.ts";
import type { ToolRules } from "./tool-policy.ts";

const OF_TENANT = /^([a-z0-9][a-z0-9-]{0,62})=(.+)$/s;

/** Each `DIR`, which is the default tenant's, or `TENANT=DIR`. Throws CONFIG_INVALID for what is no folder. */
export const openToolFolders = async (entries: readonly string[]): Promise<NonNullable<ToolRules["folders"]>> => {
  const folders = new Map<string, string[]>();
  for (const entry of entries) {
    const [, tenantId = DEFAULT_TENANT, path = entry] = OF_TENANT.exec(entry) ?? [];
    // The dot fails for what is not a folder.
    const real = await realpath(`${resolve(path)}${sep}.`).catch((cause: unknown) => {
      throw new PlatformError("CONFIG_INVALID", `the tool folder ${path} is not a folder that can be read`, { cause });
    });
    folders.set(tenantId, [...(folders.get(tenantId) ?? []), real]);
  }
  return folders;
};

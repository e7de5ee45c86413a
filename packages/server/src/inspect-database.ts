import type { DatabaseFinding } from "@agentcore/postgres";
import { loadPostgres } from "./load-postgres.ts";

export type { DatabaseFinding } from "@agentcore/postgres";

/** What is amiss with a database that nodes share, for `agentcore doctor`; changes nothing. Throws NOT_INSTALLED without its driver. */
export const inspectDatabase = async (url: string): Promise<readonly DatabaseFinding[]> =>
  (await loadPostgres()).inspectDatabase({ url });

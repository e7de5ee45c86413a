import { PlatformError } from "@agentcore/contract";
import type { Database } from "./database.ts";
import { OLDEST_VERSION } from "./server-version.ts";

/** Throws CONFIG_INVALID for a server that is too old. */
export const requireVersion = async (database: Database): Promise<void> => {
  const [row] = await database.query<{ version: string }>(
    "version",
    "select current_setting('server_version_num') as version",
    [],
  );
  if (Number(row?.version ?? 0) < OLDEST_VERSION)
    throw new PlatformError("CONFIG_INVALID", `PostgreSQL ${row?.version} is too old; 14 is the oldest that works`);
};

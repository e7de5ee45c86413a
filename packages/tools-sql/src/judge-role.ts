import { PlatformError } from "@agentcore/contract/errors";
import { z } from "zod";
import type { Cell, Scalar } from "./database.ts";

type Rows = (text: string, values?: readonly Scalar[]) => Promise<{ readonly rows: readonly (readonly Cell[])[] }>;

const Row = z.tuple([z.string(), z.string(), z.boolean()]);

/** Those that reach the server's machine, or work of others, from within a SELECT. */
const REACHING = [
  "pg_execute_server_program",
  "pg_read_server_files",
  "pg_write_server_files",
  "pg_signal_backend",
  "pg_create_subscription",
  "pg_checkpoint",
];

/**
 * A transaction that only reads keeps rows as they are, and no function from files, programs and other sessions. So a role that may reach these, itself or by one that it can become, is
 * refused with CONFIG_INVALID.
 */
export const judgeRole = async (rows: Rows): Promise<void> => {
  const { rows: found } = await rows(
    `SELECT session_user::text, rolname::text, rolsuper OR rolreplication FROM pg_roles
     WHERE pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper OR rolreplication OR rolname = ANY (string_to_array($1, ' ')))
     ORDER BY rolsuper DESC, rolname LIMIT 1`,
    [REACHING.join(" ")],
  );
  const [first] = found;
  if (first === undefined) return;
  const [user, role, isSuper] = Row.parse(first);
  const may = isSuper === true ? `is, or can become, ${role}, which may do anything` : `is a member of ${role}`;
  throw new PlatformError(
    "CONFIG_INVALID",
    `the role ${user} ${may}: give agents one that may only read, as by CREATE ROLE reader LOGIN PASSWORD '…'; GRANT SELECT ON … TO reader`,
  );
};

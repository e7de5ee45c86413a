/**
 * The extension `vector`, where the database has it: a column of its type, which the database keeps equal to the numbers
 * whoever writes them, and in which searches run. It is no step of the schema's, because the extension may come at any time.
 */
import { type Database, quoteIdentifier } from "./database.ts";

// A rewrite of that much takes some seconds, in which nobody reads or writes vectors. For more, see docs/postgres.md.
const MAX_REWRITE_BYTES = 256 * 1024 * 1024;
// Searches that are under way are waited for, but not for long: what comes after waits as well.
const LOCK_LIMIT_MS = 2000;
// In the life of a process: the lack of a right does not pass, the lack of a lock does.
const ATTEMPTS = 3;

const COLUMN = `select nspname as schema from pg_attribute a
  join pg_type t on t.oid = a.atttypid join pg_namespace n on n.oid = t.typnamespace
  where a.attrelid = 'vectors'::regclass and a.attname = 'direction' and not a.attisdropped`;
const EXTENSION = `select nspname as schema, pg_table_size('vectors') as bytes
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'vector'`;
const AVAILABLE = "select from pg_available_extensions where name = 'vector'";
// Named, because the first schema of the search path is ours, and what lies in it goes when it is dropped.
const CREATE = "create extension if not exists vector schema public";

export class Pgvector {
  private readonly database: Database;
  private readonly maxRewriteBytes: number;
  private found: string | null = null;
  private triedToCreate = false;
  private attemptsLeft = ATTEMPTS;

  constructor(database: Database, maxRewriteBytes = MAX_REWRITE_BYTES) {
    this.database = database;
    this.maxRewriteBytes = maxRewriteBytes;
  }

  /**
   * The quoted schema of the extension once there is the column, else null. Creates both where the server and the role
   * allow it. Until then each call looks again: two small queries, nothing beside a search without it.
   */
  async schema(): Promise<string | null> {
    this.found ??= await this.schemaOfColumn();
    if (this.found === null && this.attemptsLeft > 0) {
      await this.addColumn();
      this.found = await this.schemaOfColumn();
    }
    return this.found;
  }

  private async schemaOfColumn(): Promise<string | null> {
    const [row] = await this.database.query<{ schema: string }>("vector-column", COLUMN, []);
    return row === undefined ? null : quoteIdentifier(row.schema);
  }

  private async addColumn(): Promise<void> {
    const extension = (await this.extension()) ?? (await this.createExtension());
    if (extension === null || extension.bytes > this.maxRewriteBytes) return;
    const type = `${quoteIdentifier(extension.schema)}.vector`;
    try {
      await this.database.transaction(async (client) => {
        await client.query(`set local lock_timeout = ${LOCK_LIMIT_MS}`);
        await client.query(
          `alter table vectors add column if not exists direction ${type} generated always as (embedding::${type}) stored`,
        );
      });
    } catch {
      // Searches go on without it.
      this.attemptsLeft -= 1;
    }
  }

  private async extension(): Promise<{ readonly schema: string; readonly bytes: number } | null> {
    const [row] = await this.database.query<{ schema: string; bytes: number }>("vector-extension", EXTENSION, []);
    return row ?? null;
  }

  private async createExtension(): Promise<{ readonly schema: string; readonly bytes: number } | null> {
    if (this.triedToCreate) return null;
    this.triedToCreate = true;
    if ((await this.database.query("vector-available", AVAILABLE, [])).length === 0) return null;
    // Not allowed, or another node is creating it: what counts is whether it is there now.
    await this.database.query("create-extension", CREATE, []).catch(() => undefined);
    return this.extension();
  }
}

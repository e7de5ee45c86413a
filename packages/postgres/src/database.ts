/** The connections of one store, and what their errors mean. */
import { PlatformError } from "@agentcore/contract";
import pg from "pg";

export interface DatabaseOptions {
  readonly url: string;
  readonly schema: string;
  readonly maxConnections: number;
  /** Milliseconds a statement may take. */
  readonly statementTimeoutMs: number;
}

// Numbers of ours stay below 2^53: positions, times and tokens grow by one.
const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};

export class Database {
  private readonly pool: pg.Pool;
  private closed = false;

  constructor({ url, schema, maxConnections, statementTimeoutMs }: DatabaseOptions) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: 5_000,
      statement_timeout: statementTimeoutMs,
      application_name: "agentcore",
      options: `-c search_path=${quoteIdentifier(schema)}`,
      types,
    });
    // A connection that breaks while nobody uses it is replaced by the pool; the next query says what is wrong.
    this.pool.on("error", ignore);
    // The pool stops listening to one that it hands out, and its next message may be in the chunk that was just read: without
    // a listener of our own from the first moment on, that would end the process. Whoever uses it is told by its query.
    this.pool.on("connect", (client) => client.on("error", ignore));
  }

  /** Throws STORE_UNAVAILABLE when it is not known whether the statement took effect. */
  async query<Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    this.assertOpen();
    try {
      return (await this.pool.query<Row>({ name, text, values: [...values] })).rows;
    } catch (error) {
      throw toPlatformError(error);
    }
  }

  /** Runs `work` on one connection in one transaction. */
  async transaction<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    this.assertOpen();
    let client: pg.PoolClient | undefined;
    let broken = false;
    try {
      client = await this.pool.connect();
      await client.query("begin");
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client?.query("rollback").catch(() => {
        broken = true;
      });
      throw toPlatformError(error);
    } finally {
      client?.release(broken);
    }
  }

  /** Runs `work` on one connection, which makes its own transactions. */
  async session<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.connect();
    try {
      return await work(client);
    } catch (error) {
      throw toPlatformError(error);
    } finally {
      client.release();
    }
  }

  /** A connection for as long as it is wanted; to be released. Its errors are PostgreSQL's own. */
  async connect(): Promise<pg.PoolClient> {
    this.assertOpen();
    return this.pool.connect().catch((error: unknown) => {
      throw toPlatformError(error);
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.pool.end();
  }

  private assertOpen(): void {
    if (this.closed) throw new PlatformError("STORE_UNAVAILABLE", "the store was closed");
  }
}

const ignore = (): void => undefined;

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

// Ours, from commit_units and claim_tasks: the worker's row is gone.
const LEASE_LOST = "AC001";
// Data the database cannot hold, or a program's mistake: the same statement would fail again.
const FINAL_CLASSES: ReadonlySet<string> = new Set(["22", "23", "42", "54"]);

/** The database ended one of transactions that waited for each other: it was rolled back. */
export const isDeadlock = ({ cause }: PlatformError): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "40P01";

export const toPlatformError = (error: unknown): PlatformError => {
  if (PlatformError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === LEASE_LOST)
    return new PlatformError("LEASE_LOST", "this worker's lease was given to others", { cause: error });
  if (/^[0-9A-Z]{5}$/.test(code) && FINAL_CLASSES.has(code.slice(0, 2)))
    return new PlatformError("INTERNAL", `PostgreSQL refused a statement (${code}): ${message}`, { cause: error });
  return new PlatformError("STORE_UNAVAILABLE", `PostgreSQL did not answer (${code || "no code"}): ${message}`, {
    cause: error,
  });
};

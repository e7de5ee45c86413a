/** The connections of one store, and what their errors mean. */
import { PlatformError } from "@agentcore/contract";
import pg from "pg";

export interface DatabaseOptions {
  readonly url: string;
  readonly schema: string;
  readonly maxConnections: number;
  /** Milliseconds a statement may take. */
  readonly statementTimeoutMs: number;
  /** Milliseconds a transaction may wait for its next statement: that of a process that is gone would keep its locks for ever. */
  readonly idleInTransactionMs: number;
}

// The database ends a statement that takes too long; one that has not said so by then says nothing any more.
const ANSWER_GRACE_MS = 5_000;
/** Before the system asks a silent host whether it is still there. */
export const KEEP_ALIVE_DELAY_MS = 10_000;

/** A query with a bound of its own for the answer; 0 is none of its own. */
export interface BoundedQuery extends pg.QueryConfig {
  readonly query_timeout: number;
}

// Numbers of ours stay below 2^53: positions, times and tokens grow by one.
const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig["getTypeParser"],
};

export class Database {
  private readonly pool: pg.Pool;
  private readonly maxConnections: number;
  private closed = false;

  constructor({ url, schema, maxConnections, statementTimeoutMs, idleInTransactionMs }: DatabaseOptions) {
    this.maxConnections = maxConnections;
    this.pool = new pg.Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: 5_000,
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
      idle_in_transaction_session_timeout: idleInTransactionMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
      application_name: "agentcore",
      // Whatever the database or the role is set to: who waited for a lock has to see what the one before committed.
      options: `-c search_path=${quoteIdentifier(schema)} -c default_transaction_isolation=read\\ committed`,
      types,
    });
    // A connection that breaks while nobody uses it is replaced by the pool; the next query says what is wrong.
    this.pool.on("error", ignore);
    // The pool stops listening to one that it hands out, and its next message may be in the chunk that was just read: without
    // a listener of our own from the first moment on, that would end the process. Whoever uses it is told by its query.
    this.pool.on("connect", (client) => client.on("error", ignore));
  }

  /** `limitMs` for the answer, if not the usual. Throws STORE_UNAVAILABLE when it is not known whether the statement took effect. */
  async query<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
    limitMs = 0,
  ): Promise<Row[]> {
    this.assertOpen();
    const query: BoundedQuery = { name, text, values: [...values], query_timeout: limitMs };
    for (let triesLeft = this.maxConnections; ; triesLeft--) {
      try {
        // A connection whose query failed is ended by the pool: the answer to one that took too long may still come.
        return (await this.pool.query<Row>(query)).rows;
      } catch (error) {
        // Refused before it began; each of the other connections may hold such a plan too.
        if (triesLeft === 0 || codeOf(error) !== STALE_PLAN) throw toPlatformError(error);
      }
    }
  }

  /** Runs `work` on one connection in one transaction. */
  async transaction<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    this.assertOpen();
    let client: pg.PoolClient | undefined;
    let isUsable = true;
    try {
      client = await this.pool.connect();
      await client.query("begin");
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      isUsable = client !== undefined && isAnswer(error) && (await rollBack(client));
      throw toPlatformError(error);
    } finally {
      client?.release(!isUsable);
    }
  }

  /** Runs `work` on one connection, which makes its own transactions; one in which it failed is not used again. */
  async session<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.connect();
    let isUsable = false;
    try {
      const result = await work(client);
      isUsable = true;
      return result;
    } catch (error) {
      throw toPlatformError(error);
    } finally {
      client.release(!isUsable);
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

/** Else an answer is still to come, or the connection is broken: the database rolls back when it is ended. */
const isAnswer = (error: unknown): boolean =>
  PlatformError.is(error) || (error instanceof pg.DatabaseError && error.code !== STALE_PLAN);

const rollBack = (client: pg.ClientBase): Promise<boolean> =>
  client.query("rollback").then(
    () => true,
    () => false,
  );

// Ours, from commit_units and claim_tasks: the worker's row is gone.
const LEASE_LOST = "AC001";
// A prepared statement gives other columns since a table was altered, and would for as long as its connection lives.
const STALE_PLAN = "0A000";
const DISK_FULL = "53100";
// Data the database cannot hold, or a program's mistake: the same statement would fail again.
const FINAL_CLASSES: ReadonlySet<string> = new Set(["22", "23", "42", "54"]);

const RESERVATION_KEY = "ledger_reservations_pkey";

/** PostgreSQL's code of an error, or that of the system; "" for none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/**
 * It was rolled back, and goes through when it is written again: the database ended one of transactions that waited for each other, or
 * another made a reservation under the same key meanwhile (sql/functions/keep-ledger.ts).
 */
export const mayBeWrittenAgain = ({ cause }: PlatformError): boolean =>
  codeOf(cause) === "40P01" ||
  (cause instanceof pg.DatabaseError && codeOf(cause) === "23505" && cause.constraint === RESERVATION_KEY);

export const toPlatformError = (error: unknown): PlatformError => {
  if (PlatformError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === LEASE_LOST)
    return new PlatformError("LEASE_LOST", "this worker's lease was given to others", { cause: error });
  if (/^[0-9A-Z]{5}$/.test(code) && FINAL_CLASSES.has(code.slice(0, 2)))
    return new PlatformError("INTERNAL", `PostgreSQL refused a statement (${code}): ${message}`, { cause: error });
  if (code === DISK_FULL)
    return new PlatformError(
      "STORE_UNAVAILABLE",
      `PostgreSQL has no room on its disk (${code}): ${message}; make room there, and nodes go on by themselves`,
      { cause: error },
    );
  return new PlatformError("STORE_UNAVAILABLE", `PostgreSQL did not answer (${code || "no code"}): ${message}`, {
    cause: error,
  });
};

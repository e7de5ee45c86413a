/**
 * PostgreSQL, held to reading by itself. Each query has a connection of its own, in a read-only transaction that is never committed, as the query of a cursor, in the protocol
 * that takes one statement at a time. So nothing but SELECT, VALUES, TABLE and WITH of these is understood: neither COPY nor SET, CALL, DO, COMMIT or what changes rows.
 * What functions do beside that is bounded by the rights of the role, which is refused where it has those of the machine.
 */
import { Socket } from "node:net";
import { PlatformError } from "@agentcore/contract/errors";
import { openPlaces } from "@agentcore/sandbox/bounded";
import type { Client, ClientConfig } from "pg";
import type { Cell, Database, QueryRequest, QueryRows, Scalar } from "./database.ts";
import { judgeRole } from "./judge-role.ts";
import { failureOf } from "./postgres-failure.ts";
import { readTables } from "./postgres-tables.ts";
import { parserOf } from "./postgres-types.ts";
import { RowCollector } from "./row-collector.ts";

export interface PostgresOptions {
  /** The address of the database with its user and password; asked for with each connection. */
  readonly url: () => string;
}

const CONNECT_TIMEOUT_MS = 10_000;
const SCHEMA_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 2_000;
// How long a server has to end a query that it is told to end.
const GRACE_MS = 2_000;
const PAGE_ROWS = 50;
const LOOK_MS = 20;
// Over the connection; rows that are larger are cut only once they are here.
const MAX_RECEIVED_BYTES = 32 * 1024 * 1024;
const MAX_AT_ONCE = 4;
const MAX_WAITING = 64;
const DECLARE = "DECLARE agentcore_rows NO SCROLL CURSOR FOR ";

interface Session {
  /** By the extended protocol, which takes one statement. */
  rows(text: string, values?: readonly Scalar[]): Promise<{ columns: string[]; rows: Cell[][] }>;
}

export const openPostgres = ({ url }: PostgresOptions): Database => {
  const places = openPlaces(MAX_AT_ONCE, MAX_WAITING);
  const withSession = <Result>(
    timeoutMs: number,
    signal: AbortSignal,
    use: (session: Session) => Promise<Result>,
  ): Promise<Result> => places.take(() => runSession({ url: url(), timeoutMs, signal, use }), signal);
  return {
    dialect: "PostgreSQL",
    query: (request, signal) => withSession(request.limits.timeoutMs, signal, (session) => readRows(session, request)),
    tables: (signal) => withSession(SCHEMA_TIMEOUT_MS, signal, ({ rows }) => readTables(rows)),
  };
};

const readRows = async (session: Session, { sql, parameters, limits }: QueryRequest): Promise<QueryRows> => {
  const collector = new RowCollector(limits);
  let columns: string[] = [];
  try {
    await session.rows(DECLARE + sql, parameters);
  } catch (error) {
    throw failureOf(error, DECLARE.length);
  }
  for (;;) {
    const page = await session.rows(`FETCH FORWARD ${PAGE_ROWS} FROM agentcore_rows`);
    columns = page.columns;
    if (!page.rows.every((row) => collector.add(row)) || page.rows.length < PAGE_ROWS) break;
  }
  return collector.collected(columns);
};

interface SessionOptions<Result> {
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly use: (session: Session) => Promise<Result>;
}

const runSession = async <Result>({ url, timeoutMs, signal, use }: SessionOptions<Result>): Promise<Result> => {
  const connection = await createConnection(url);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  connection.client.on("error", (error) => reject(failureOf(error)));
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const clock = setTimeout(
    () => reject(new PlatformError("DEADLINE_EXCEEDED", `the query took more than ${timeoutMs} ms`)),
    timeoutMs,
  );
  const look = setInterval(() => {
    if (connection.socket.bytesRead > MAX_RECEIVED_BYTES)
      reject(new PlatformError("TOO_LARGE", `the rows have more than ${MAX_RECEIVED_BYTES} bytes: select less`));
  }, LOOK_MS);
  const work = readIn(connection, timeoutMs, use);
  try {
    return await Promise.race([work, ended]);
  } catch (error) {
    throw signal.aborted ? signal.reason : failureOf(error);
  } finally {
    clearTimeout(clock);
    clearInterval(look);
    signal.removeEventListener("abort", onAbort);
    // Without a commit all is undone.
    await close(connection, url);
    await work.catch(() => undefined);
  }
};

interface Connection {
  readonly client: Client;
  readonly socket: Socket;
  /** The server's process for it, once there is one. */
  processId: number | null;
  /** Queries that are not answered yet. */
  pending: number;
}

const createConnection = async (url: string): Promise<Connection> => {
  const { Client } = await import("pg");
  const socket = new Socket();
  const config: ClientConfig = {
    ...{ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, application_name: "agentcore-tools-sql" },
    stream: () => socket,
    // As `pg` asks for it; the parsers of its own types are not wanted.
    types: { getTypeParser: parserOf as never },
  };
  try {
    return { client: new Client(config), socket, processId: null, pending: 0 };
  } catch {
    // What is wrong with an address is told with the address, and its password.
    throw new PlatformError("CONFIG_INVALID", "the address of the database is none: expected postgres://…");
  }
};

const readIn = async <Result>(
  connection: Connection,
  timeoutMs: number,
  use: (session: Session) => Promise<Result>,
): Promise<Result> => {
  const session = sessionOf(connection);
  await connection.client.connect();
  await session.rows("BEGIN READ ONLY");
  const settings = [String(timeoutMs), String(LOCK_TIMEOUT_MS), String(timeoutMs + GRACE_MS)];
  // Looking at anything settles, too, that the transaction stays read-only: from then on the server refuses to change it.
  const { rows } = await session.rows(
    "SELECT pg_backend_pid(), set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), " +
      "set_config('idle_in_transaction_session_timeout', $3, true)",
    settings,
  );
  connection.processId = Number(rows[0]?.[0]);
  await judgeRole(session.rows);
  return use(session);
};

const sessionOf = (connection: Connection): Session => ({
  async rows(text, values = []) {
    // `queryMode` has it by the extended protocol also without values; the types do not know it.
    const query = { text, values: [...values], rowMode: "array" as const, queryMode: "extended" };
    connection.pending += 1;
    try {
      const { fields, rows } = await connection.client.query<Cell[]>(query);
      return { columns: fields.map(({ name }) => name), rows };
    } finally {
      connection.pending -= 1;
    }
  },
});

/** A server that still works on it is told to stop: it would go on for nobody. */
const close = async ({ client, socket, processId, pending }: Connection, url: string): Promise<void> => {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const clock = setTimeout(resolve, GRACE_MS);
  const isWorking = pending > 0 && processId !== null;
  const goodbye = isWorking ? cancel(processId, url) : processId === null ? Promise.resolve() : client.end();
  await Promise.race([goodbye.catch(() => undefined), late]);
  clearTimeout(clock);
  socket.destroy();
};

const cancel = async (processId: number, url: string): Promise<void> => {
  const connection = await createConnection(url);
  connection.client.on("error", () => undefined);
  try {
    await connection.client.connect();
    await sessionOf(connection).rows("SELECT pg_cancel_backend($1)", [processId]);
  } finally {
    connection.socket.destroy();
  }
};

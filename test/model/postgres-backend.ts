/** PostgreSQL: several nodes, real connections that break, statements that take too long, a server that is restarted. */
import { PlatformError } from "@agentcore/contract";
import { createPayloadStore } from "@agentcore/core/payloads";
import type { TaskStore } from "@agentcore/core/ports";
import { createTestCodec } from "@agentcore/core/testing";
import { openPostgres, type PostgresStores } from "@agentcore/postgres";
import pg from "pg";
import type { Backend } from "./backend.ts";

export interface PostgresServer {
  readonly url: string;
  /** Null: the server is not ours to restart. */
  readonly restart: (() => Promise<void>) | null;
}

const STATEMENT_TIMEOUT_MS = 800;
// Longer than a statement may take.
const HOLD_UP_MS = 1_000;
const TRIES = 50;
const AGAIN_MS = 100;

let made = 0;
/** A restart that is under way; worlds share the server. */
let restarting: Promise<void> | null = null;

const restartOnce = (server: PostgresServer): Promise<void> => {
  restarting ??= (server.restart?.() ?? Promise.resolve()).finally(() => {
    restarting = null;
  });
  return restarting;
};

export const createPostgresBackend = async (server: PostgresServer, leaseMs: number): Promise<Backend> => {
  const schema = `model_${process.pid}_${++made}`;
  const opened: PostgresStores[] = [];
  /** The connections of a node can be told apart by their name. */
  const applicationOf = (node: string): string => `${schema}_${node}`;

  const open = async (node: string, offset: () => number): Promise<PostgresStores> => {
    const url = new URL(server.url);
    url.searchParams.set("application_name", applicationOf(node));
    const stores = await insist(() =>
      openPostgres({
        ...{ url: url.href, node, schema, leaseMs, maxConnections: 4, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
        clock: { now: () => Date.now() + offset() },
      }),
    );
    opened.push(stores);
    return stores;
  };
  const asAnybody = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: server.url, application_name: "model" });
    // A restart takes it with it.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const terminate = (pattern: string): Promise<void> =>
    asAnybody(async (client) => {
      await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like $1", [
        pattern,
      ]);
    }).catch(() => undefined);

  const engineStore = ({ tasks: store, blobs }: PostgresStores): TaskStore =>
    createPayloadStore({ store, blobs, codec: createTestCodec([]) });
  const observer = engineStore(await open("observer", () => 0));
  return {
    ...{ name: "postgresql", leaseMs, hasLateWrites: false },
    open: async (node, offset) => engineStore(await open(node, offset)),
    // Its connections end with it; what it held is held until its lease has run out.
    abandon: (node) => terminate(applicationOf(node)),
    observer: () => insisting(observer),
    breakConnections: (node) => terminate(applicationOf(node)),
    holdUp: async (isHeld) => {
      await asAnybody(async (client) => {
        await client.query("begin");
        await client.query(`lock table ${schema}.heads in access exclusive mode`);
        isHeld();
        await pause(HOLD_UP_MS);
        await client.query("commit");
      }).catch(() => isHeld());
    },
    restart: server.restart === null ? () => terminate(`${schema}\\_%`) : () => restartOnce(server),
    close: async () => {
      await Promise.all(opened.map((stores) => stores.close().catch(() => undefined)));
      // Another world may restart the server meanwhile.
      await insist(() =>
        asAnybody((client) => client.query(`drop schema if exists ${schema} cascade`)).catch((error: unknown) => {
          throw new PlatformError("STORE_UNAVAILABLE", `the schema stays: ${String(error)}`);
        }),
      );
    },
  };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const insist = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES || PlatformError.from(error).code !== "STORE_UNAVAILABLE") throw error;
      await pause(AGAIN_MS);
    }
  }
};

/** Asks again while the database is away. */
const insisting = (store: TaskStore): TaskStore =>
  new Proxy(store, {
    get: (target, name: keyof TaskStore) => {
      const method = target[name] as (...given: readonly unknown[]) => Promise<unknown>;
      return (...given: readonly unknown[]) => insist(() => method.call(target, ...given));
    },
  });

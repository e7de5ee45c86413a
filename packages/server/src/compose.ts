/** The only file that constructs adapters: configuration in, running node out, closed in reverse order. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { type Bus, createBus } from "@agentcore/core/bus";
import type { BlobStore, KeyValue, Senses, TaskStore, VectorIndex } from "@agentcore/core/ports";
import { AgentRegistry } from "@agentcore/core/registry";
import { createBusRouter, createTaskService, TaskEngine, type TaskService } from "@agentcore/core/tasks";
import { createModelProvider } from "@agentcore/models";
import type { PostgresOptions } from "@agentcore/postgres";
import { openSqlite, type SqliteOptions } from "@agentcore/sqlite";
import { ANYWHERE, type CodeRoots } from "./agents/code-roots.ts";
import { createInProcessHost } from "./agents/in-process-host.ts";
import { createQueryDelivery } from "./agents/query-delivery.ts";
import { AgentCatalogue } from "./manifests/agent-catalogue.ts";
import { createManifestService, type LocalManifestService } from "./manifests/manifest-service.ts";
import { Metrics } from "./metrics.ts";

export interface NodeParts {
  readonly engine: TaskEngine;
  readonly tasks: TaskService;
  readonly manifests: LocalManifestService;
  readonly catalogue: AgentCatalogue;
  readonly metrics: Metrics;
  readonly senses: Senses;
  /** Begins to run tasks. */
  start(): Promise<void>;
  close(graceMs: number): Promise<void>;
}

export interface ComposeOptions {
  readonly dataDirectory: string;
  readonly senses: Senses;
  readonly node: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where agents' code may come from. @default anywhere */
  readonly codeRoots?: CodeRoots | undefined;
  /** Whether code may come over HTTP while there are no code roots. @default true */
  readonly codeFromAnywhere?: boolean | undefined;
  /** Whether Model manifests may name addresses of private networks. @default false */
  readonly allowPrivateModels?: boolean | undefined;
  /** A PostgreSQL that nodes share, in place of the SQLite file of this one. */
  readonly database?: { readonly url: string; readonly leaseMs?: number | undefined } | undefined;
  /** For crash tests: handed to the store. */
  readonly fault?: { readonly syncDelayMs?: number | undefined; readonly module?: string | undefined } | undefined;
  /** For crash tests: stands around each port (`tasks`, `keyValue`, `host`, `models`, `router`, `bus`). */
  readonly wrap?: (<Port extends object>(name: string, port: Port) => Port) | undefined;
}

interface Stores {
  readonly tasks: TaskStore;
  readonly keyValue: KeyValue;
  readonly vectors: VectorIndex;
  /** Null where no other node could want what lies in this one's data folder. */
  readonly blobs: BlobStore | null;
  close(): Promise<void>;
}

const openEmbedded = async (options: SqliteOptions): Promise<Stores> => ({
  ...(await openSqlite(options)),
  blobs: null,
});

/** Loaded only when it is asked for: the driver is an installation of its own. */
const openShared = async (options: PostgresOptions): Promise<Stores> => {
  const { openPostgres } = await import("@agentcore/postgres").catch((cause: unknown) => {
    throw new PlatformError("CONFIG_INVALID", "a database needs @agentcore/postgres; npm install @agentcore/postgres", {
      cause,
    });
  });
  return openPostgres(options);
};

// A third of the 15 s after which a silent replica gets no more work.
const HEARTBEAT_MS = 5_000;

export const compose = async ({
  dataDirectory,
  senses,
  node,
  env,
  codeRoots = ANYWHERE,
  codeFromAnywhere = true,
  allowPrivateModels = false,
  database,
  fault,
  wrap = (_name, port) => port,
}: ComposeOptions): Promise<NodeParts> => {
  const stores =
    database === undefined
      ? await openEmbedded({ directory: dataDirectory, clock: senses.clock, ...(fault === undefined ? {} : { fault }) })
      : await openShared({ ...database, node, clock: senses.clock });
  const snapshotDirectory = join(dataDirectory, "revisions");
  await mkdir(snapshotDirectory, { recursive: true, mode: 0o700 });
  const keyValue = wrap("keyValue", stores.keyValue);
  const metrics = new Metrics();
  const registry = new AgentRegistry({ clock: senses.clock });
  const catalogue = new AgentCatalogue();
  const host = wrap(
    "host",
    createInProcessHost({
      keyValue,
      snapshotDirectory,
      blobs: stores.blobs,
      codeRoots,
      env,
      sha256: senses.digest.sha256,
    }),
  );
  const manifests = createManifestService({
    keyValue,
    host,
    registry,
    catalogue,
    node,
    allowPrivateModels,
    codeOverHttp: codeFromAnywhere || codeRoots.folders !== null,
    sha256: senses.digest.sha256,
    onUnloadable: (tenantId, name, error) =>
      senses.logger.log("error", `agent ${name} cannot be loaded: ${error.message}`, {
        tenantId,
        agent: name,
        code: error.code,
      }),
  });
  const models = createModelProvider({
    env,
    allowPrivate: allowPrivateModels,
    resolve: async (tenantId, name) => {
      const manifest = await manifests.model(tenantId, name);
      if (manifest === null) return null;
      const { baseUrl, model, apiKeyEnv, headers, timeoutMs } = manifest.spec;
      return { baseUrl, model, apiKeyEnv, headers, timeoutMs };
    },
  });
  // Bus and engine know each other: the bus delivers commands to the engine, the engine sends through the bus.
  let bus: Bus;
  const { router, sink } = createBusRouter({ bus: () => bus, registry, ids: senses.ids });
  bus = wrap(
    "bus",
    createBus({
      registry,
      senses,
      deliver: { query: createQueryDelivery({ host, bus: () => bus, logger: senses.logger }), commands: sink },
      onCall: metrics.onCall,
    }),
  );
  const engine = new TaskEngine({
    store: wrap("tasks", stores.tasks),
    keyValue,
    models: wrap("models", models),
    host,
    router: wrap("router", router),
    senses,
    node,
  });
  metrics.gauge("agentcore_resident_tasks", "Tasks in memory now.", () => engine.resident);
  metrics.gauge("agentcore_log_followers", "Readers that wait for a task's log to grow.", () => engine.hub.size);

  let unfollow = (): void => {};
  let heartbeat: ReturnType<typeof setInterval> | null = null;
  const beat = (): void => {
    for (const tenantId of catalogue.tenantIds()) {
      for (const record of registry.list(tenantId)) {
        for (const replica of record.replicas)
          if (replica.nodeId === node) registry.heartbeat(tenantId, record.name, replica.id);
      }
    }
    registry.sweep();
  };
  try {
    await manifests.restore();
  } catch (error) {
    await stores.close();
    throw PlatformError.from(error);
  }
  return {
    engine,
    tasks: createTaskService(engine),
    manifests,
    catalogue,
    metrics,
    senses,
    async start() {
      heartbeat = setInterval(beat, HEARTBEAT_MS);
      heartbeat.unref();
      if (stores.blobs !== null) unfollow = manifests.follow(senses.logger);
      await engine.start();
    },
    async close(graceMs) {
      if (heartbeat !== null) clearInterval(heartbeat);
      unfollow();
      await engine.close(graceMs);
      bus.close();
      host.close();
      await stores.close();
    },
  };
};

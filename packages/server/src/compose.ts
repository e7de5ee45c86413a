/** The only file that constructs adapters: configuration in, running node out, closed in reverse order. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { type Authoriser, type Bus, createBus } from "@agentcore/core/bus";
import { ModelCache } from "@agentcore/core/caching";
import { Budgets, RateLimiter, ReservationSweeper } from "@agentcore/core/governance";
import { createPayloadStore, createSealedBlobStore, createSealedKeyValue } from "@agentcore/core/payloads";
import type {
  BlobStore,
  KeyValue,
  Logger,
  Senses,
  StoreArchive,
  StoredEvent,
  TaskHead,
  TaskStore,
  VectorIndex,
} from "@agentcore/core/ports";
import { AgentRegistry } from "@agentcore/core/registry";
import {
  createBusRouter,
  createTaskService,
  MEMORY_AGENT,
  PlatformAgents,
  REGISTRY_AGENT,
  TaskEngine,
  type TaskService,
} from "@agentcore/core/tasks";
import {
  createModelGateway,
  createTargetCaller,
  createTargetGuard,
  type ModelGateway,
  PRICE_TABLE,
  type PriceTable,
} from "@agentcore/models";
import type { OpenRecording, RecordingOptions } from "@agentcore/models/cassettes";
import type { PostgresOptions } from "@agentcore/postgres";
import { openSqlite, type SqliteOptions } from "@agentcore/sqlite";
import { ANYWHERE, type CodeRoots } from "./agents/code-roots.ts";
import { createInProcessHost } from "./agents/in-process-host.ts";
import { createQueryDelivery } from "./agents/query-delivery.ts";
import { REVISION_FOLDER } from "./agents/snapshot-store.ts";
import { createBackupService } from "./backup/backup-service.ts";
import { createHeldBlobs } from "./backup/held-blobs.ts";
import { createCodingAgents } from "./coding/coding-agents.ts";
import { createHomeKeeper } from "./coding/home-keeper.ts";
import { createConsentDoor } from "./consents/consent-door.ts";
import { createAgentFinder } from "./discovery/agent-finder.ts";
import { createDiscovery } from "./discovery/create-discovery.ts";
import { createKeyring } from "./encryption/keyring.ts";
import { type EncryptionKeys, NO_KEYS } from "./encryption/parse-encryption-keys.ts";
import { createNodeFeeds } from "./feeds/node-feeds.ts";
import type { AgentFinder } from "./gateway/deps/agent-finder.ts";
import type { BackupService } from "./gateway/deps/backup-service.ts";
import type { ConsentDoor } from "./gateway/deps/consent-door.ts";
import type { HookDoor } from "./gateway/deps/hook-door.ts";
import type { MemoryService } from "./gateway/deps/memory-service.ts";
import type { OrchestrationService } from "./gateway/deps/orchestration-service.ts";
import type { PushConfigService } from "./gateway/deps/push-config-service.ts";
import type { RetentionService } from "./gateway/deps/retention-service.ts";
import type { ScheduleService } from "./gateway/deps/schedule-service.ts";
import type { SpendingService } from "./gateway/deps/spending-service.ts";
import { DEFAULT_TENANT } from "./gateway/deps/tenants.ts";
import type { ToolService } from "./gateway/deps/tool-service.ts";
import type { WorkflowService } from "./gateway/deps/workflow-service.ts";
import { missingScopes } from "./gateway/http/required-scopes.ts";
import { createHookDoor } from "./hooks/hook-door.ts";
import { loadPostgres } from "./load-postgres.ts";
import { AgentCatalogue } from "./manifests/agent-catalogue.ts";
import { createManifestService, type LocalManifestService } from "./manifests/manifest-service.ts";
import { createNodeMemory } from "./memory/node-memory.ts";
import { Metrics } from "./metrics.ts";
import { modelEmbedder } from "./models/model-embedder.ts";
import { createNodeMembership, type NodeMembership } from "./nodes/node-membership.ts";
import { createOrchestration } from "./orchestration/orchestration-service.ts";
import { ORCHESTRATOR, withOrchestrator } from "./orchestration/orchestrator.ts";
import { createPushService } from "./push/push-service.ts";
import { createRemoteAgents } from "./remote/remote-agents.ts";
import { createRetentionService } from "./retention/retention-service.ts";
import { createScheduleService } from "./schedules/schedule-service.ts";
import { openModelTelemetry } from "./telemetry/open-model-telemetry.ts";
import type { ToolRules } from "./tools/tool-policy.ts";
import { createToolSources } from "./tools/tool-sources.ts";
import { createNodeTurns } from "./turns/node-turns.ts";
import { createWorkflowService } from "./workflows/workflow-service.ts";

export interface NodeParts {
  readonly engine: TaskEngine;
  readonly tasks: TaskService;
  readonly manifests: LocalManifestService;
  readonly catalogue: AgentCatalogue;
  readonly workflows: WorkflowService;
  readonly scopesOf: (task: TaskHead) => Promise<readonly string[] | null>;
  readonly orchestration: OrchestrationService;
  readonly finder: AgentFinder;
  readonly nodes: NodeMembership;
  readonly metrics: Metrics;
  readonly retention: RetentionService;
  readonly schedules: ScheduleService;
  readonly spending: SpendingService;
  readonly models: ModelGateway;
  readonly tools: ToolService;
  readonly memory: () => Promise<MemoryService>;
  readonly backups: BackupService;
  readonly push: PushConfigService;
  readonly hooks: HookDoor;
  readonly consents: ConsentDoor;
  readonly senses: Senses;
  /** Why this node can take no work now, or null. */
  trouble(): PlatformError | null;
  /** Begins to run tasks. */
  start(): Promise<void>;
  close(graceMs: number): Promise<void>;
}

export interface ComposeOptions {
  readonly dataDirectory: string;
  readonly senses: Senses;
  readonly node: string;
  /** Where clients reach this node, and of which version it is: told to other nodes. @default "" */
  readonly address?: (() => string) | undefined;
  readonly version?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where agents' code may come from. @default anywhere */
  readonly codeRoots?: CodeRoots | undefined;
  /** Whether code may come over HTTP while there are no code roots. @default true */
  readonly codeFromAnywhere?: boolean | undefined;
  /** What models cost and take. @default the built-in table */
  readonly modelPrices?: PriceTable | undefined;
  /** Whether Model manifests may name addresses of private networks. @default false */
  readonly allowPrivateModels?: boolean | undefined;
  /** A model that makes vectors of what agents remember, where a pool names none. @default vectors of words, where they are installed, else words alone */
  readonly memoryEmbedder?: string | undefined;
  /** Calls of models are recorded into a folder, or answered from it. @default neither */
  readonly recording?: RecordingOptions | undefined;
  /** Whether push notifications may go to this machine and to private networks. @default false */
  readonly allowPrivateWebhooks?: boolean | undefined;
  /** Whether Agent manifests may name cards and feeds in private networks. @default false */
  readonly allowPrivateAgents?: boolean | undefined;
  /** Whether Tool manifests may name servers, and sandboxes of coding agents hosts, in private networks. @default false */
  readonly allowPrivateTools?: boolean | undefined;
  /** Programs that Tool manifests may have started, as they write them; null: any. @default any */
  readonly toolCommands?: readonly string[] | null | undefined;
  /** Modules of libraries that Tool manifests may name beside the platform's own: absolute paths. @default none */
  readonly toolLibraries?: readonly string[] | undefined;
  /** Folders that Tool manifests may open, by tenant; null: any. @default any */
  readonly toolFolders?: ToolRules["folders"] | undefined;
  /** A PostgreSQL that nodes share, in place of the SQLite file of this one. */
  readonly database?: { readonly url: string; readonly leaseMs?: number | undefined } | undefined;
  /** Tasks in memory at once; more wait in the store. @default 2000 */
  readonly maxTasks?: number | undefined;
  /** Milliseconds between two looks for what tenants' policies let go; 0: none by itself. @default 3600000 */
  readonly gcIntervalMs?: number | undefined;
  /** How long work that one node does for all waits for a node that is silent. @default 20,000 */
  readonly turnLeaseMs?: number | undefined;
  /** Seal what is stored. None: it is stored as it is. */
  readonly encryptionKeys?: EncryptionKeys | undefined;
  /** For crash tests: handed to the store. */
  readonly fault?: { readonly syncDelayMs?: number | undefined; readonly module?: string | undefined } | undefined;
  /** For crash tests: stands around each port (`tasks`, `keyValue`, `blobs`, `host`, `models`, `router`, `bus`). */
  readonly wrap?: (<Port extends object>(name: string, port: Port) => Port) | undefined;
}

interface Stores {
  readonly tasks: TaskStore<StoredEvent>;
  readonly keyValue: KeyValue;
  readonly vectors: VectorIndex;
  readonly blobs: BlobStore;
  /** Whether other nodes may use them too. */
  readonly isShared: boolean;
  readonly archive: StoreArchive;
  /** Why nothing can be written now, or null. */
  trouble(): PlatformError | null;
  close(): Promise<void>;
}

const openEmbedded = async (options: SqliteOptions): Promise<Stores> => ({
  ...(await openSqlite(options)),
  isShared: false,
});

const openShared = async (options: PostgresOptions): Promise<Stores> => ({
  ...(await (await loadPostgres()).openPostgres(options)),
  isShared: true,
  // The renewals of its lease are writes, and tell.
  trouble: () => null,
});

/** Only now: other nodes need nothing of it. */
const loadRecording = async (
  options: RecordingOptions,
  env: ComposeOptions["env"],
  logger: Logger,
): Promise<OpenRecording> => {
  const { openRecording } = await import("@agentcore/models/cassettes");
  return openRecording(options, DEFAULT_TENANT, env, logger);
};

// A third of the 15 s after which a silent replica gets no more work.
const HEARTBEAT_MS = 5_000;
const GC_INTERVAL_MS = 3_600_000;

export const compose = async ({
  dataDirectory,
  senses,
  node,
  address = () => "",
  version = "",
  env,
  codeRoots = ANYWHERE,
  codeFromAnywhere = true,
  modelPrices = PRICE_TABLE,
  allowPrivateModels = false,
  memoryEmbedder,
  recording,
  allowPrivateWebhooks = false,
  allowPrivateAgents = false,
  allowPrivateTools = false,
  toolCommands = null,
  toolFolders = null,
  toolLibraries = [],
  database,
  maxTasks,
  gcIntervalMs = GC_INTERVAL_MS,
  turnLeaseMs,
  encryptionKeys = NO_KEYS,
  fault,
  wrap = (_name, port) => port,
}: ComposeOptions): Promise<NodeParts> => {
  const recorded = recording === undefined ? undefined : await loadRecording(recording, env, senses.logger);
  const metrics = new Metrics();
  const { clock, logger } = senses;
  // Before all else: its thread, or its server, takes longest, and the caller has other things to load meanwhile.
  const stores =
    database === undefined
      ? await openEmbedded({ directory: dataDirectory, clock: senses.clock, ...(fault === undefined ? {} : { fault }) })
      : await openShared({ ...database, node, clock: senses.clock });
  const telemetry = await openModelTelemetry({ env, node, version, metrics, clock, logger }).catch(
    async (error: unknown) => {
      await stores.close();
      throw error;
    },
  );
  const snapshotDirectory = join(dataDirectory, REVISION_FOLDER);
  await mkdir(snapshotDirectory, { recursive: true, mode: 0o700 });
  const codec = createKeyring(encryptionKeys);
  const keyValue = wrap("keyValue", createSealedKeyValue(stores.keyValue, codec));
  const blobs = wrap("blobs", createSealedBlobStore(stores.blobs, codec));
  const tasks = wrap("tasks", createPayloadStore({ store: stores.tasks, blobs, codec }));
  const registry = new AgentRegistry({ clock: senses.clock });
  const catalogue = new AgentCatalogue();
  const remotes = createRemoteAgents({
    ...{ keyValue, env, clock: senses.clock, logger: senses.logger },
    allowPrivate: allowPrivateAgents,
  });
  const toolRules: ToolRules = {
    ...{ allowPrivate: allowPrivateTools, commands: toolCommands, folders: toolFolders },
    libraries: toolLibraries,
  };
  const codingFolder = join(dataDirectory, "coding");
  const coding = createCodingAgents({
    ...{ stateFolder: codingFolder, env, head: (key) => tasks.head(key), logger, rules: toolRules },
  });
  const host = wrap(
    "host",
    withOrchestrator(
      createInProcessHost({
        keyValue,
        snapshotDirectory,
        blobs: stores.isShared ? blobs : null,
        isDeclared: (revision) => manifests.isDeclared(revision),
        codeRoots,
        remotes,
        coding,
        env,
        sha256: senses.digest.sha256,
      }),
    ),
  );
  const tools = createToolSources({
    declared: {
      get: (tenantId, name) => manifests.tools.get(tenantId, name),
      list: (tenantId) => manifests.tools.list(tenantId),
    },
    embedderOf: (model) => modelEmbedder(models, senses.ids, { model, purpose: "tool" }),
    ...{ rules: toolRules, env, version, clock, random: Math.random, digest: senses.digest, ids: senses.ids, logger },
    ...{ keyValue, address, tasks: () => service },
  });
  const manifests = createManifestService({
    keyValue,
    host,
    registry,
    catalogue,
    node,
    allowPrivateModels,
    allowPrivateAgents,
    toolRules,
    onToolGone: (tenantId, name) => tools.forget(tenantId, name),
    remotes,
    codeOverHttp: codeFromAnywhere || codeRoots.folders !== null,
    sha256: senses.digest.sha256,
    clock: senses.clock,
    onUnloadable: (tenantId, name, error) =>
      senses.logger.log("error", `agent ${name} cannot be loaded: ${error.message}`, {
        tenantId,
        agent: name,
        code: error.code,
      }),
  });
  const spending = new Budgets({
    ...{ store: tasks, keyValue, clock: senses.clock, ids: senses.ids },
    declared: (tenantId) => manifests.budgets.of(tenantId),
  });
  const sweeper = new ReservationSweeper({ store: tasks, clock: senses.clock, logger: senses.logger });
  const limiter = new RateLimiter({ keyValue, clock: senses.clock });
  const caller = createTargetCaller({ env, allowPrivate: allowPrivateModels });
  const models = createModelGateway({
    caller,
    lookup: async (tenantId, name) => (await manifests.model(tenantId, name))?.spec ?? null,
    names: (tenantId) => manifests.names(tenantId, "Model"),
    env: recorded?.env ?? env,
    ...{ budgets: spending, prices: modelPrices, clock: senses.clock, logger: senses.logger },
    wrapCall: recorded?.wrapCall,
    observer: telemetry.observer,
    limiter,
    ids: senses.ids,
    cache: new ModelCache({
      ...{ keyValue, vectorIndex: stores.vectors, acrossNodes: stores.isShared },
      ...{ clock: senses.clock, digest: senses.digest, logger: senses.logger },
    }),
    guard: createTargetGuard({
      ...{ clock: senses.clock, random: Math.random, env, allowPrivate: allowPrivateModels },
      asksHosts: recording?.mode !== "replay",
    }),
  });
  const memory = createNodeMemory({
    ...{ keyValue, vectorIndex: stores.vectors, seals: codec.seals, acrossNodes: stores.isShared, senses, models },
    tasks: () => service,
    embedder: memoryEmbedder,
    declared: (tenantId, name) => manifests.memoryPool(tenantId, name),
  });
  const platform = new PlatformAgents({
    ...{ registry, node, secret: senses.ids.secret() },
    load: {
      [MEMORY_AGENT]: memory.agent,
      [REGISTRY_AGENT]: async () => {
        const { createRegistryAgent } = await import("@agentcore/core/discovery");
        return createRegistryAgent({ bus: () => bus, registry, refuse });
      },
    },
  });
  const orchestration = createOrchestration({
    tasks: () => service,
    store: tasks,
    agents: catalogue,
    registry,
    node,
  });
  // Bus and engine know each other: the bus delivers commands to the engine, the engine sends through the bus.
  const discovery = createDiscovery({
    registry,
    senses,
    vectorIndex: stores.vectors,
    models,
    policies: manifests.tenants,
    runOf: (tenantId, taskId) => engine.residents.get({ tenantId, taskId })?.runId,
  });
  let bus: Bus;
  const refuse: NonNullable<Authoriser["refuse"]> = ({ tenantId, permissions }, { name }) => {
    const refusal = orchestration.refuse(permissions, name) ?? platform.refuse(permissions, name);
    if (refusal !== undefined) return refusal;
    const missing = missingScopes(permissions, catalogue.get(tenantId, name)?.scopes);
    return missing.length === 0 ? undefined : `asks for the scope ${missing.join(" and ")}`;
  };
  const { router, sink } = createBusRouter({
    ...{ bus: () => bus, registry, ids: senses.ids, platform },
    subscribers: (tenantId) => manifests.subscribers(tenantId),
  });
  bus = wrap(
    "bus",
    createBus({
      registry,
      senses,
      authoriser: { authorise: () => undefined, refuse },
      interceptors: [platform.enlist()],
      deliver: {
        query: platform.delivery(createQueryDelivery({ host, bus: () => bus, keyValue, logger: senses.logger })),
        commands: sink,
      },
      onCall: metrics.onCall,
      discovery,
    }),
  );
  const engine = new TaskEngine({
    store: tasks,
    keyValue,
    models: wrap("models", models),
    budgets: spending,
    policies: (tenantId) => manifests.policies.of(tenantId),
    tools: wrap("tools", tools.provider),
    host,
    router: wrap("router", router),
    senses,
    node,
    tenants: manifests.tenants,
    onFailure: telemetry.onFailure,
    ...(maxTasks === undefined ? {} : { maxResident: maxTasks }),
  });
  const service = createTaskService(engine);
  metrics.gauge("agentcore_resident_tasks", "Tasks in memory now.", () => engine.resident);
  metrics.tenantGauge(
    "agentcore_events_waiting",
    "Durable events that this node has taken and cannot carry now: their tasks have no room, or nobody can tell whose they are.",
    (tenantId) => [["", engine.relay.undelivered.get(tenantId) ?? 0]],
  );
  metrics.gauge("agentcore_log_followers", "Readers that wait for a task's log to grow.", () => engine.hub.size);
  const held = createHeldBlobs(blobs);
  const turns = createNodeTurns({
    ...{ keyValue, isShared: stores.isShared, senses, node, life: senses.ids.next() },
    ...{ random: Math.random, leaseMs: turnLeaseMs },
    isLeaving: () => nodes.condition !== "ready",
  });
  const push = createPushService({
    ...{ engine, keyValue, senses, metrics, turns, version },
    allowPrivate: allowPrivateWebhooks,
  });
  const homes = createHomeKeeper({
    ...{ stateFolder: codingFolder, policies: manifests.tenants, senses, metrics, intervalMs: gcIntervalMs },
  });
  const retention = createRetentionService({
    ...{ engine, keyValue, blobs: held.blobs, policies: manifests.tenants, senses, metrics, node },
    tenantIds: () => manifests.tenantIds(),
    intervalMs: gcIntervalMs,
    onRemoved: (key) => push.forget(key),
    sweepMemory: (tenantId, signal) => memory.sweep(tenantId, signal),
    sweepConsents: (tenantId, signal) => tools.consentNews.sweep(tenantId, signal),
    sweepHomes: (tenantId, signal) => homes.sweep(tenantId, signal),
  });
  const schedules = createScheduleService({
    ...{ declared: manifests.schedules, tasks: service, keyValue, senses, metrics, turns },
    specOf: (tenantId, name) => manifests.scheduleSpec(tenantId, name),
  });

  const feeds = createNodeFeeds({
    ...{ declared: manifests.feeds, tasks: service, keyValue, limiter, env, senses, metrics, turns },
    ...{ allowPrivate: allowPrivateAgents, random: Math.random },
  });

  const nodes = createNodeMembership({
    ...{ node, address, version, keyValue, engine, catalogue },
    ...{ clock: senses.clock, logger: senses.logger, isShared: database !== undefined },
  });

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
  const closeParts = async (): Promise<void> => {
    bus.close();
    discovery.close();
    remotes.close();
    await tools.close();
    await coding.idle();
    host.close();
    await telemetry.close();
    await stores.close();
  };
  try {
    await manifests.restore();
  } catch (error) {
    await closeParts();
    throw PlatformError.from(error);
  }
  return {
    engine,
    tasks: service,
    manifests,
    catalogue,
    workflows: createWorkflowService({ host, declared: (tenantId, name) => manifests.revisionOf(tenantId, name) }),
    scopesOf: (task) => (task.agent === ORCHESTRATOR ? orchestration.scopesOf(task) : host.scopesOf(task)),
    orchestration: orchestration.service,
    finder: createAgentFinder(() => bus),
    nodes,
    metrics,
    retention,
    schedules,
    spending: {
      status: (tenantId) => spending.status(tenantId),
      usage: (query, groups) => spending.usage(query, groups, (model) => models.isFree(query.tenantId, model)),
    },
    models,
    tools: tools.service,
    memory: async () => {
      const { createMemoryService } = await import("./memory/memory-service.ts");
      return createMemoryService(await memory.open());
    },
    push: push.configs,
    consents: createConsentDoor({
      ...{ consents: tools.consents, records: tools.consentRecords, news: tools.consentNews, declared: tools.declared },
      ...{ allowPrivate: allowPrivateTools, ids: senses.ids, digest: senses.digest, logger },
    }),
    hooks: createHookDoor({ manifests, tasks: service, keyValue, limiter, env, senses, metrics }),
    backups: createBackupService({
      archive: stores.archive,
      store: database === undefined ? "sqlite" : "postgres",
      // What lies plain belongs into a backup as well.
      beside: stores.isShared
        ? null
        : {
            ...{ snapshotDirectory, blobs: stores.blobs, hold: held.hold },
            codec: createKeyring({ ...encryptionKeys, sealedOnly: false }),
          },
      version,
      clock: senses.clock,
    }),
    senses,
    trouble: () => engine.trouble ?? stores.trouble(),
    async start() {
      heartbeat = setInterval(beat, HEARTBEAT_MS);
      heartbeat.unref();
      if (stores.isShared) unfollow = manifests.follow(senses.logger);
      await nodes.prepare();
      await engine.start();
      nodes.join();
      retention.start();
      homes.start();
      schedules.start();
      feeds.start();
      sweeper.start();
      push.start();
    },
    async close(graceMs) {
      if (heartbeat !== null) clearInterval(heartbeat);
      unfollow();
      await feeds.close();
      await schedules.close();
      await sweeper.close();
      await retention.close();
      await homes.close();
      // Before tasks get their time to end, so that another node goes on with it at once.
      await push.close();
      await engine.close(graceMs);
      await memory.close();
      await models.close();
      await caller.close();
      await nodes.leave();
      await closeParts();
    },
  };
};

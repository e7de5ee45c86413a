/** A task engine without the rest of a node, for benchmarks of durable work in process. */
import { createHash, createHmac, type Hash, hash, randomBytes } from "node:crypto";
import type { AgentDefinition, Context, TaskInput } from "@agentcore/contract/authoring";
import { createPayloadStore } from "@agentcore/core/payloads";
import type {
  BlobStore,
  Clock,
  GrowingDigest,
  KeyValue,
  ModelProvider,
  PayloadCodec,
  Senses,
  StoredEvent,
  TaskStore,
} from "@agentcore/core/ports";
import { createTaskService, TaskEngine, type TaskRouter, type TaskService } from "@agentcore/core/tasks";
import { openSqlite, type SqliteOptions } from "@agentcore/sqlite";

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

let count = 0;
const start = Date.now().toString(36);

const growing = (digested: Hash): GrowingDigest => ({
  add: (text) => growing(digested.copy().update(text)),
  hex: () => digested.copy().digest("hex"),
});

export const senses: Senses = {
  clock,
  ids: {
    next: () => `${start}-${(++count).toString(36).padStart(6, "0")}`,
    secret: () => randomBytes(32).toString("hex"),
  },
  digest: {
    sha256: (text) => hash("sha256", text),
    begin: () => growing(createHash("sha256")),
    hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
  },
  logger: {
    log: (level, message, fields) => {
      if (level === "error") console.error(message, fields ?? "");
    },
  },
};

const missing = (): never => {
  throw new Error("nothing is sealed here");
};
/** As a node without encryption keys has it. */
const codec: PayloadCodec = {
  seals: false,
  sealedOnly: false,
  ...{ seal: missing, open: missing, sealBytes: missing, openBytes: missing },
  nameOf: (_, bytes) => createHash("sha256").update(bytes).digest("hex"),
  isNameOf: (_, bytes, name) => createHash("sha256").update(bytes).digest("hex") === name,
};

export const define = (
  name: string,
  run: (task: TaskInput<unknown>, ctx: Context) => Promise<unknown> | unknown,
): AgentDefinition => ({
  name,
  description: name,
  version: "1",
  skills: [],
  labels: {},
  tools: [],
  idempotent: false,
  subscribes: [],
  run,
});

export interface Stores {
  readonly tasks: TaskStore<StoredEvent>;
  readonly blobs: BlobStore;
  readonly keyValue: KeyValue;
  close(): Promise<void>;
}

export interface World {
  readonly engine: TaskEngine;
  readonly service: TaskService;
  readonly stores: Stores;
  /** Resolves with the output of a completed task; throws for any other end. */
  output(taskId: string): Promise<unknown>;
  close(): Promise<void>;
}

export const scope = { tenantId: "default", caller: "bench" } as const;

export interface EngineOptions {
  readonly agents: readonly AgentDefinition[];
  readonly maxResident?: number | undefined;
  /** @default none */
  readonly models?: ModelProvider | undefined;
  /** Sees every commit before the store does. */
  readonly wrapStore?: ((store: TaskStore) => TaskStore) | undefined;
  /** What the platform's memory is asked. @default there is none */
  readonly remembers?: TaskRouter["remembers"];
}

export interface WorldOptions extends SqliteOptions, EngineOptions {}

/** On SQLite. */
export const openWorld = async ({ agents, maxResident, models, wrapStore, ...options }: WorldOptions): Promise<World> =>
  startEngine(await openSqlite(options), { agents, maxResident, models, wrapStore });

/** Closes the stores when it is closed. */
export const startEngine = async (
  stores: Stores,
  { agents, maxResident, models, wrapStore, remembers }: EngineOptions,
): Promise<World> => {
  const tasks = createPayloadStore({ store: stores.tasks, blobs: stores.blobs, codec });
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  const router: TaskRouter = {
    command: (draft, accept) => {
      const agent = "agent" in draft.target ? draft.target.agent : "";
      if (!byName.has(agent)) throw new Error(`no agent ${agent}`);
      return accept({ agent, revision: "r1", scores: [], reasons: [] });
    },
    query: () => Promise.reject(new Error("no queries here")),
    emit: () => {},
    subscribers: () => () => [],
    revisionOf: () => null,
    reportEnd: () => {},
    remembers,
  };
  const engine = new TaskEngine({
    store: wrapStore === undefined ? tasks : wrapStore(tasks),
    keyValue: stores.keyValue,
    models: models ?? null,
    host: {
      capacities: new Map(agents.map(({ name }) => [`${scope.tenantId}/${name}`, maxResident ?? 2000])),
      load: ({ agent }) => {
        const definition = byName.get(agent);
        return definition === undefined ? null : { definition, env: {}, concurrency: maxResident ?? 2000 };
      },
    },
    router,
    senses,
    node: "bench",
    ...(maxResident === undefined ? {} : { maxResident }),
  });
  const service = createTaskService(engine);
  await engine.start();
  return {
    engine,
    service,
    stores,
    output: async (taskId) => {
      const head = await service.settled(scope, taskId);
      if (head.state !== "completed") throw new Error(`task ${taskId} is ${head.state}`);
      const last = (await service.log(scope, taskId, { after: head.seq - 1 })).at(-1);
      if (last?.type !== "task.completed") throw new Error(`task ${taskId} ends with ${last?.type}`);
      return last.data.output;
    },
    close: async () => {
      await engine.close();
      await stores.close();
    },
  };
};

/** Engines that share one schema, as nodes do, in one process. */
import { createHash, createHmac, type Hash, randomBytes, randomUUID } from "node:crypto";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { createPayloadStore } from "@agentcore/core/payloads";
import type { Clock, Digest, GrowingDigest, TaskStore } from "@agentcore/core/ports";
import { createTaskService, TaskEngine, type TaskService, type TenantPolicy } from "@agentcore/core/tasks";
import { createTestCodec } from "@agentcore/core/testing";
import { openPostgres } from "../src/index.ts";
import { url } from "./schema.ts";

export const LEASE_MS = 900;
export const SCOPE = { tenantId: "acme", caller: "ann" };

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

const growing = (digested: Hash): GrowingDigest => ({
  add: (text) => growing(digested.copy().update(text)),
  hex: () => digested.copy().digest("hex"),
});

const digest: Digest = {
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
  begin: () => growing(createHash("sha256")),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

export const define = (
  name: string,
  run: NonNullable<AgentDefinition["run"]>,
  more: Partial<AgentDefinition> = {},
): AgentDefinition => ({
  ...{
    name,
    description: name,
    version: "1",
    skills: [],
    labels: {},
    tools: [],
    idempotent: false,
    subscribes: [],
    run,
  },
  ...more,
});

export interface EngineNode {
  readonly engine: TaskEngine;
  readonly service: TaskService;
  readonly store: TaskStore;
  /** Topics of the events that subscribers in this process have heard. */
  readonly heard: readonly string[];
  /** What it logged from `warn` on. */
  readonly logged: readonly string[];
  /** As when the process is stopped: nothing is renewed, nothing asked. */
  readonly freeze: (frozen: boolean) => void;
  readonly close: () => Promise<void>;
}

/** `tenants` and `maxRunning` as its manifests say, `undeclared`: it knows the agents' code and no manifest of them. */
export const startEngineNode = async (options: {
  readonly schema: string;
  readonly name: string;
  readonly agents: readonly AgentDefinition[];
  /** Code by revision, where it is not what the agents say. */
  readonly revisions?: ReadonlyMap<string, AgentDefinition>;
  readonly concurrency?: number;
  readonly tenants?: ReadonlyMap<string, TenantPolicy>;
  readonly maxRunning?: ReadonlyMap<string, number>;
  readonly undeclared?: boolean;
  /** Of its connections, as the database shows it. */
  readonly applicationName?: string;
}): Promise<EngineNode> => {
  const { schema, name, agents, concurrency = 100, tenants, maxRunning, undeclared = false } = options;
  const address = new URL(url);
  if (options.applicationName !== undefined) address.searchParams.set("application_name", options.applicationName);
  const stores = await openPostgres({ url: address.href, node: name, schema, leaseMs: LEASE_MS, maxConnections: 4 });
  const heard: string[] = [];
  const logged: string[] = [];
  let thaw: (() => void) | null = null;
  let frozen: Promise<void> | null = null;
  const tasks = createPayloadStore({ store: stores.tasks, blobs: stores.blobs, codec: createTestCodec([]) });
  const store = new Proxy(tasks, {
    get: (target, key: keyof TaskStore) => {
      const method = target[key] as (...args: unknown[]) => unknown;
      if (key === "listen" || key === "close") return method.bind(target);
      return async (...args: unknown[]) => {
        await frozen;
        return method.apply(target, args);
      };
    },
  });
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  const engine = new TaskEngine({
    ...{ store, keyValue: stores.keyValue, models: null, node: name },
    ...(tenants === undefined ? {} : { tenants }),
    host: {
      capacities: new Map(undeclared ? [] : agents.map((agent) => [`acme/${agent.name}`, concurrency])),
      maxRunning: undeclared ? undefined : maxRunning,
      load: ({ tenantId, agent, revision }) => {
        const definition = options.revisions?.get(revision) ?? byName.get(agent);
        if (definition === undefined) return null;
        return { definition, env: {}, concurrency, maxRunning: maxRunning?.get(`${tenantId}/${agent}`) };
      },
    },
    router: {
      command: ({ target }, accept) =>
        accept({ agent: "agent" in target ? target.agent : "", revision: "r1", scores: [], reasons: ["named"] }),
      query: async () => null,
      emit: ({ topic }) => void heard.push(topic),
      subscribers: () => (topic) =>
        agents
          .filter(({ subscribes }) => subscribes.includes(topic))
          .map(({ name: agent }) => ({ agent, revision: "r1" })),
      revisionOf: () => "r1",
      reportEnd: () => {},
    },
    senses: {
      clock,
      ids: { next: () => randomUUID(), secret: () => randomBytes(32).toString("hex") },
      digest,
      logger: { log: (level, message) => void (level !== "debug" && level !== "info" && logged.push(message)) },
    },
  });
  await engine.start();
  const freeze = (on: boolean): void => {
    if (on)
      frozen = new Promise((resolve) => {
        thaw = resolve;
      });
    else {
      frozen = null;
      thaw?.();
    }
  };
  return {
    ...{ engine, service: createTaskService(engine), store, heard, logged, freeze },
    close: async () => {
      freeze(false);
      await engine.close();
      await stores.close();
    },
  };
};

/** The output of a task, or the code of its failure; waits for 20 s at most. */
export const outputOf = async (node: EngineNode, taskId: string): Promise<unknown> => {
  for await (const event of node.service.events(SCOPE, taskId, { signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "task.completed") return event.data.output;
    if (event.type === "task.failed" || event.type === "task.parked") return event.data.error.code;
    if (event.type === "task.canceled") return "canceled";
  }
  return "no end";
};

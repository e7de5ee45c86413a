import { PlatformError, type WorkflowGraph } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createRecordingLogger } from "@agentcore/core/testing";
import { agent } from "@agentcore/sdk";
import { createGateway } from "../../src/gateway/create-gateway.ts";
import type { AgentDescription } from "../../src/gateway/deps/agents.ts";
import type { ConsentDoor } from "../../src/gateway/deps/consent-door.ts";
import type { GatewayDeps } from "../../src/gateway/deps/gateway-deps.ts";
import { createPushConfigs } from "../../src/push/push-configs.ts";
import { PushStore } from "../../src/push/push-store.ts";
import { createIds, systemClock } from "../../src/system-senses.ts";
import { createWorkflowService } from "../../src/workflows/workflow-service.ts";
import { FakeTaskService } from "./fake-task-service.ts";

/** Of the workflow `flow`. */
export const FLOW: WorkflowGraph = {
  start: "score",
  nodes: { score: { type: "task", target: { agent: "echo" }, next: "done" }, done: { type: "end" } },
};

export const BASE = "http://localhost:7300";

export const describeAgent = (name: string, more: Partial<AgentDescription> = {}): AgentDescription => ({
  name,
  description: `The ${name} agent`,
  version: "1.0.0",
  skills: [{ id: "say", name: "Say", description: "Says it again", tags: ["text"] }],
  revision: "r1",
  labels: {},
  replicas: 1,
  state: "ready",
  ...more,
});

const nobodyAsks = async (): Promise<never> => {
  throw new PlatformError("NOT_FOUND", "nobody asks for this consent");
};
const NO_CONSENTS: ConsentDoor = { look: nobodyAsks, begin: nobodyAsks, finish: nobodyAsks, client: async () => ({}) };

export const createFixture = (
  more: Partial<GatewayDeps> = {},
  agents: readonly AgentDescription[] = [describeAgent("echo")],
) => {
  const tasks = new FakeTaskService();
  const errors: unknown[] = [];
  const applied: unknown[] = [];
  const collected: unknown[] = [];
  const gateway = createGateway({
    tasks,
    agents: {
      list: (tenantId) => (tenantId === "default" ? agents : []),
      get: (tenantId, name) => (tenantId === "default" ? (agents.find((agent) => agent.name === name) ?? null) : null),
    },
    scopesOfTask: async () => [],
    manifests: {
      async apply(_tenantId, manifests, { dryRun }) {
        if (!dryRun) applied.push(...manifests);
        return manifests.map((_, index) => ({
          kind: "Agent",
          name: `agent-${index}`,
          change: "created" as const,
          revision: "r1",
        }));
      },
      prepare: async () => ({
        name: "echo",
        revision: "r2",
        agent: { definition: agent({ name: "echo", description: "Says it", model: "local" }), env: {}, concurrency: 1 },
      }),
      get: async (_tenantId, _kind, name) => (name === "echo" ? { kind: "Agent" } : null),
      list: async () => [],
      delete: async (_tenantId, _kind, name) => name === "echo",
    },
    tools: {
      list: async () => [],
      libraries: async () => [],
      tools: async () => [],
      call: async () => null,
      consents: async () => [],
      revoke: async () => undefined,
    },
    workflows: createWorkflowService({
      host: { workflowOf: async ({ agent }) => (agent === "flow" ? { graph: FLOW } : null) },
      declared: async (_tenantId, name) => (name === "flow" || name === "echo" ? "f00" : null),
    }),
    nodes: {
      list: async () => [],
      get: async (_tenantId, name) => {
        throw new PlatformError("NOT_FOUND", `there is no node "${name}"`);
      },
      drain: async (_scope, name) => {
        throw new PlatformError("NOT_FOUND", `there is no node "${name}"`);
      },
      undrain: async () => {},
    },
    hooks: { find: async () => null },
    consents: NO_CONSENTS,
    spending: { status: async () => [], usage: async () => [] },
    schedules: {
      list: async () => [],
      get: async (_tenantId, name) => {
        throw new PlatformError("NOT_FOUND", `there is no Schedule "${name}"`);
      },
    },
    orchestration: {
      patterns: async () => [],
      execute: async (scope, run) => tasks.submit(scope, { ...run, target: { agent: "echo" } }),
      log: async (events) => events.map(({ seq, type }) => ({ seq, what: type })),
    },
    finder: {
      find: async (_scope, { need, maxCostUsd }) => ({
        found: [
          {
            ...{ agent: "echo", score: 0.5, similarity: 1, latencyMs: 100, costUsd: 0.01, quality: 0.75 },
            why: `says ${need}, below ${maxCostUsd}`,
          },
        ].filter(() => need !== "fly"),
        reasons: ["by words"],
        nearest: need === "fly" ? [{ agent: "echo", why: "" }] : [],
        isPartial: false,
      }),
    },
    retention: {
      tenants: async () => ["acme", "default"],
      collect: async ({ tenantId, olderThanMs = 0, dryRun }) => {
        collected.push({ tenantId, olderThanMs, dryRun });
        return {
          ...{ tenantId, removedTasks: 2, removedEvents: 9, removedBytes: 900 },
          ...{ compactedTasks: 1, compactedEvents: 5, removedSums: 7, failedTasks: 0, isMore: false, error: null },
        };
      },
    },
    push: createPushConfigs({
      store: new PushStore(createMemoryKeyValue({ clock: systemClock }), createRecordingLogger()),
      clock: systemClock,
      ids: createIds(),
    }),
    memory: async () => {
      throw new PlatformError("UNSUPPORTED_OPERATION", "this fixture remembers nothing");
    },
    backups: { take: () => new Blob(["a backup"]).stream() },
    health: () => ({ ready: true, checks: { store: "ok" } }),
    metrics: () => "up 1\n",
    version: "0.1.0",
    publicUrl: BASE,
    clock: { now: () => 1_760_000_000_000 },
    onError: (error) => errors.push(error),
    ...more,
  });
  const call = (path: string, init?: RequestInit) => gateway.fetch(new Request(`${BASE}${path}`, init));

  const rpc = (
    method: string,
    params: unknown,
    init: RequestInit & { readonly path?: string; readonly id?: unknown } = {},
  ) => {
    const { path = "/a2a/echo", id = 7, headers, ...rest } = init;
    return call(path, {
      method: "POST",
      headers: { "content-type": "application/json", "a2a-version": "1.0", ...(headers as Record<string, string>) },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      ...rest,
    });
  };

  return {
    gateway,
    tasks,
    errors,
    applied,
    collected,
    call,
    rpc,
    /** The result of a JSON-RPC call that must succeed. */
    async result(method: string, params: unknown, init?: Parameters<typeof rpc>[2]) {
      const body = await (await rpc(method, params, init)).json();
      if (body.error !== undefined) throw new Error(JSON.stringify(body.error));
      return body.result;
    },
    async error(method: string, params: unknown, init?: Parameters<typeof rpc>[2]) {
      const body = await (await rpc(method, params, init)).json();
      return body.error;
    },
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      call(path, {
        method: "POST",
        headers: { "content-type": "application/json", "a2a-version": "1.0", ...headers },
        body: JSON.stringify(body),
      }),
    get: (path: string, headers: Record<string, string> = {}) =>
      call(path, { headers: { "a2a-version": "1.0", ...headers } }),
  };
};

let count = 0;

export const userMessage = (text: string, more: Record<string, unknown> = {}) => ({
  message: { messageId: `message-${++count}`, role: "ROLE_USER", parts: [{ text }], ...more },
});

export interface Sse {
  /** The next event; null at the end. Comments have `comment` only. */
  // oxlint-disable-next-line typescript/no-explicit-any
  next(): Promise<{ id?: string; event?: string; data?: any; comment?: string } | null>;
  // oxlint-disable-next-line typescript/no-explicit-any
  all(): Promise<any[]>;
  cancel(): Promise<void>;
}

export const readSse = (response: Response): Sse => {
  if (response.body === null) throw new Error("no body");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  const next: Sse["next"] = async () => {
    let end = buffer.indexOf("\n\n");
    while (end === -1) {
      const chunk = await reader.read();
      if (chunk.done) return null;
      buffer += chunk.value;
      end = buffer.indexOf("\n\n");
    }
    const lines = buffer.slice(0, end).split("\n");
    buffer = buffer.slice(end + 2);
    const frame: Record<string, unknown> = {};
    for (const line of lines) {
      const colon = line.indexOf(": ");
      const [name, value] = [line.slice(0, colon), line.slice(colon + 2)];
      frame[name === "" ? "comment" : name] = name === "data" ? JSON.parse(value) : value;
    }
    return frame;
  };
  return {
    next,
    async all() {
      const frames = [];
      for (let frame = await next(); frame !== null; frame = await next()) frames.push(frame.data);
      return frames;
    },
    cancel: () => reader.cancel(),
  };
};

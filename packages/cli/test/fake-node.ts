/** A node's HTTP API over canned tasks, on a real socket: what the commands say to it is kept in `requests`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ScheduleStatus, TaskEvent } from "@agentcore/contract";
import type { Readiness } from "@agentcore/sdk/client";
import { onTestFinished } from "vitest";

export interface FakeTask {
  readonly taskId: string;
  readonly agent: string;
  readonly state: string;
  readonly events: readonly TaskEvent[];
  /** Of a workflow's: what it says each time it is asked; the last stays. */
  readonly progress?: readonly object[];
  /** What the task records when a message of this id comes in. */
  readonly onMessage?: (messageId: string) => readonly TaskEvent[];
  /** Paths of calls. @default none */
  readonly held?: readonly string[];
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

/** As `GET /api/v1/nodes/{name}` answers. */
export type FakeNodeStatus = { readonly name: string } & Readonly<Record<string, unknown>>;

export const fakeStatus = (name: string, change: Readonly<Record<string, unknown>> = {}): FakeNodeStatus => ({
  ...{
    name,
    address: `http://${name}`,
    version: "1.2.3",
    roles: ["gateway", "worker"],
    startedAt: 0,
    heartbeatAt: 60_000,
  },
  ...{ state: "ready", tasks: 2, agents: [{ name: "greeter", revision: "r1", replicas: 1, tasks: 2 }] },
  ...change,
});

interface FakeNodeOptions {
  readonly nodes?: readonly FakeNodeStatus[];
  /** What a node says each time it is asked after a drain; the last one stays. */
  readonly afterDrain?: readonly Readonly<Record<string, unknown>>[];
  readonly tasks?: readonly FakeTask[];
  readonly apiKey?: string;
  /** @default an agent named greeter */
  readonly manifests?: readonly FakeManifest[];
  readonly schedules?: readonly ScheduleStatus[];
  /** What it answers to a collection of garbage. */
  readonly collect?: (request: unknown) => unknown;
  readonly backup?: Buffer;
  /** What waits for whoever asks. */
  readonly inbox?: readonly Readonly<Record<string, unknown>>[];
  /** What it answers about open tasks, a page each time. */
  readonly openTasks?: readonly object[];
  /** By method and path, as in `POST /api/v1/tasks/t1/fork`. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** What it says in a stream to a question at its door, by what is asked. */
  /** Chunks of an answer, or an error that it is refused with. */
  readonly chat?: (body: unknown) => readonly object[] | { readonly error: object };
  /** @default it decides */
  readonly decided?: boolean;
  /** @default it takes work */
  readonly readiness?: Readiness;
}

export interface FakeNode {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
}

interface FakeManifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: object;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

const FLOW = { name: "refund", description: "Pays back", version: "0.1.0", revision: "f00", state: "ready", nodes: 3 };

const greeter: FakeManifest = {
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name: "greeter", labels: { team: "desk" } },
  spec: { model: "local", instructions: "Greet." },
};

/** Closed when the test that starts it has finished. */
export const startFakeNode = async ({
  tasks = [],
  apiKey,
  manifests = [greeter],
  schedules = [],
  nodes = [],
  afterDrain = [],
  collect = () => ({ dryRun: false, tenants: [] }),
  backup = Buffer.alloc(0),
  inbox = [],
  openTasks = [],
  decided = true,
  readiness = { ready: true, checks: { state: "ready", residentTasks: 0 } },
  answers = {},
  chat,
}: FakeNodeOptions = {}): Promise<FakeNode> => {
  const requests: SeenRequest[] = [];
  const added = new Map<FakeTask, readonly TaskEvent[]>();
  const told = new Map<FakeTask, object[]>();
  const states = [...afterDrain];
  const openTaskPages = [...openTasks];
  let drained: string | null = null;
  const statusOf = (node: FakeNodeStatus) => {
    if (node.name !== drained || states.length === 0) return node;
    return { ...node, ...(states.length > 1 ? states.shift() : states[0]) };
  };
  const logOf = (task: FakeTask): readonly TaskEvent[] => [...task.events, ...(added.get(task) ?? [])];
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const refuse = (status: number, code: string, message: string): void =>
      answer(status, { error: { code, message } });
    const handle = async (): Promise<void> => {
      const { pathname, search, searchParams } = new URL(request.url ?? "/", "http://node");
      const received = await text(request);
      const method = request.method ?? "GET";
      const body: unknown = received === "" ? undefined : JSON.parse(received);
      const { authorization } = request.headers;
      requests.push({ method, path: pathname, query: search, body, authorization });
      if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`)
        return refuse(401, "UNAUTHENTICATED", "no valid key");

      const [, resource, id, verb] = /^\/api\/v1\/(\w+)(?:\/([^/]+))?(?:\/(\w+))?/.exec(pathname) ?? [];
      const canned = answers[`${method} ${pathname}`];
      if (canned !== undefined) return answer(200, canned);
      if (pathname === "/v1/chat/completions" && chat !== undefined) {
        const chunks = chat(body);
        if ("error" in chunks) return answer(404, chunks);
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
        // Without an end it goes on until somebody breaks it off.
        if (!chat.name.includes("endless")) response.end("data: [DONE]\n\n");
        return;
      }
      if (pathname === "/healthz") return answer(200, { status: "ok" });
      if (pathname === "/readyz") return answer(readiness.ready ? 200 : 503, readiness);
      if (pathname === "/api/v1/gc") return answer(200, collect(body));
      if (pathname === "/api/v1/backup") {
        response.writeHead(200, { "content-type": "application/gzip" }).end(backup);
        return;
      }
      if (resource === "inbox") {
        const wanted = searchParams.get("taskId");
        const items = inbox.filter(({ taskId }) => wanted === null || taskId === wanted);
        return answer(200, { items, nextPageToken: "" });
      }
      if (verb === "decisions") return answer(200, { id: "0f".repeat(16), decided });
      if (resource === "workflows") {
        if (id === undefined) return answer(200, { workflows: [FLOW] });
        if (searchParams.get("format") === "mermaid") {
          response.writeHead(200, { "content-type": "text/vnd.mermaid" }).end('flowchart TD\n  n0["a"]\n');
          return;
        }
        return answer(200, { name: id, revision: "f00", graph: { start: "a", nodes: { a: { type: "end" } } } });
      }
      if ((resource === "agents" && verb === "replay") || verb === "migrate") return answer(200, openTaskPages.shift());
      if (resource === "agents") {
        return answer(200, {
          agents: [{ name: "greeter", description: "Greets people", skills: [{ id: "greet" }], state: "ready" }],
        });
      }
      if (resource === "manifests") {
        if (method === "GET") {
          const wanted = { kind: searchParams.get("kind"), name: searchParams.get("name") };
          const found = manifests.filter(
            ({ kind, metadata: { name } }) => (wanted.kind ?? kind) === kind && (wanted.name ?? name) === name,
          );
          return answer(200, { manifests: found });
        }
        return answer(200, { results: [{ kind: "Agent", name: "greeter", change: "created" }] });
      }
      if (resource === "schedules") {
        if (id === undefined) return answer(200, { schedules });
        const schedule = schedules.find(({ name }) => name === id);
        return schedule === undefined
          ? refuse(404, "NOT_FOUND", `there is no Schedule "${id}"`)
          : answer(200, schedule);
      }
      if (resource === "nodes") {
        if (id === undefined) return answer(200, { nodes });
        const node = nodes.find(({ name }) => name === id);
        if (node === undefined) return refuse(404, "NOT_FOUND", `there is no node "${id}"`);
        if (verb === "undrain") return answer(204, null);
        if (verb !== "drain") return answer(200, statusOf(node));
        drained = id;
        return answer(202, node);
      }
      if (resource !== "tasks") return refuse(404, "METHOD_NOT_FOUND", `no ${pathname}`);
      if (id === undefined) {
        const state = searchParams.get("state");
        const found = tasks.filter((task) => state === null || task.state === state);
        if (method === "POST") return answer(200, snapshot(tasks[0] ?? missing));
        return answer(200, {
          tasks: [],
          heads: found.map((task) => snapshot(task).head),
          nextPageToken: "",
          totalSize: found.length,
        });
      }
      const task = tasks.find(({ taskId }) => taskId === id);
      if (task === undefined) return refuse(404, "TASK_NOT_FOUND", `there is no task ${id}`);
      if (verb === "progress") {
        const left = told.get(task) ?? [...(task.progress ?? [])];
        told.set(task, left);
        const now = left.length > 1 ? left.shift() : left[0];
        if (now === undefined) return refuse(400, "UNSUPPORTED_OPERATION", "it is of no workflow");
        return answer(200, now);
      }
      if (verb === "retry" && task.state !== "parked")
        return refuse(409, "TASK_NOT_RETRIABLE", "the task is not parked");
      if (verb === "messages") added.set(task, task.onMessage?.((body as { messageId: string }).messageId) ?? []);
      if (verb !== "events") return answer(200, snapshot(task));
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of logOf(task)) response.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    handle().catch((error: unknown) => refuse(500, "INTERNAL", String(error)));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
};

const missing: FakeTask = { taskId: "none", agent: "none", state: "submitted", events: [] };

const snapshot = ({ taskId, agent, state, events, held = [] }: FakeTask) => ({
  task: { id: taskId, status: { state: "TASK_STATE_WORKING" } },
  head: {
    tenantId: "default",
    taskId,
    agent,
    revision: "r1",
    contextId: "c1",
    state,
    seq: events.length,
    createdAt: 0,
    updatedAt: 1000,
    held,
  },
});

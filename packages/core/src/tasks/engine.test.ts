import type { TaskEvent } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { createMemoryKeyValue, createMemoryTaskStore } from "../inprocess/index.ts";
import type { Clock, Senses } from "../ports/index.ts";
import { createFnvDigest, createSequentialIds } from "../testing/index.ts";
import { createTaskService, TaskEngine, type TaskRouter } from "./index.ts";

const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};
const senses: Senses = {
  clock: realClock,
  ids: createSequentialIds("t"),
  digest: createFnvDigest(),
  logger: { log: () => {} },
};

const define = (
  name: string,
  run: NonNullable<AgentDefinition["run"]>,
  more: Partial<AgentDefinition> = {},
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
  ...more,
});

const world = (agents: AgentDefinition[], store = createMemoryTaskStore({ clock: realClock })) => {
  const byName = new Map(agents.map((agent) => [agent.name, agent]));
  const router: TaskRouter = {
    command: async (draft, accept) => {
      const name = "agent" in draft.target ? draft.target.agent : "";
      if (!byName.has(name)) throw new Error(`no ${name}`);
      return accept({ agent: name, revision: "r1", scores: [], reasons: ["only one"] });
    },
    query: async () => "answer",
    emit: () => {},
    subscribers: () => (topic) =>
      agents.filter((agent) => agent.subscribes.includes(topic)).map(({ name }) => ({ agent: name, revision: "r1" })),
    revisionOf: () => "r1",
    reportEnd: () => {},
  };
  const engine = new TaskEngine({
    store,
    keyValue: createMemoryKeyValue({ clock: realClock }),
    models: null,
    host: {
      capacities: new Map(),
      load: ({ agent }) => ({ definition: byName.get(agent)!, env: {}, concurrency: 100 }),
    },
    router,
    senses,
    node: "n1",
  });
  return { engine, store, service: createTaskService(engine) };
};
const scope = { tenantId: "default", caller: "me" };
const types = (events: readonly TaskEvent[]) => events.map((event) => event.type);

test("a task without effects is one commit", async () => {
  const { engine, service } = world([define("echo", (task) => task.input)]);
  await engine.start();
  const { taskId } = await service.submit(scope, { target: { agent: "echo" }, input: "hi" });
  const head = await service.settled(scope, taskId);
  expect(head.state).toBe("completed");
  const task = await service.view(scope, taskId);
  expect(task.artifacts?.[0]?.parts[0]).toEqual({ text: "hi" });
  await engine.close();
});

test("steps, parallel steps, children, input, timers and queries run to the end", async () => {
  const effects: string[] = [];
  const { engine, service } = world([
    define("child", async (task, ctx) => ctx.step("double", () => (task.input as number) * 2)),
    define("parent", async (_, ctx) => {
      const a = await ctx.step("a", () => {
        effects.push("a");
        return 1;
      });
      const [b, c] = await Promise.all([ctx.step("p", () => 2, { key: "1" }), ctx.step("p", () => 3, { key: "2" })]);
      const d = await ctx.command<number>({ agent: "child" }, 21);
      const q = await ctx.query({ agent: "child" }, {});
      await ctx.sleep(20);
      await ctx.sleep(1100);
      const said = await ctx.waitForInput("say");
      await ctx.artifact({ name: "r", data: { d } });
      return { a, b, c, d, q, said };
    }),
  ]);
  await engine.start();
  const { taskId } = await service.submit(scope, { target: { agent: "parent" }, input: null });
  const waiting = await service.settled(scope, taskId);
  expect(waiting.state).toBe("input-required");
  expect(engine.resident).toBe(0);
  await service.send(scope, taskId, { messageId: "m1", role: "ROLE_USER", parts: [{ text: "yes" }] });
  const events: TaskEvent[] = [];
  for await (const event of service.events(scope, taskId)) events.push(event);
  expect(events.at(-1)).toMatchObject({
    type: "task.completed",
    data: { output: { a: 1, b: 2, c: 3, d: 42, q: "answer", said: "yes" } },
  });
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  expect(effects).toEqual(["a"]);
  expect(types(events)).toContain("artifact.appended");
  await engine.close();
});

test("a cancel reaches a waiting task and its children", async () => {
  const { engine, service } = world([
    define("child", async (_, ctx) => ctx.waitForInput("?")),
    define("parent", async (_, ctx) => ctx.command({ agent: "child" }, 1)),
  ]);
  await engine.start();
  const { taskId } = await service.submit(scope, { target: { agent: "parent" } });
  let children = await service.list(scope, { parentTaskId: taskId });
  while (children.heads[0]?.state !== "input-required") {
    await new Promise((resolve) => setTimeout(resolve, 5));
    children = await service.list(scope, { parentTaskId: taskId });
  }
  await service.cancel(scope, taskId, "enough");
  expect((await service.settled(scope, taskId)).state).toBe("canceled");
  const childEvents: TaskEvent[] = [];
  for await (const event of service.events(scope, children.heads[0].taskId)) childEvents.push(event);
  expect(childEvents.at(-1)?.type).toBe("task.canceled");
  await engine.close();
});

test("code that waits outside ctx is parked and says so", async () => {
  const { engine, service } = world([define("bad", async () => new Promise(() => {}))]);
  await engine.start();
  const { taskId } = await service.submit(scope, { target: { agent: "bad" } });
  const head = await service.settled(scope, taskId);
  expect(head.state).toBe("parked");
  expect((await service.log(scope, taskId)).at(-1)).toMatchObject({
    type: "task.parked",
    data: { error: { code: "OUTSIDE_AWAIT" } },
  });
  await engine.close();
});

test("a detached command that nobody awaits is sent, and its task outlives the parent", async () => {
  const { engine, service } = world([
    define("child", async (_, ctx) => ctx.waitForInput("?")),
    define("parent", async (_, ctx) => {
      void ctx.command({ agent: "child" }, 1, { detached: true });
      return "done";
    }),
  ]);
  await engine.start();
  const { taskId } = await service.submit(scope, { target: { agent: "parent" } });
  expect((await service.settled(scope, taskId)).state).toBe("completed");
  const children = await service.list(scope, { parentTaskId: taskId });
  expect(children.heads).toHaveLength(1);
  await service.settled(scope, children.heads[0]?.taskId ?? "");
  expect((await service.head(scope, children.heads[0]?.taskId ?? "")).state).toBe("input-required");
  await engine.close();
});

/**
 * The store fails once, at every call of every method: before it wrote, and after it wrote but before it could say so.
 * The engine in the same process goes on by itself and finishes; nothing recorded is repeated.
 */
import { isTerminal, PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { createMemoryKeyValue, createMemoryTaskStore } from "@agentcore/core/inprocess";
import type { Clock, Senses, TaskStore } from "@agentcore/core/ports";
import { createTaskService, TaskEngine, type TaskRouter } from "@agentcore/core/tasks";
import { createFnvDigest, createSequentialIds, withFaultPoints } from "@agentcore/core/testing";
import { agent } from "@agentcore/sdk";
import { expect, test } from "vitest";

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};
const scope = { tenantId: "t1", caller: "driver", operator: true };
const PARALLEL = 20;
const TIMEOUT_MS = 15_000;
// A claim that was written and not reported leaves leases that only the next start (SQLite) or time (PostgreSQL) voids.
const OUT_OF_SCOPE = /^tasks\.claim\.after/;

interface World {
  readonly runs: Map<string, number>;
  readonly agents: ReadonlyMap<string, AgentDefinition>;
}

const createWorld = (): World => {
  const runs = new Map<string, number>();
  const effect = (name: string) => () => {
    runs.set(name, (runs.get(name) ?? 0) + 1);
    return name;
  };
  const main = agent({
    name: "main",
    description: "Does what needs the store",
    async run(_task, ctx) {
      const one = await ctx.step("one", effect("one"));
      const both = await Promise.all(["a", "b"].map((key) => ctx.step("both", effect(key), { key })));
      const child = await ctx.command({ agent: "child" }, {});
      await ctx.emit("passed", {}, { durable: true });
      await ctx.sleep(1_020);
      const heard = await ctx.waitForInput("Well?");
      const last = await ctx.step("last", effect("last"));
      return [one, ...both, child, heard, last];
    },
  });
  const child = agent({
    name: "child",
    description: "A child",
    run: (_task, ctx) => ctx.step("inner", effect("inner")),
  });
  const listener = agent({
    name: "listener",
    description: "Hears events",
    subscribes: ["passed"],
    run: (_task, ctx) => ctx.step("note", effect("note")),
  });
  return { runs, agents: new Map([main, child, listener].map((each) => [each.name, each as AgentDefinition])) };
};

const createEngine = ({ agents }: World, store: TaskStore): TaskEngine => {
  const choose = (name: string) => ({ agent: name, revision: "r1", scores: [], reasons: [] });
  const router: TaskRouter = {
    command: (draft, accept) => accept(choose("agent" in draft.target ? draft.target.agent : "")),
    query: () => Promise.resolve(null),
    emit: () => {},
    subscribers: () => (topic) =>
      [...agents.values()]
        .filter(({ subscribes }) => subscribes.includes(topic))
        .map(({ name }) => ({ agent: name, revision: "r1" })),
    revisionOf: () => null,
    reportEnd: () => {},
  };
  const senses: Senses = {
    clock,
    ids: createSequentialIds("t"),
    digest: createFnvDigest(),
    logger: { log: () => {} },
  };
  return new TaskEngine({
    store,
    keyValue: createMemoryKeyValue({ clock }),
    models: null,
    host: {
      capacities: new Map(),
      load: ({ agent: name }) => {
        const definition = agents.get(name);
        return definition === undefined ? null : { definition, env: {}, concurrency: 100 };
      },
    },
    router,
    senses,
    node: "n1",
  });
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the caller does when the store fails: the same again. */
const insist = async <T>(action: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!PlatformError.is(error) || error.code !== "STORE_UNAVAILABLE") throw error;
      await pause(10);
    }
  }
};

/** A store fails by rejecting, never by throwing. */
const rejecting = (store: TaskStore): TaskStore =>
  new Proxy(store, {
    get(target, property) {
      const method = Reflect.get(target, property) as (...args: unknown[]) => unknown;
      // The one method that answers at once.
      if (property === "listen") return method;
      return async (...args: unknown[]) => method(...args);
    },
  });

/** Points passed, and what went wrong when the store failed at `failAt`. */
const run = async (
  failAt: string | null,
): Promise<{ readonly points: readonly string[]; readonly fault: string | null }> => {
  const points: string[] = [];
  const real = createMemoryTaskStore({ clock });
  const store = rejecting(
    withFaultPoints(real, "tasks", (point) => {
      points.push(point);
      if (point === failAt) throw new PlatformError("STORE_UNAVAILABLE", `the store fails at ${point}`);
    }),
  );
  const world = createWorld();
  const engine = createEngine(world, store);
  const tasks = createTaskService(engine);
  await insist(() => engine.start());
  const { taskId } = await insist(() =>
    tasks.submit(scope, { target: { agent: "main" }, input: {}, idempotencyKey: "k" }),
  );
  const until = performance.now() + TIMEOUT_MS;
  let answered = false;
  let open = "";
  while (performance.now() < until) {
    const { heads } = await real.list({ tenantId: "t1", limit: 100 });
    const main = heads.find((head) => head.taskId === taskId);
    if (main?.state === "input-required" && !answered) {
      await insist(() => tasks.send(scope, taskId, { messageId: "m", role: "ROLE_USER", parts: [{ text: "yes" }] }));
      answered = true;
    }
    open = heads
      .filter(({ state }) => !isTerminal(state))
      .map((head) => `${head.agent} is ${head.state}`)
      .join(", ");
    if (open === "" && heads.length === 3) break;
    if (open === "") open = `${heads.length} tasks, expected 3`;
    await pause(20);
  }
  await engine.close(0);
  if (open !== "") return { points, fault: open };
  const log = await real.readLog({ tenantId: "t1", taskId });
  const end = log.at(-1);
  const output = end?.type === "task.completed" ? JSON.stringify(end.data.output) : JSON.stringify(end);
  if (output !== JSON.stringify(["one", "a", "b", "inner", "yes", "last"]))
    return { points, fault: `the output is ${output}` };
  // The commit that failed may have held the result of one step, or of the two under way at once.
  const repeated = [...world.runs.values()].reduce((total, count) => total + count - 1, 0);
  return { points, fault: repeated > 2 ? `${repeated} effects came again` : null };
};

test("a store that fails once anywhere keeps no task from finishing (I10)", async () => {
  const dry = await run(null);
  expect(dry.fault).toBe(null);
  const waiting = [...new Set(dry.points)].filter((point) => !OUT_OF_SCOPE.test(point));
  const total = waiting.length;
  const faults: string[] = [];
  const work = async (): Promise<void> => {
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      const result = await run(point).catch((error: unknown) => ({ points: [point], fault: String(error) }));
      if (!result.points.includes(point)) process.stdout.write(`store failures: ${point} was not passed\n`);
      if (result.fault !== null) faults.push(`${point}: ${result.fault}`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  process.stdout.write(`store failures: ${total} points, ${total - faults.length} finished\n`);
  expect(faults).toEqual([]);
});

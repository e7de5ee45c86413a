import { type Benchmark, judge } from "../benchmark.ts";
import { define, openWorld, scope, type World } from "../engine.ts";
import { format } from "../measure.ts";
import { withFolder } from "../scratch.ts";

const FEW = 10_000;
const MANY = 50_000;
// The heap of a process grows to its working size over its first tens of thousands of tasks, whatever becomes of them:
// counted from a cold start that growth (40 MB seen) would be taken for the tasks'.
const WARM_UP = 20_000;
const LANES = 200;
const RESUME_LIMIT_MS = 120_000;

export const benchmark: Benchmark = {
  name: "waiting-tasks-memory",
  what: `resident memory a task, from ${FEW} to ${MANY} tasks that wait for input, all resumed afterwards`,
  unit: "bytes/task",
  floor: { of: "ours", atMost: 1024 },
  run: () =>
    withFolder(async (directory) => {
      const asker = define("asker", async (task, ctx) => ({
        asked: task.input,
        said: await ctx.waitForInput("what do you say?"),
      }));
      const echo = define("echo", (task, ctx) => ctx.step("say", () => task.input));
      const world = await openWorld({ directory, agents: [asker, echo] });
      await inLanes(WARM_UP, async (index) => {
        const { taskId } = await world.service.submit(scope, { target: { agent: "echo" }, input: index });
        await world.service.settled(scope, taskId);
      });
      const taskIds: string[] = [];
      const startedAt = performance.now();
      await submitUpTo(world, taskIds, FEW);
      const few = await memoryNow();
      await submitUpTo(world, taskIds, MANY);
      const many = await memoryNow();
      const submittedMs = performance.now() - startedAt;
      const residentTasks = world.engine.resident;
      const resumedAt = performance.now();
      const wrong = await resumeAll(world, taskIds);
      const resumedMs = performance.now() - resumedAt;
      await world.close();
      const perTask = (what: keyof Memory): number => (many[what] - few[what]) / (MANY - FEW);
      return judge(
        benchmark,
        { ours: perTask("rss"), peer: null, ratio: null },
        [
          `resident ${format(few.rss / 2 ** 20)} MB with ${FEW} tasks, ${format(many.rss / 2 ** 20)} MB with ${MANY}; after gc, warmed up with ${WARM_UP} tasks that ended`,
          `of the difference a task: ${format(perTask("heapUsed"))} bytes JavaScript heap of the main thread, ${format(perTask("external"))} external; the rest is the store's thread (SQLite's page cache is at most 16 MiB) and the allocator`,
          `${residentTasks} tasks in the engine's memory while all waited; submitted at ${format((MANY * 1000) / submittedMs)}/s`,
          `all answered, resumed, finished and read back at ${format((MANY * 1000) / resumedMs)}/s, ${wrong} wrong outputs`,
        ],
        wrong === 0,
      );
    }),
};

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

const inLanes = async (count: number, work: (index: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
};

const submitUpTo = async ({ service, stores, engine }: World, taskIds: string[], total: number): Promise<void> => {
  const first = taskIds.length;
  await inLanes(total - first, async (offset) => {
    const index = first + offset;
    taskIds[index] = (await service.submit(scope, { target: { agent: "asker" }, input: index })).taskId;
  });
  for (;;) {
    const waiting = await stores.tasks.list({ tenantId: scope.tenantId, states: ["input-required"], limit: 1 });
    if (waiting.total === total && engine.resident === 0) return;
    await pause(50);
  }
};

const memoryNow = async (): Promise<Memory> => {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.();
    await pause(200);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
};

/** The number of tasks that did not end with their own input and answer. */
const resumeAll = async ({ service, stores, output }: World, taskIds: readonly string[]): Promise<number> => {
  await inLanes(taskIds.length, async (index) => {
    await service.send(scope, taskIds[index] ?? "", {
      messageId: `m-${index}`,
      role: "ROLE_USER",
      parts: [{ text: `answer ${index}` }],
    });
  });
  const giveUpAt = performance.now() + RESUME_LIMIT_MS;
  while (performance.now() < giveUpAt) {
    const done = await stores.tasks.list({ tenantId: scope.tenantId, agent: "asker", states: ["completed"], limit: 1 });
    if (done.total === taskIds.length) break;
    await pause(50);
  }
  let wrong = 0;
  await inLanes(taskIds.length, async (index) => {
    const given = (await output(taskIds[index] ?? "").catch(() => null)) as { asked: number; said: string } | null;
    if (given?.asked !== index || given.said !== `answer ${index}`) wrong++;
  });
  return wrong;
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

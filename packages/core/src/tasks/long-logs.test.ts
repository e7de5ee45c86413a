/** A log longer than one reading brings (10,000 events): a replay reads all of it (I2, I3). */
import type { NewTaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";

const READING = 10_000;

const message = (at: number, index: number): NewTaskEvent => ({
  type: "message.added",
  at,
  data: { message: { messageId: `m${index}`, role: "ROLE_USER", parts: [{ text: "x" }] } },
});

test("a cancel behind the first 10,000 events is not passed over by the end of the code (I2)", async () => {
  const world = new EngineWorld([define("worker", () => "done")]);
  const at = world.clock.now();
  const head = { taskId: "long", agent: "worker", revision: "r1", contextId: "c", caller: SCOPE.caller } as const;
  const { taskId, ...data } = head;
  const outcomes = await world.store.commit([
    {
      tenantId: SCOPE.tenantId,
      create: [
        {
          ...head,
          ...{ priority: "normal", deadline: null, parent: null, dueAt: at, createdAt: at },
          events: [
            { type: "task.submitted", at, data: { ...data, priority: "normal" } },
            { type: "task.started", at, data: {} },
            ...Array.from({ length: READING + 147 }, (_, index) => message(at, index)),
            { type: "task.cancelRequested", at, data: { by: "ann" } },
          ],
          claimed: { state: "working", release: { dueAt: at } },
        },
      ],
    },
  ]);
  expect(outcomes).toEqual([{ outcome: "committed" }]);
  await world.advance(1_000);
  expect(await world.state(taskId)).toBe("canceled");
});

test("steps behind the first 10,000 events do not run again when the task is tried again (I3)", async () => {
  const count = READING + 50;
  const runs = new Map<number, number>();
  const run = (index: number): number => {
    runs.set(index, (runs.get(index) ?? 0) + 1);
    return index;
  };
  const world = new EngineWorld([
    define("worker", async (_, ctx) => {
      const all = Array.from({ length: count }, (_each, index) => ctx.step(`s${index}`, () => run(index)));
      return (await Promise.all(all)).length;
    }),
  ]);
  const taskId = await world.submit("worker");
  const last = async () => {
    const key = { tenantId: SCOPE.tenantId, taskId };
    return (await world.store.readLog(key, { after: ((await world.head(taskId))?.seq ?? 0) - 1 })).at(-1);
  };
  expect(codeOf(await last())).toBe("HISTORY_LIMIT");
  await world.retry(taskId);
  await world.advance(1_000);
  expect(Math.max(...runs.values())).toBe(1);
  expect(runs.size).toBe(count);
  expect(outputOf(await last())).toBe(count);
});

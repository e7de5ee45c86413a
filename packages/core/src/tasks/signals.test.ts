/** Signals to a running task: kept until somebody waits for them, given once, whatever dies meanwhile. */
import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (said) => said,
    (error: unknown) => (PlatformError.is(error) ? error.code : error),
  );

test("a task that waits for a signal works on, leaves memory, and goes on with the payload", async () => {
  const world = new EngineWorld([define("waiter", (_, ctx) => ctx.waitForSignal("paid"))]);
  const taskId = await world.submit("waiter");
  const { engine } = await world.alive();
  expect([await world.state(taskId), engine.resident]).toEqual(["working", 0]);
  expect(await world.signal(taskId, "paid", { amount: 3 })).toBe("accepted");
  expect(outputOf(await world.last(taskId))).toEqual({ amount: 3 });
  expect(await world.types(taskId)).toEqual([
    ...["task.submitted", "decision.made", "task.assigned", "task.started", "step.started"],
    ...["task.assigned", "signal.received", "step.completed", "task.completed"],
  ]);
});

test("signals that come before they are waited for are kept by name, and given in order", async () => {
  const world = new EngineWorld([
    define("late", async (_, ctx) => {
      await ctx.sleep(10_000);
      const first = await ctx.waitForSignal("a");
      const other = await ctx.waitForSignal("b");
      return [first, other, await ctx.waitForSignal("a"), ctx.messages.length];
    }),
  ]);
  const taskId = await world.submit("late");
  for (const [name, payload] of [
    ["a", 1],
    ["a", 2],
    ["b", 3],
  ] as const)
    await world.signal(taskId, name, payload);
  await world.advance(11_000);
  expect(outputOf(await world.last(taskId))).toEqual([1, 3, 2, 0]);
});

test("the same signal sent again is given once, and known after the end", async () => {
  const world = new EngineWorld([
    define("twice", async (_, ctx) => [await ctx.waitForSignal("a"), await ctx.waitForSignal("a")]),
  ]);
  const taskId = await world.submit("twice");
  expect(await world.signal(taskId, "a", 1, "k1")).toBe("accepted");
  expect(await world.signal(taskId, "a", 1, "k1")).toBe("repeated");
  expect(await world.state(taskId)).toBe("working");
  await world.signal(taskId, "a", 2, "k2");
  expect(outputOf(await world.last(taskId))).toEqual([1, 2]);
  expect(await world.signal(taskId, "a", 2, "k2")).toBe("repeated");
  expect(await refusal(world.signal(taskId, "a", 3, "k3"))).toBe("TASK_TERMINAL");
});

for (const [how, schema] of [
  ["at once", z.object({ amount: z.number() })],
  ["after a while", z.object({ amount: z.number() }).refine(async () => Promise.resolve(true))],
] as const)
  test(`a payload that does not fit is refused ${how}, recorded, and waited past`, async () => {
    const world = new EngineWorld([define("strict", (_, ctx) => ctx.waitForSignal("paid", { schema }))]);
    const taskId = await world.submit("strict");
    await world.signal(taskId, "paid", "a lot", "bad");
    expect(await world.state(taskId)).toBe("working");
    const refused = (await world.log(taskId)).find(({ type }) => type === "signal.refused");
    expect(refused?.data).toMatchObject({ id: "bad", path: "signal:paid", name: "paid" });
    world.crash();
    await world.signal(taskId, "paid", { amount: 5 });
    expect(outputOf(await world.last(taskId))).toEqual({ amount: 5 });
  });

test("a wait that ran out of time rejects, and the next one gets what came too late", async () => {
  const world = new EngineWorld([
    define("patient", async (_, ctx) => {
      const first = await ctx.waitForSignal("a", { timeoutMs: 5_000 }).catch((error: unknown) => codeOfError(error));
      return [first, await ctx.waitForSignal("a", { timeoutMs: 5_000 })];
    }),
  ]);
  const taskId = await world.submit("patient");
  await world.advance(3_000);
  world.crash();
  await world.advance(2_001);
  await world.signal(taskId, "a", "late");
  expect(outputOf(await world.last(taskId))).toEqual(["DEADLINE_EXCEEDED", "late"]);
});

const codeOfError = (error: unknown): unknown => (PlatformError.is(error) ? error.code : error);

test("a wait that the code ends itself leaves the signal to others", async () => {
  const world = new EngineWorld([
    define("impatient", async (_, ctx) => {
      const enough = new AbortController();
      const wait = ctx.waitForSignal("a", { signal: enough.signal }).catch(codeOfError);
      await ctx.sleep(2_000);
      enough.abort();
      return [await wait, await ctx.waitForSignal("a")];
    }),
  ]);
  const taskId = await world.submit("impatient");
  await world.advance(2_001);
  await world.signal(taskId, "a", 1);
  expect(outputOf(await world.last(taskId))).toEqual(["CANCELED", 1]);
});

test("waits for one name at once are served in the order in which they began", async () => {
  const world = new EngineWorld([
    define("crowd", (_, ctx) => Promise.all([1, 2, 3].map((place) => ctx.waitForSignal("a", { key: String(place) })))),
  ]);
  const taskId = await world.submit("crowd");
  for (const payload of ["x", "y", "z"]) {
    await world.signal(taskId, "a", payload);
    world.crash();
  }
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toEqual(["x", "y", "z"]);
});

test("a task that was canceled while it waited ends, and one that cleans up may still wait", async () => {
  const world = new EngineWorld([
    define("canceled", async (_, ctx) => {
      try {
        return await ctx.waitForSignal("never");
      } finally {
        await ctx.step("undo", () => ctx.waitForSignal.length);
        await ctx.waitForSignal("cleared");
      }
    }),
  ]);
  const taskId = await world.submit("canceled");
  await world.cancel(taskId);
  await world.signal(taskId, "cleared");
  expect(await world.state(taskId)).toBe("canceled");
});

test("more than may wait are refused at the door, and let in again when the code has taken some", async () => {
  const world = new EngineWorld([
    define("slow", async (_, ctx) => {
      await ctx.sleep(10_000);
      for (let count = 0; count < 5; count++) await ctx.waitForSignal("a");
      await ctx.waitForSignal("end");
    }),
  ]);
  const taskId = await world.submit("slow");
  const { service } = await world.alive();
  for (let count = 0; count < 1_000; count++) await service.signal(SCOPE, taskId, { name: "a", payload: count });
  await world.quiet();
  expect(await refusal(world.signal(taskId, "a"))).toBe("OVERLOADED");
  await world.advance(10_001);
  const again = Array.from({ length: 5 }, (_, index) => world.signal(taskId, "a", index));
  expect(await Promise.all(again)).toEqual(Array(5).fill("accepted"));
  expect(await refusal(world.signal(taskId, "end"))).toBe("OVERLOADED");
});

test("too many bytes are refused too, and one that can never be kept says so", async () => {
  const world = new EngineWorld([define("waiter", (_, ctx) => ctx.waitForSignal("go"))]);
  const taskId = await world.submit("waiter");
  const megabytes = (count: number): string => "x".repeat(count * 1024 * 1024);
  await world.signal(taskId, "a", megabytes(5));
  expect(await refusal(world.signal(taskId, "a", megabytes(5)))).toBe("OVERLOADED");
  expect(await refusal(world.signal(taskId, "a", megabytes(9)))).toBe("TOO_LARGE");
  await world.signal(taskId, "go", 1);
  expect(outputOf(await world.last(taskId))).toBe(1);
});

test("those of others are not theirs to signal, and a name that is none is refused", async () => {
  const world = new EngineWorld([define("waiter", (_, ctx) => ctx.waitForSignal("go"))]);
  const taskId = await world.submit("waiter");
  const { service } = await world.alive();
  const stranger = { ...SCOPE, caller: "bob" };
  expect(await refusal(service.signal(stranger, taskId, { name: "go" }))).toBe("TASK_NOT_FOUND");
  expect(await refusal(service.signal({ ...SCOPE, tenantId: "other" }, taskId, { name: "go" }))).toBe("TASK_NOT_FOUND");
  expect(await refusal(service.signal(SCOPE, taskId, { name: "go away" }))).toBe("INVALID_ARGUMENT");
  expect(await service.signal({ ...stranger, operator: true }, taskId, { name: "go" })).toBe("accepted");
  await world.quiet();
  expect(await world.state(taskId)).toBe("completed");
});

test("wherever its process dies and whenever they come, the code is given each signal once, in order", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 30 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 6, maxLength: 6 }),
      fc.array(crash, { maxLength: 3 }),
      fc.constantFrom(0, 300, 2000),
      fc.boolean(),
      async (gaps, crashes, pauseMs, slowSchema) => {
        const schema = slowSchema ? z.number().refine(async (value) => value % 3 !== 1) : z.number();
        const world = new EngineWorld(
          [
            define("looper", async ({ continuedFrom }, ctx) => {
              const got = [...((continuedFrom ?? []) as number[])];
              if (pauseMs > 0) await ctx.sleep(pauseMs);
              const wanted = slowSchema ? 4 : 6;
              const timeoutMs = got.length % 2 === 0 ? 500 : undefined;
              try {
                got.push(await ctx.waitForSignal("n", { schema, ...(timeoutMs === undefined ? {} : { timeoutMs }) }));
              } catch (error) {
                if (codeOfError(error) !== "DEADLINE_EXCEEDED") throw error;
              }
              return got.length < wanted ? ctx.continueAs(got) : got;
            }),
          ],
          { crashes },
        );
        const taskId = await world.submit("looper");
        for (const [index, gap] of gaps.entries()) {
          await world.advance(gap);
          await world.signal(taskId, "n", index, `n${index}`);
        }
        await world.advance(60_000);
        expect(outputOf(await world.last(taskId))).toEqual(slowSchema ? [0, 2, 3, 5] : [0, 1, 2, 3, 4, 5]);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
}, 60_000);

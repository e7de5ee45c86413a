/** I4: the code has a result before it is durable, and nothing that it does about it has an effect before it is. */
import { PlatformError } from "@agentcore/contract";
import type { Context } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf } from "../../test/engine-world.ts";
import { makeTool } from "../../test/make-tool.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { CommitUnit } from "../ports/index.ts";

const recorded = (units: readonly CommitUnit[]): readonly string[] =>
  units.flatMap(({ append }) =>
    (append?.events ?? []).flatMap(({ type, data }) => (type === "step.completed" ? [data.path] : [])),
  );

/** A world whose store keeps the unit with the result of `step:first` until it is let go, or answers with what `instead` says. */
const worldOf = (run: (ctx: Context, at: (place: string) => void) => unknown, instead?: () => never) => {
  const places: string[] = [];
  const kept = gate();
  const world = new EngineWorld(
    [
      define("clerk", (_, ctx) => run(ctx, (place) => void places.push(place))),
      define("other", () => void places.push("other")),
      define("listener", () => void places.push("listener"), { subscribes: ["told"] }),
    ],
    {
      wrap: (store) =>
        wrapStore(store, {
          commit: async (next, units) => {
            if (!recorded(units).includes("step:first")) return next(units);
            await kept.opened;
            instead?.();
            return next(units);
          },
        }),
    },
  );
  return { world, places, letGo: kept.open };
};

const first = (ctx: Context) => ctx.step("first", async () => 1);

test("what follows a result is written with it: a task of one step is two commits", async () => {
  const world = new EngineWorld([define("clerk", (_, ctx) => first(ctx))]);
  expect(outputOf(await world.last(await world.submit("clerk")))).toBe(1);
  expect(world.commits).toBe(2);
});

test.each<[string, (ctx: Context, at: (place: string) => void) => Promise<unknown>]>([
  ["a step", (ctx, at) => ctx.step("second", () => at("effect"))],
  [
    "a tool",
    (ctx, at) =>
      ctx.tool(
        makeTool("send", () => at("effect")),
        1,
      ),
  ],
  [
    "a tool that may act twice",
    (ctx, at) =>
      ctx.tool(
        makeTool("look", () => at("effect"), { readOnly: true }),
        1,
      ),
  ],
  ["a command", (ctx) => ctx.command({ agent: "other" }, 1)],
  ["a durable event", (ctx) => ctx.emit("told", 1, { durable: true })],
])("%s begins when the result before it is durable", async (_, next) => {
  const { world, places, letGo } = worldOf(async (ctx, at) => {
    await first(ctx);
    at("told");
    await next(ctx, at);
  });
  await world.submit("clerk");
  await world.quiet();
  expect(places).toEqual(["told"]);
  letGo();
  await world.quiet();
  expect(places.slice(1)).toHaveLength(1);
});

test("what came of a result that was never written is nothing, and the step runs again", async () => {
  let fails = 1;
  let ran = 0;
  const { world, places, letGo } = worldOf(
    async (ctx, at) => {
      const value = await ctx.step("first", async () => ++ran);
      await ctx.step("second", () => at(`effect of ${value}`));
    },
    () => {
      if (fails-- > 0) throw new PlatformError("STORE_UNAVAILABLE", "the disk is gone");
      return undefined as never;
    },
  );
  letGo();
  const taskId = await world.submit("clerk");
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("completed");
  expect(places).toEqual(["effect of 2"]);
});

test("what the code makes of a result that it was handed is not what is written of it", async () => {
  const world = new EngineWorld([
    define("clerk", async (_, ctx) => {
      const list = await ctx.step("first", async () => ({ items: [1] }));
      list.items.push(2);
      await ctx.sleep(60_000);
      return list;
    }),
  ]);
  const taskId = await world.submit("clerk");
  world.crash();
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toEqual({ items: [1, 2] });
});

test("a result that comes behind a cancel in the log reaches the code behind it", async () => {
  const ran = gate();
  const order: string[] = [];
  const { world, letGo } = worldOf(async (ctx, at) => {
    ctx.signal.addEventListener("abort", () => void order.push("cancel"));
    const slow = ctx
      .step("slow", () => ran.opened)
      .then(
        () => order.push("slow"),
        (error: unknown) => order.push(`slow: ${PlatformError.from(error).code}`),
      );
    await first(ctx);
    at("first");
    await slow;
  });
  const taskId = await world.submit("clerk");
  await world.quiet();
  await world.cancel(taskId);
  await world.quiet();
  ran.open();
  await world.quiet();
  expect(order).toEqual([]);
  letGo();
  await world.quiet();
  expect(order[0]).toBe("cancel");
  expect(await world.state(taskId)).toBe("canceled");
});

test("two calls of one name under way at once are refused, however soon the first has its result", async () => {
  const world = new EngineWorld([
    define("clerk", async (_, ctx) => {
      await ctx.step("before", async () => 0);
      return Promise.all([ctx.step("same", () => 1), ctx.step("same", () => 2)]);
    }),
  ]);
  expect(codeOf(await world.last(await world.submit("clerk")))).toBe("STEP_KEY_COLLISION");
});

test("a body that runs beside, and waits for a result or is tried again, acts on it when it is durable", async () => {
  const { world, places, letGo } = worldOf(async (ctx, at) => {
    let known: number | null = null;
    const result = ctx
      .step("first", () => new Promise<number>((resolve) => world.clock.after(50, () => resolve(1))))
      .then((value) => {
        known = value;
      });
    await Promise.all([
      ctx.step("waits", () => result.then(() => at("waited"))),
      ctx.step(
        "tries",
        () => {
          if (known === null) throw new Error("not yet");
          at("tried");
        },
        { retry: { maxAttempts: 30, maxDelayMs: 100 } },
      ),
    ]);
  });
  const taskId = await world.submit("clerk");
  await world.advance(1000);
  expect(places).toEqual([]);
  letGo();
  await world.advance(1000);
  expect(places.sort()).toEqual(["tried", "waited"]);
  expect(await world.state(taskId)).toBe("completed");
});

test("what the code makes of an error, or of what it has given away, is not what is written of it", async () => {
  const world = new EngineWorld([
    define("clerk", async (_, ctx) => {
      const failing = (): never => {
        throw new PlatformError("CONFLICT", "taken", { details: { items: [1] } });
      };
      const items = await ctx.step("first", failing, { retry: { maxAttempts: 1 } }).catch((error: unknown) => {
        const list = (error as PlatformError).details?.["items"] as number[];
        return [...list.splice(0)];
      });
      await ctx.artifact({ name: "items", data: items });
      void ctx.emit("told", items, { durable: true });
      void ctx.command({ agent: "other" }, items, { detached: true });
      items.push(2);
      await ctx.sleep(60_000);
      return items;
    }),
    define("other", ({ input }) => input),
    define("listener", ({ input }) => (input as { readonly payload: unknown }).payload, { subscribes: ["told"] }),
  ]);
  const taskId = await world.submit("clerk");
  world.crash();
  await world.advance(60_000);
  const log = await world.log(taskId);
  expect(outputOf(log.at(-1))).toEqual([1, 2]);
  expect(log.find(({ type }) => type === "artifact.appended")?.data).toMatchObject({
    artifact: { parts: [{ data: [1] }] },
  });
  for (const head of await world.heads())
    if (head.taskId !== taskId) expect(outputOf(await world.last(head.taskId)), head.agent).toEqual([1]);
});

test("while the disk stands still code that only waits goes on for a while, and not for ever", async () => {
  const { world, places, letGo } = worldOf(async (ctx, at) => {
    await first(ctx);
    for (let round = 0; round < 2000; round++) {
      await ctx.sleep(1);
      at("slept");
    }
  });
  const taskId = await world.submit("clerk");
  await world.advance(1900);
  expect(places.length).toBeGreaterThan(10);
  expect(places.length).toBeLessThan(600);
  letGo();
  await world.advance(3000);
  expect(places.length).toBe(2000);
  expect(await world.state(taskId)).toBe("completed");
});

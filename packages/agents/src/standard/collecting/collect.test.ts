import { agent, type QueryContext } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { expect, test } from "vitest";
import { type Collected, collect } from "./collect.ts";
import { NO_TALLY, type Tally } from "./tally.ts";
import type { ToldEvent } from "./told-event.ts";

const TOPIC = "thing.told";
const event = (n: number | string): ToldEvent => ({ id: `e${n}`, topic: TOPIC, source: "a", payload: n });

interface State {
  readonly all: unknown[];
  tally: Tally;
}

const allKept = async (ctx: Pick<QueryContext, "memory">): Promise<unknown> =>
  ((await ctx.memory.get("all")) as State | null)?.all ?? null;

const keeper = agent({
  name: "keeper",
  description: "Keeps",
  answer: (_, ctx) => allKept(ctx),
  run: (task, ctx) =>
    collect<State>(task, ctx, {
      topic: TOPIC,
      load: async () => ((await ctx.memory.get("all")) ?? { all: [], tally: NO_TALLY }) as State,
      take: ({ all }, { payload }) => typeof payload === "number" && all.push(payload) > 0,
      save: (_, state) => ctx.memory.set("all", state),
    }),
});

const asker = agent({
  name: "asker",
  description: "Asks what is kept",
  run: (_, ctx) => ctx.query({ agent: "keeper" }, null),
});

/** Three events at once and one that is nothing, two later; where the process dies, if it does. */
const play = async (crashAt?: number) => {
  const world = await testAgent([keeper, asker], crashAt === undefined ? {} : { crashAt });
  const run = await world.run(event(1));
  for (const n of [2, 3, "nothing"]) await run.signal(TOPIC, event(n));
  await world.advance(2_000);
  for (const n of [4, 5]) await run.signal(TOPIC, event(n));
  await world.advance(20_000);
  const { commits } = world;
  const kept = (await world.run(null, { target: { agent: "asker" } })).output;
  await world.close();
  return { kept, output: run.output, commits };
};

test("events are taken in by batches in fresh logs, and it ends when none comes any more", async () => {
  const { output, kept } = await play();
  expect(kept).toEqual([1, 2, 3, 4, 5]);
  expect(output).toEqual({ events: 6, refused: 1, lost: 0, batches: 2 } satisfies Collected);
});

test("what it has taken in when it is canceled is kept", async () => {
  const world = await testAgent([keeper, asker]);
  const run = await world.run(event(1));
  await run.signal(TOPIC, event(2));
  await run.cancel();
  await world.advance(40_000);
  expect(run.state).toBe("canceled");
  expect((await world.run(null, { target: { agent: "asker" } })).output).toEqual([1, 2]);
  await world.close();
});

test.for(["load", "save"])("what it has taken in when it is canceled in its %s is kept", async (when) => {
  const slow = agent({
    name: "keeper",
    description: "Keeps, slowly",
    answer: (_, ctx) => allKept(ctx),
    run: (task, ctx) =>
      collect<State>(task, ctx, {
        topic: TOPIC,
        async load() {
          if (when === "load") await ctx.sleep(10_000);
          return ((await ctx.memory.get("all")) ?? { all: [], tally: NO_TALLY }) as State;
        },
        take: ({ all }, { payload }) => all.push(payload) > 0,
        async save(_, state) {
          if (when === "save") await ctx.sleep(10_000);
          await ctx.memory.set("all", state);
        },
      }),
  });
  const world = await testAgent([slow, asker]);
  const run = await world.run(event(1));
  await world.advance(5_000);
  await run.cancel();
  await world.advance(40_000);
  expect(run.state).toBe("canceled");
  expect((await world.run(null, { target: { agent: "asker" } })).output).toEqual([1]);
  await world.close();
});

test("wherever its process dies, every event is taken in once", async () => {
  const { commits, output, kept } = await play();
  expect(commits).toBeGreaterThan(5);
  for (let at = 1; at <= commits; at++) {
    const played = await play(at);
    expect([at, played.kept, played.output]).toEqual([at, kept, output]);
  }
});

import { PlatformError } from "@agentcore/contract";
import type { Context, TaskInput } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { define, EngineWorld, gate, type Run } from "../../test/engine-world.ts";
import type { AgentHost, LoadedAgent } from "./agent-host.ts";
import type { ApartCode, ApartEvents } from "./apart-code.ts";

const GONE = new PlatformError("UNAVAILABLE", "it is gone");

/** Agents whose code runs by `apart`. */
const apartBy =
  (apart: ApartCode) =>
  (load: AgentHost["load"]): AgentHost["load"] =>
  async (revision) => {
    const loaded = await load(revision);
    return loaded === null ? null : ({ ...loaded, apart } satisfies LoadedAgent);
  };

/** Runs `run` here, as if it were elsewhere: it is quiet when the test says so. */
const slowly = (run: Run) => {
  let isQuiet = true;
  let opened = gate();
  const dropped: string[] = [];
  const code: ApartCode = {
    start: (task: TaskInput<unknown>, ctx: Context) => ({
      ended: Promise.resolve(run(task, ctx)),
      get isQuiet() {
        return isQuiet;
      },
      quiet: () => opened.opened,
      drop: () => void dropped.push(task.id),
    }),
  };
  const busy = (): void => {
    isQuiet = false;
    opened = gate();
  };
  const rest = (): void => {
    isQuiet = true;
    opened.open();
  };
  return { code, dropped, busy, rest };
};

test.each([0, 1, 2])(
  "what is lost with its code, %i turns after it began, is a task all the same, tried again, and parked in the end",
  async (turns) => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const tries: number[] = [];
    const apart: ApartCode = {
      start(_, __, { lost }: ApartEvents) {
        tries.push(tries.length);
        const losing = async (): Promise<void> => {
          for (let count = 0; count < turns; count++) await turn();
          lost(GONE);
          lost(GONE);
        };
        if (turns === 0) queueMicrotask(() => void losing());
        else void losing();
        return { ended: new Promise(() => {}), isQuiet: false, quiet: () => new Promise(() => {}), drop: () => {} };
      },
    };
    const world = new EngineWorld([define("a", () => 1)], { wrapLoad: apartBy(apart) });
    const taskId = await world.submit("a");
    await world.advance(60_000);
    expect(await world.state(taskId)).toBe("parked");
    expect((await world.last(taskId))?.data).toMatchObject({ error: { code: "ATTEMPTS_EXHAUSTED" } });
    expect(tries.length).toBe(5);
  },
);

test("nothing is handed to code that has not reacted yet, and it is neither evicted nor judged meanwhile", async () => {
  const seen: unknown[] = [];
  const { code, dropped, busy, rest } = slowly(async (_, ctx) => {
    const one = ctx
      .step("one", () => 1)
      .then((value) => {
        busy();
        seen.push(value);
      });
    const two = ctx.step("two", () => 2).then((value) => void seen.push(value));
    await Promise.all([one, two]);
    await ctx.sleep(3_600_000);
    return "done";
  });
  const world = new EngineWorld([define("a", () => 1)], { wrapLoad: apartBy(code) });
  const taskId = await world.submit("a");
  await world.advance(10_000);
  expect(seen).toEqual([1]);
  expect([await world.state(taskId), (await world.head(taskId))?.dueAt, dropped]).toEqual([
    "working",
    expect.anything(),
    [],
  ]);
  rest();
  await world.advance(1);
  expect(seen).toEqual([1, 2]);
  // Now it only sleeps: it leaves memory, and what ran of it is told.
  await world.advance(10_000);
  expect(dropped).toEqual([taskId]);
  await world.advance(3_600_000);
  rest();
  await world.advance(1);
  expect((await world.last(taskId))?.data).toEqual({ output: "done" });
});

/** Loops from its start, or after its first step, until it is dropped. */
const looping = (when: "at once" | "after a step") => {
  const lost: ApartEvents["lost"][] = [];
  const code: ApartCode = {
    start(_, ctx, events) {
      lost.push(events.lost);
      const over = gate();
      let isOver = false;
      let isBusy = when === "at once";
      if (when === "after a step") {
        void ctx
          .step("one", () => 1)
          .then(() => {
            isBusy = true;
          });
      }
      return {
        ended: new Promise(() => {}),
        get isQuiet() {
          return isOver || !isBusy;
        },
        quiet: async () => {
          if (isBusy) await over.opened;
        },
        drop: () => {
          isOver = true;
          over.open();
        },
      };
    },
  };
  return { code, lost };
};

test.each(["at once", "after a step"] as const)("a cancel ends code that loops %s within 40 s", async (when) => {
  const world = new EngineWorld([define("a", () => 1)], { wrapLoad: apartBy(looping(when).code) });
  const taskId = await world.submit("a");
  await world.advance(1_000);
  await world.cancel(taskId);
  await world.advance(40_500);
  expect(await world.state(taskId)).toBe("canceled");
});

test.each(["at once", "after a step"] as const)(
  "a deadline ends code that loops %s in its second try",
  async (when) => {
    const { code, lost } = looping(when);
    const world = new EngineWorld([{ ...define("a", () => 1), timeoutMs: 60_000 }], { wrapLoad: apartBy(code) });
    const taskId = await world.submit("a");
    await world.advance(1_000);
    expect(await world.state(taskId)).toBe("working");
    lost[0]?.(GONE);
    await world.advance(600_000);
    expect([lost.length, await world.state(taskId)]).toEqual([2, "failed"]);
    expect((await world.last(taskId))?.data).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });
  },
);

test("a cancel ends code that loops before what its log says next within 10 s", async () => {
  const { code, lost } = looping("after a step");
  const world = new EngineWorld([define("a", () => 1)], { wrapLoad: apartBy(code) });
  const taskId = await world.submit("a");
  await world.advance(1_000);
  lost[0]?.(GONE);
  await world.advance(1_000);
  await world.cancel(taskId);
  await world.advance(10_500);
  expect([lost.length, await world.state(taskId)]).toEqual([2, "canceled"]);
});

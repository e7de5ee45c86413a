/** I3: programs of steps, branches, races, sleeps and children come out the same wherever the process dies. */
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, define, EngineWorld, gate, Pause } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

type Program =
  | { readonly op: "step"; readonly turns: number; readonly fails: boolean }
  | { readonly op: "sleep"; readonly ms: number }
  | { readonly op: "child"; readonly value: number }
  | { readonly op: "draw" }
  | { readonly op: "all" | "race" | "any" | "settled" | "row"; readonly parts: readonly Program[] };

const leaf: fc.Arbitrary<Program> = fc.oneof(
  fc.record({ op: fc.constant("step" as const), turns: fc.nat(4), fails: fc.boolean() }),
  fc.record({ op: fc.constant("sleep" as const), ms: fc.constantFrom(1, 40, 900, 2500) }),
  fc.record({ op: fc.constant("child" as const), value: fc.nat(9) }),
  fc.record({ op: fc.constant("draw" as const) }),
);
const program: fc.Arbitrary<Program> = fc.letrec<{ node: Program }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2 },
    leaf,
    fc.record({
      op: fc.constantFrom("all" as const, "race" as const, "any" as const, "settled" as const, "row" as const),
      parts: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
    }),
  ),
})).node;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const runProgram = async (node: Program, ctx: Context, place: string, ran: string[]): Promise<unknown> => {
  const parts = (): Promise<unknown>[] =>
    "parts" in node ? node.parts.map((part, index) => runProgram(part, ctx, `${place}.${index}`, ran)) : [];
  switch (node.op) {
    case "step":
      return ctx
        .step(
          "work",
          async () => {
            ran.push(place);
            for (let turns = 0; turns < node.turns; turns++) await turn();
            if (node.fails) throw new Error(`failed ${place}`);
            return place;
          },
          { key: place, retry: { maxAttempts: 1 } },
        )
        .catch((error: unknown) => Promise.reject(new Error((error as Error).message)));
    case "sleep":
      return ctx.sleep(node.ms, { key: place }).then(() => `slept ${place}`);
    case "child":
      return ctx.command({ agent: "child" }, node.value, { key: place });
    case "draw":
      return ctx.random();
    case "all":
      return Promise.all(parts());
    case "race":
      return Promise.race(parts());
    case "any":
      return Promise.any(parts()).catch(() => "none");
    case "settled":
      return (await Promise.allSettled(parts())).map((result) =>
        result.status === "fulfilled" ? result.value : String(result.reason),
      );
    case "row": {
      const results: unknown[] = [];
      for (const [index, part] of node.parts.entries())
        results.push(await runProgram(part, ctx, `${place}.${index}`, ran).catch(String));
      return results;
    }
  }
};

const play = async (node: Program, crashes: readonly Crash[]) => {
  const ran: string[] = [];
  const world = new EngineWorld(
    [
      define("main", (_, ctx) => runProgram(node, ctx, "p", ran)),
      define("child", (task, ctx) => ctx.step("double", () => (task.input as number) * 2)),
    ],
    { crashes },
  );
  const taskId = await world.submit("main");
  for (let rounds = 0; rounds < 6; rounds++) await world.advance(2600);
  const log = await world.log(taskId);
  // One result a path: nothing recorded was recorded again.
  const recorded = log.flatMap((event) =>
    event.type === "step.completed" || event.type === "step.failed" ? [event.data.path] : [],
  );
  expect(new Set(recorded).size).toBe(recorded.length);
  return { last: log.at(-1), ran, commits: world.commits };
};

/** Crashes may change who wins a race that was not decided yet; a program without races has one outcome. */
const isFixed = (node: Program): boolean =>
  !("parts" in node) ||
  (node.op !== "race" && node.op !== "any" && (node.op !== "all" || !mayFail(node)) && node.parts.every(isFixed));
const mayFail = (node: Program): boolean =>
  node.op === "step" ? node.fails : "parts" in node && node.parts.some(mayFail);

test("a program comes out the same wherever its process dies, and nothing recorded runs again (I3)", async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.nat(1000),
      fc.constantFrom("before" as const, "after" as const),
      fc.nat(1000),
      async (node, first, when, second) => {
        const calm = await play(node, []);
        expect(new Set(calm.ran).size).toBe(calm.ran.length);
        const crashes: Crash[] = [
          { commit: 1 + (first % calm.commits), when },
          { commit: 2 + (second % (calm.commits + 2)), when },
        ];
        const crashed = await play(node, crashes);
        expect(["task.completed", "task.failed"]).toContain(crashed.last?.type);
        if (isFixed(node)) {
          expect(crashed.last?.type).toBe(calm.last?.type);
          if (!JSON.stringify(node).includes("draw"))
            expect(JSON.stringify(crashed.last?.data)).toBe(JSON.stringify(calm.last?.data));
          // Each crash may repeat what was in flight, once.
          const count = (list: readonly string[], place: string): number =>
            list.filter((each) => each === place).length;
          for (const place of new Set(crashed.ran))
            expect(count(crashed.ran, place)).toBeLessThanOrEqual(1 + crashes.length);
        }
      },
    ),
    { numRuns: 60, seed: 7 },
  );
});

for (const race of ["race", "any", "all"] as const) {
  test(`Promise.${race} comes out on replay as it was recorded, whatever is faster then`, async () => {
    let slow = "a";
    const world = new EngineWorld([
      define("racer", async (_, ctx) => {
        const order: string[] = [];
        const run = (name: string): Promise<string> =>
          ctx
            .step(name, async () => {
              for (let turns = 0; turns < (name === slow ? 10 : 1); turns++) await turn();
              return name;
            })
            .then((finished) => (order.push(finished), finished));
        const both = [run("a"), run("b")];
        const won = await (race === "race"
          ? Promise.race(both)
          : race === "any"
            ? Promise.any(both)
            : Promise.all(both));
        await ctx.step("after", () => won);
        await ctx.waitForInput("?");
        return { won, order: order.slice(0, 2), draw: ctx.random() };
      }),
    ]);
    const taskId = await world.submit("racer");
    for (let turns = 0; turns < 4; turns++) await world.quiet();
    slow = "b";
    world.crash();
    await world.say(taskId, "go on");
    const last = await world.last(taskId);
    expect(last).toMatchObject({
      type: "task.completed",
      data: { output: { won: race === "all" ? ["a", "b"] : "b", order: ["b", "a"] } },
    });
  });
}

test("a result and a cancel that came in one unit reach the code one after the other, live as in the replay (I3)", async () => {
  const hold = gate();
  const written = new Pause();
  const ran: string[] = [];
  const asker = define("asker", async (_, ctx) => {
    await Promise.all([ctx.step("x", () => 1), ctx.step("a", () => hold.opened)]);
    try {
      return await ctx.waitForInput("Go on?");
    } finally {
      await ctx.step("clean up", () => void ran.push("clean up"));
    }
  });
  const world = new EngineWorld([asker], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const hasResult = units.some(({ append }) => append?.events.some(({ type }) => type === "step.completed"));
          return next(hasResult ? await written.pass(units) : units);
        },
      }),
  });
  written.arm();
  const taskId = await world.submit("asker");
  // While the result of x is on its way to the store, a ends and the cancel comes: they share the next unit.
  hold.open();
  await world.cancel(taskId);
  written.open();
  await world.quiet();
  expect(await world.types(taskId)).toEqual(
    expect.arrayContaining(["step.completed", "task.cancelRequested", "task.canceled"]),
  );
  expect(ran).toEqual(["clean up"]);
});

test("a process that dies between the result that code returns by and its end begins nothing that code left behind, and sends what it sent", async () => {
  const ran: string[] = [];
  let both = gate();
  const world = new EngineWorld([
    define("main", async (_, ctx) => {
      const branch = async (name: string) => {
        await ctx.step(name, () => both.opened.then(() => ran.push(name)));
        if (name === "b") await ctx.step("left-behind", () => ran.push("left behind"));
      };
      await Promise.race([branch("a"), branch("b")]);
      void ctx.command({ agent: "child" }, 1, { detached: true });
    }),
    define("child", () => void ran.push("child")),
  ]);
  const taskId = await world.submit("main");
  both.open();
  while (!(await world.types(taskId)).includes("step.completed")) await turn();
  world.crash();
  both = gate();
  expect((await world.last(taskId))?.type).toBe("step.completed");
  await world.advance(0);
  expect(await world.state(taskId)).toBe("completed");
  expect(ran.toSorted()).toEqual(["a", "b", "child"]);
});

test("a cancel that came with the result that code returns by is told with its reason, also after a crash", async () => {
  const hold = gate();
  const written = new Pause();
  const main = define("main", (_, ctx) => Promise.all([ctx.step("x", () => 1), ctx.step("a", () => hold.opened)]));
  const world: EngineWorld = new EngineWorld([main], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const events = units.flatMap(({ append }) => append?.events ?? []);
          const hasResult = events.some(({ type }) => type === "step.completed");
          const outcomes = await next(hasResult ? await written.pass(units) : units);
          if (events.some(({ type }) => type === "task.cancelRequested")) world.crash();
          return outcomes;
        },
      }),
  });
  written.arm();
  const taskId = await world.submit("main");
  hold.open();
  await world.cancel(taskId);
  written.open();
  await world.advance(0);
  expect((await world.types(taskId)).slice(-5)).toEqual([
    ...["step.completed", "step.completed", "task.cancelRequested", "task.assigned", "task.canceled"],
  ]);
  expect(await world.last(taskId)).toMatchObject({ data: { reason: "enough" } });
});

/** Agents that go round: stopped with the reason in the log; those that get on are left alone. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf } from "../../test/engine-world.ts";

test("agents that hand the same to each other are stopped, the reason is in the log, and no task is left behind", async () => {
  const world = new EngineWorld([
    define("ping", ({ input }, ctx) => ctx.command({ agent: "pong" }, input)),
    define("pong", ({ input }, ctx) => ctx.command({ agent: "ping" }, input)),
  ]);
  const taskId = await world.submit("ping", "ball");
  await world.advance(1000);
  expect(codeOf(await world.last(taskId))).toBe("LOOP_DETECTED");
  const heads = await world.heads();
  expect(heads).toHaveLength(4);
  expect(heads.every(({ state }) => state === "failed")).toBe(true);
  const logs = await Promise.all(heads.map((head) => world.log(head.taskId)));
  const stops = logs.flat().filter((event) => event.type === "decision.made" && event.data.kind === "handoff");
  expect(stops).toMatchObject([
    {
      data: {
        choice: null,
        reasons: [expect.stringContaining("ping → pong → ping → pong → ping"), "failure mode: step-repetition"],
      },
    },
  ]);
  const failed = logs.flat().find((event) => event.type === "task.failed");
  expect(failed?.data.error.details).toMatchObject({ failureMode: "step-repetition" });
});

test("a failure mode in a log is told once it is durable, and not again by a replay; another choice of that name is not", async () => {
  const decides = define("decides", async ({ input }, ctx) => {
    ctx.decide("failure-mode", () => ({ choice: String(input), reasons: ["a says it again"] }));
    ctx.decide("other", () => "step-repetition");
    await ctx.sleep(10);
    await ctx.step("after", () => 1);
    return "done";
  });
  const seen: string[] = [];
  const world = new EngineWorld([decides], {
    crashes: [2, 3].map((commit) => ({ commit, when: "after" as const })),
    onFailure: ({ tenantId, agent, mode }) => seen.push(`${tenantId} ${agent} ${mode}`),
  });
  const tasks = [await world.submit("decides", "step-repetition"), await world.submit("decides", "my own words")];
  await world.advance(5000);
  for (const taskId of tasks) expect(outputOf(await world.last(taskId))).toBe("done");
  expect(seen).toEqual(["acme decides step-repetition"]);
});

test("a task that asks the same again and again is stopped, one that waits in between is not", async () => {
  const asks = define("asks", async ({ input }, ctx) => {
    for (let turn = 0; turn < 20; turn++) {
      const answer = await ctx.command({ agent: "same" }, "ready?");
      if (answer === "yes") return turn;
      if (input === "patient") await ctx.sleep(10);
    }
    return "gave up";
  });
  const world = new EngineWorld([asks, define("same", () => "no")]);
  const hasty = await world.submit("asks", "hasty");
  const patient = await world.submit("asks", "patient");
  await world.advance(5000);
  expect(codeOf(await world.last(hasty))).toBe("LOOP_DETECTED");
  expect(outputOf(await world.last(patient))).toBe("gave up");
});

test("the count of equal answers is the same after a crash", async () => {
  const run = define("asks", async (_, ctx) => {
    let turns = 0;
    for (;;) {
      await ctx.command({ agent: "same" }, "ready?");
      turns += 1;
      if (turns === 50) return turns;
    }
  });
  const stoppedAt = async (crashes: readonly { readonly commit: number; readonly when: "before" | "after" }[]) => {
    const world = new EngineWorld([run, define("same", () => "no")], { crashes });
    const taskId = await world.submit("asks");
    await world.advance(5000);
    const events = await world.log(taskId);
    return [codeOf(events.at(-1)), events.filter(({ type }) => type === "step.completed").length];
  };
  const undisturbed = await stoppedAt([]);
  expect(undisturbed).toEqual(["LOOP_DETECTED", 10]);
  expect(await stoppedAt([7, 13, 20].map((commit) => ({ commit, when: "after" })))).toEqual(undisturbed);
});

test("work in between the same commands counts as something in between, also when it failed or was only noted", async () => {
  const between = define("asks", async ({ input }, ctx) => {
    for (let page = 0; page < 15; page++) {
      await ctx.command({ agent: "same" }, "next");
      if (input === "fails")
        await ctx
          .step("fetch", () => {
            throw new PlatformError("INVALID_ARGUMENT", `page ${page} is broken`);
          })
          .catch(() => undefined);
      if (input === "notes") await ctx.progress(`page ${page}`);
      if (input === "files") await ctx.artifact({ name: `page-${page}`, text: String(page) });
    }
    return "done";
  });
  const world = new EngineWorld([between, define("same", () => "ok")]);
  const endOf = async (input: string): Promise<unknown> => {
    const taskId = await world.submit("asks", input);
    await world.advance(5000);
    const last = await world.last(taskId);
    return last?.type === "task.completed" ? outputOf(last) : codeOf(last);
  };
  expect(await endOf("nothing")).toBe("LOOP_DETECTED");
  for (const input of ["fails", "notes", "files"]) expect([input, await endOf(input)]).toEqual([input, "done"]);
});

test("a task that sends the same command again and again and is told the same error each time is stopped", async () => {
  let asked = 0;
  const world = new EngineWorld([
    define("asks", async (_, ctx) => {
      for (let tries = 0; tries < 50; tries++) {
        try {
          return await ctx.command({ agent: "same" }, "next");
        } catch (error) {
          if (PlatformError.from(error).code === "LOOP_DETECTED") throw error;
        }
      }
      return "gave up";
    }),
    define("same", () => {
      asked++;
      throw new PlatformError("INVALID_ARGUMENT", "no");
    }),
  ]);
  const taskId = await world.submit("asks");
  await world.advance(5000);
  expect(codeOf(await world.last(taskId))).toBe("LOOP_DETECTED");
  // As often as for equal results.
  expect(asked).toBe(10);
});

test("an agent that hands the same content to itself for another skill does not go round", async () => {
  const next = { clean: "translate", translate: "shorten" } as const;
  const world = new EngineWorld([
    define("writer", async ({ input, skill = "clean" }, ctx) =>
      skill === "shorten"
        ? "short"
        : ctx.command({ agent: "writer" }, input, { skill: skill === "clean" ? next.clean : next.translate }),
    ),
  ]);
  const taskId = await world.submit("writer", { text: "x" });
  await world.advance(5000);
  expect(outputOf(await world.last(taskId))).toBe("short");
});

test("a task knows whose tasks stand above it, also after a crash", async () => {
  const seen: unknown[] = [];
  const world = new EngineWorld(
    [
      define("top", ({ above }, ctx) => {
        seen.push(above);
        return ctx.command({ agent: "middle" }, "a");
      }),
      define("middle", (_, ctx) => ctx.command({ agent: "bottom" }, "b")),
      define("bottom", async ({ above }, ctx) => {
        await ctx.step("one", () => 1);
        return above;
      }),
    ],
    { crashes: [{ commit: 3, when: "after" }] },
  );
  const taskId = await world.submit("top", "go");
  await world.advance(5000);
  expect(outputOf(await world.last(taskId))).toEqual(["top", "middle"]);
  expect(seen[0]).toBeUndefined();
});

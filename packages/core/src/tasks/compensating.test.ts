/** Agents that take back what they did: a cancel and a deadline are told to their code, which ends when it is through. */
import type { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Context } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

const COMPENSATES = { compensates: true } as const;
// Long enough to leave memory.
const PAUSE_MS = 2_000;
// Longer than the clean-up of agents that do not compensate may take.
const LONG_MS = 40_000;

/** Books, has it paid, asks; takes back in reverse when it fails or is asked to end, with a pause after each. */
const sagaOf = (ran: string[]) =>
  define(
    "saga",
    async (_, ctx) => {
      const undo: (() => Promise<unknown>)[] = [];
      try {
        await ctx.step("book", () => void ran.push("book"));
        undo.push(() => ctx.step("unbook", ({ signal }) => void ran.push(signal.aborted ? "aborted" : "unbook")));
        await ctx.command({ agent: "payer" }, "pay", { signal: ctx.signal });
        undo.push(() => ctx.command({ agent: "payer" }, "refund"));
        const answer = await ctx.waitForInput({ prompt: "Keep it?", signal: ctx.signal });
        ctx.signal.throwIfAborted();
        return answer;
      } catch (error) {
        for (const each of undo.reverse()) {
          await each();
          await ctx.sleep(PAUSE_MS);
        }
        throw ctx.signal.aborted ? ctx.signal.reason : error;
      }
    },
    COMPENSATES,
  );
const payerOf = (ran: string[]) =>
  define("payer", (task, ctx) => ctx.step("pay", () => void ran.push(String(task.input))));

/** Recorded steps and commands, in log order. */
const recorded = async (world: EngineWorld, taskId: string): Promise<string[]> =>
  (await world.log(taskId)).flatMap((event) =>
    event.type === "step.completed" && /^(step|command)$/.test(event.data.kind) ? [event.data.path] : [],
  );

/** Without a crash, then with one before and after each of its commits. Gives how many those are. */
const everywhere = async (
  agents: () => readonly AgentDefinition[],
  run: (world: EngineWorld) => Promise<void>,
): Promise<number> => {
  const whole = new EngineWorld(agents());
  await run(whole);
  for (let commit = 1; commit <= whole.commits; commit++)
    for (const when of ["before", "after"] as const)
      await run(new EngineWorld(agents(), { crashes: [{ commit, when }] })).catch((cause: unknown) => {
        throw new Error(`with a crash ${when} commit ${commit} of ${whole.commits}`, { cause });
      });
  return whole.commits;
};

for (const why of ["a cancel", "its deadline"] as const)
  test(`${why} lets the code take back what it did, the last first, wherever the process dies`, async () => {
    let ran: string[] = [];
    const agents = () => {
      ran = [];
      return [sagaOf(ran), payerOf(ran)];
    };
    const run = async (world: EngineWorld): Promise<void> => {
      const deadline = world.clock.now() + 5_000;
      const taskId = await world.submit("saga", null, why === "a cancel" ? {} : { deadline });
      await world.quiet();
      expect(await world.state(taskId)).toBe("input-required");
      if (why === "a cancel") await world.cancel(taskId);
      else await world.advance(5_000);
      await world.quiet();
      // It sleeps, at the cost of a row, and nothing wakes it before its time.
      expect([await world.state(taskId), (await world.alive()).engine.resident]).toEqual(["working", 0]);
      expect((await world.head(taskId))?.dueAt).toBe(world.clock.now() + PAUSE_MS);
      await world.advance(3 * PAUSE_MS);
      const last = await world.last(taskId);
      if (why === "a cancel") expect(last).toMatchObject({ type: "task.canceled", data: { reason: "enough" } });
      else expect(codeOf(last)).toBe("DEADLINE_EXCEEDED");
      expect(await recorded(world, taskId)).toEqual([
        ...["step:book", "command:agent:payer", "command:agent:payer#2", "step:unbook"],
      ]);
      expect([...new Set(ran)]).toEqual(["book", "pay", "refund", "unbook"]);
      const told = why === "a cancel" ? "task.cancelRequested" : "task.deadlinePassed";
      expect((await world.types(taskId)).filter((type) => type === told)).toHaveLength(1);
      for (const child of await world.children(taskId)) expect(await world.state(child)).toBe("completed");
    };
    expect(await everywhere(agents, run)).toBeGreaterThan(8);
  }, 60_000);

test("calls made after the deadline was told have their own time", async () => {
  const world = new EngineWorld([
    define(
      "saga",
      async (_, ctx) => {
        await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => null);
        return ctx.command({ agent: "slow" }, 1, { timeoutMs: LONG_MS });
      },
      COMPENSATES,
    ),
    define("slow", (_, ctx) => ctx.sleep(PAUSE_MS)),
  ]);
  const deadline = world.clock.now() + 10_000;
  const taskId = await world.submit("saga", null, { deadline });
  await world.advance(11_000);
  const [child] = await world.children(taskId);
  expect((await world.head(child ?? ""))?.deadline).toBeGreaterThan(deadline + PAUSE_MS);
  await world.advance(LONG_MS);
  expect(await world.state(child ?? "")).toBe("completed");
  expect(codeOf(await world.last(taskId))).toBe("DEADLINE_EXCEEDED");
});

test("a task that passes its deadline before it has begun fails, and no code runs", async () => {
  const ran: string[] = [];
  const world = new EngineWorld([sagaOf(ran), payerOf(ran)]);
  world.capacities.set("acme/saga", 0);
  const taskId = await world.submit("saga", null, { deadline: world.clock.now() + 1_000 });
  await world.advance(2_000);
  expect([codeOf(await world.last(taskId)), ran]).toEqual(["DEADLINE_EXCEEDED", []]);
});

for (const how of ["a cancel", "its deadline"] as const)
  test(`a task whose process died before anything of it was recorded is told of ${how}: its first step may have run`, async () => {
    const ran: string[] = [];
    const world: EngineWorld = new EngineWorld(
      [
        define("asker", (_, ctx) => ctx.command({ agent: "saga" }, 1, { timeoutMs: 5_000 })),
        define(
          "saga",
          async (_, ctx) => {
            await ctx.step("book", () => {
              ran.push("book");
              // Nobody runs it from here on.
              if (ran.length === 1) world.capacities.set("acme/saga", 0);
            });
            await ctx.sleep(PAUSE_MS);
            if (ctx.signal.aborted) await ctx.step("unbook", () => void ran.push("unbook"));
          },
          COMPENSATES,
        ),
      ],
      { crashes: [{ commit: 2, when: "before" }] },
    );
    const [taskId = ""] = await world.children(await world.submit("asker"));
    expect([await world.state(taskId), ran]).toEqual(["submitted", ["book"]]);
    if (how === "a cancel") await world.cancel(taskId);
    await world.advance(6_000);
    expect([await world.state(taskId), ran]).toEqual(["working", ["book"]]);
    world.capacities.delete("acme/saga");
    await world.advance(2 * PAUSE_MS);
    expect(ran).toEqual(["book", "book", "unbook"]);
    expect(codeOf(await world.last(taskId))).toBe(how === "a cancel" ? "task.canceled" : "DEADLINE_EXCEEDED");
  });

test("only calls that were made before see their signal abort; what was under way is not rejected", async () => {
  const seen: unknown[] = [];
  const hold = gate();
  const world = new EngineWorld([
    define(
      "saga",
      async (_, ctx) => {
        const under = ctx.step("long", async ({ signal }) => {
          signal.addEventListener("abort", () => seen.push((signal.reason as PlatformError).code));
          await hold.opened;
          return "came to its end";
        });
        seen.push(await under);
        await ctx.step("after", ({ signal }) => void seen.push(signal.aborted));
        await ctx.step("timed", ({ signal }) => void seen.push(signal.aborted), { timeoutMs: 1000 });
      },
      COMPENSATES,
    ),
  ]);
  const taskId = await world.submit("saga");
  await world.cancel(taskId);
  // No grace that runs out.
  await world.advance(LONG_MS);
  expect(await world.state(taskId)).toBe("working");
  hold.open();
  await world.quiet();
  expect(seen).toEqual(["CANCELED", "came to its end", false, false]);
  expect(await world.last(taskId)).toMatchObject({ type: "task.canceled" });
});

test("a step that fails after the cancel is not tried again, unless it was made after that", async () => {
  const tries: string[] = [];
  const hold = gate();
  const world = new EngineWorld([
    define(
      "saga",
      async (_, ctx) => {
        const fails = (name: string) =>
          ctx
            .step(name, async () => {
              tries.push(name);
              await hold.opened;
              throw new Error("no answer");
            })
            .catch(() => null);
        await fails("before");
        await fails("after");
      },
      COMPENSATES,
    ),
  ]);
  const taskId = await world.submit("saga");
  await world.cancel(taskId);
  hold.open();
  await world.advance(LONG_MS);
  expect(tries).toEqual(["before", "after", "after", "after", "after"]);
});

test("a step that was under way at the cancel runs again after a crash with its signal aborted", async () => {
  const seen: boolean[] = [];
  let hold = gate();
  const world = new EngineWorld([
    define(
      "saga",
      async (_, ctx) => {
        for (const timeout of [{}, { timeoutMs: LONG_MS }])
          await ctx
            .step(
              "long",
              async ({ signal }) => {
                seen.push(signal.aborted);
                if (!signal.aborted) await hold.opened;
                signal.throwIfAborted();
              },
              timeout,
            )
            .catch(() => null);
      },
      COMPENSATES,
    ),
  ]);
  const taskId = await world.submit("saga");
  await world.cancel(taskId);
  hold = gate();
  world.crash();
  await world.advance(1000);
  expect(seen.slice(0, 2)).toEqual([false, true]);
  expect(await recordedFailures(world, taskId)).toEqual([["step:long", "CANCELED"]]);
});

const recordedFailures = async (world: EngineWorld, taskId: string): Promise<unknown[]> =>
  (await world.log(taskId)).flatMap((event) =>
    event.type === "step.failed" ? [[event.data.path, event.data.error.code]] : [],
  );

test("children are not canceled by the engine before the code ends; then those it left are", async () => {
  const answered = gate();
  const world = new EngineWorld([
    define(
      "saga",
      async (_, ctx) => {
        void ctx.command({ agent: "child" }, 1).catch(() => null);
        await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => null);
        await ctx.sleep(PAUSE_MS);
        answered.open();
      },
      COMPENSATES,
    ),
    define("child", (_, ctx) => ctx.waitForInput("?")),
  ]);
  const taskId = await world.submit("saga");
  await world.cancel(taskId);
  const [child = ""] = await world.children(taskId);
  await world.advance(PAUSE_MS / 2);
  expect(await world.state(child)).toBe("input-required");
  await world.advance(PAUSE_MS);
  expect([await world.state(taskId), await world.state(child)]).toEqual(["canceled", "canceled"]);
});

test("what could not be taken back is said by the terminal event, to callers and to the task above", async () => {
  const world = new EngineWorld([
    define(
      "saga",
      async (_, ctx) => {
        await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => null);
        throw new Error("the ticket stands");
      },
      COMPENSATES,
    ),
    define(
      "above",
      (_, ctx) =>
        ctx
          .command({ agent: "saga" }, 1, { signal: ctx.signal })
          .catch(({ code, details }: PlatformError) => ctx.artifact({ name: "told", data: { code, details } })),
      COMPENSATES,
    ),
  ]);
  const taskId = await world.submit("above");
  await world.cancel(taskId);
  await world.advance(1000);
  const error = { code: "AGENT_FAILED", message: "the ticket stands" };
  const [child = ""] = await world.children(taskId);
  expect(await world.last(child)).toMatchObject({ type: "task.canceled", data: { error } });
  const { service } = await world.alive();
  expect((await service.view(SCOPE, child)).status.message?.parts[0]?.text).toContain(
    "AGENT_FAILED: the ticket stands",
  );
  expect((await service.view(SCOPE, taskId)).artifacts?.[0]?.parts[0]?.data).toMatchObject({
    ...{ code: "CANCELED", details: { error } },
  });
  expect(await world.last(taskId)).toMatchObject({ type: "task.canceled", data: { reason: "enough" } });
  expect((await world.last(taskId))?.data).not.toHaveProperty("error");
});

test("of a cancel and the deadline the first aborts the signal; once canceled, it ends as canceled", async () => {
  const reasons: unknown[] = [];
  const saga = define(
    "saga",
    async (_, ctx) => {
      ctx.signal.addEventListener("abort", () => reasons.push((ctx.signal.reason as PlatformError).code));
      await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => null);
      await ctx.sleep(PAUSE_MS);
      throw ctx.signal.reason;
    },
    COMPENSATES,
  );
  const run = async (order: "cancel first" | "deadline first"): Promise<unknown[]> => {
    const world = new EngineWorld([saga]);
    const taskId = await world.submit("saga", null, { deadline: world.clock.now() + PAUSE_MS / 2 });
    if (order === "cancel first") await world.cancel(taskId);
    await world.advance(PAUSE_MS / 2);
    world.crash();
    reasons.length = 0;
    if (order === "deadline first") await world.cancel(taskId);
    await world.advance(2 * PAUSE_MS);
    const types = await world.types(taskId);
    const told = types.filter((type) => type === "task.cancelRequested" || type === "task.deadlinePassed");
    return [told, reasons.at(-1), (await world.last(taskId))?.type];
  };
  expect(await run("cancel first")).toEqual([["task.cancelRequested"], "CANCELED", "task.canceled"]);
  expect(await run("deadline first")).toEqual([
    ...[["task.deadlinePassed", "task.cancelRequested"], "DEADLINE_EXCEEDED", "task.canceled"],
  ]);
});

test("a cancel or deadline that comes when the code has ended comes too late: nobody would take back what it did", async () => {
  for (const how of ["cancel", "deadline"] as const)
    for (const crashes of [false, true]) {
      let hold = gate();
      const output = {
        "~standard": {
          ...{ version: 1 as const, vendor: "test" },
          validate: (value: unknown) => hold.opened.then(() => ({ value })),
        },
      };
      const saga = define("saga", (_, ctx) => ctx.step("book", () => "booked"), { ...COMPENSATES, output });
      const world = new EngineWorld([saga]);
      const { service } = await world.alive();
      let taskId = "";
      const deadline = world.clock.now() + 5_000;
      void service.submit(SCOPE, { target: { agent: "saga" }, deadline }).then((submitted) => {
        ({ taskId } = submitted);
      });
      await world.quiet();
      if (how === "cancel") await world.cancel(taskId);
      else await world.advance(6_000);
      if (crashes) {
        world.crash();
        hold = gate();
        await world.quiet();
      }
      hold.open();
      await world.quiet();
      expect(outputOf(await world.last(taskId))).toBe("booked");
      expect((await world.types(taskId)).includes("task.cancelRequested")).toBe(how === "cancel");
      expect(await world.types(taskId)).not.toContain("task.deadlinePassed");
    }
});

test("a cancel that is read when the end is on its way comes too late, too", async () => {
  const reading = new Pause();
  const hold = gate();
  const world = new EngineWorld(
    [define("saga", (_, ctx) => ctx.step("book", () => hold.opened.then(() => "booked")), COMPENSATES)],
    {
      wrap: (store) => wrapStore(store, { mailbox: async (next, key) => reading.pass(await next(key)) }),
    },
  );
  const taskId = await world.submit("saga");
  reading.arm();
  await world.cancel(taskId);
  hold.open();
  await world.quiet();
  expect(await world.state(taskId)).toBe("working");
  reading.open();
  await world.quiet();
  expect((await world.types(taskId)).slice(-3)).toEqual(["step.completed", "task.cancelRequested", "task.completed"]);
});

const talk = async (ctx: Context): Promise<void> => {
  await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => null);
};

test("a task that compensates goes on in a fresh log after a cancel and after its deadline, and still knows", async () => {
  for (const why of ["cancel", "deadline"] as const) {
    const seen: unknown[] = [];
    const saga = define(
      "saga",
      async (task, ctx) => {
        if (task.continuedFrom === undefined) {
          await talk(ctx);
          await ctx.continueAs(1);
        }
        seen.push((ctx.signal.reason as PlatformError).code);
        await ctx.step("undo", ({ signal }) => void seen.push(signal.aborted));
        await ctx.sleep(PAUSE_MS);
      },
      COMPENSATES,
    );
    const world = new EngineWorld([saga]);
    const taskId = await world.submit("saga", null, { deadline: world.clock.now() + 10_000 });
    if (why === "cancel") await world.cancel(taskId);
    await world.advance(20_000);
    world.crash();
    await world.advance(2 * PAUSE_MS);
    const code = why === "cancel" ? "CANCELED" : "DEADLINE_EXCEEDED";
    expect(seen).toEqual([code, false, code]);
    expect((await world.types(taskId)).filter((type) => /deadlinePassed|cancelRequested/.test(type))).toHaveLength(1);
    expect(await world.last(taskId)).toMatchObject(
      why === "cancel" ? { type: "task.canceled", data: { reason: "enough" } } : { type: "task.failed" },
    );
  }
});

/** Parked, because its code was changed under it. */
const parked = async () => {
  const ran: string[] = [];
  const saga = sagaOf(ran);
  const changed = define("saga", () => "something else", COMPENSATES);
  const world = new EngineWorld([saga, payerOf(ran)]);
  const taskId = await world.submit("saga");
  world.crash();
  world.change(changed);
  await world.say(taskId, "yes");
  expect(codeOf(await world.last(taskId))).toBe("NON_DETERMINISTIC");
  return { world, taskId, saga, ran };
};

test("a parked task that is canceled goes on, to take back what it did", async () => {
  const { world, taskId, saga, ran } = await parked();
  world.change(saga);
  await world.cancel(taskId);
  await world.advance(3 * PAUSE_MS);
  expect([await world.state(taskId), ran]).toEqual(["canceled", ["book", "pay", "refund", "unbook"]]);
});

test("a task whose deadline passes while it is parked is told of it when it goes on", async () => {
  const ran: string[] = [];
  const world = new EngineWorld([sagaOf(ran), payerOf(ran)]);
  const taskId = await world.submit("saga", null, { deadline: world.clock.now() + PAUSE_MS });
  world.crash();
  world.change(define("saga", () => "something else", COMPENSATES));
  await world.say(taskId, "yes");
  await world.advance(2 * PAUSE_MS);
  expect(await world.state(taskId)).toBe("parked");
  world.change(sagaOf(ran));
  await world.retry(taskId);
  await world.advance(3 * PAUSE_MS);
  expect([codeOf(await world.last(taskId)), ran]).toEqual(["DEADLINE_EXCEEDED", ["book", "pay", "refund", "unbook"]]);
});

test("a log that is full is taken back all the same, once it is canceled", async () => {
  const count = 10_050;
  const ran: string[] = [];
  const saga = define(
    "saga",
    async (_, ctx) => {
      await Promise.all(Array.from({ length: count }, (_each, index) => ctx.step(`book ${index}`, () => index)));
      for (let index = 0; index < 10; index++) await ctx.step("more", () => void ran.push("more"));
      if (ctx.signal.aborted) await ctx.step("unbook", () => void ran.push("unbook"));
    },
    COMPENSATES,
  );
  const world = new EngineWorld([saga]);
  const taskId = await world.submit("saga");
  expect(await world.state(taskId)).toBe("parked");
  await world.cancel(taskId);
  await world.advance(1);
  expect([await world.state(taskId), ran.at(-1)]).toEqual(["canceled", "unbook"]);
}, 60_000);

test("a parked task whose code cannot take back is parked again; asked once more, later, it ends as it stands and says so", async () => {
  const { world, taskId } = await parked();
  await world.cancel(taskId);
  expect((await world.types(taskId)).slice(-4)).toEqual([
    ...["task.cancelRequested", "task.resumed", "task.assigned", "task.parked"],
  ]);
  // A repeat of the first.
  await world.cancel(taskId);
  await world.advance(5_000);
  expect(await world.state(taskId)).toBe("parked");
  await world.advance(5_000);
  await world.cancel(taskId);
  expect(await world.last(taskId)).toMatchObject({
    ...{ type: "task.canceled", data: { reason: "enough", error: { code: "NON_DETERMINISTIC" } } },
  });
});

test("a parked task whose revision is gone waits parked for it after a cancel, and is taken back when it is there again", async () => {
  const { world, taskId, saga, ran } = await parked();
  world.remove("saga");
  await world.cancel(taskId);
  expect(codeOf(await world.last(taskId))).toBe("REVISION_UNAVAILABLE");
  world.change(saga);
  await world.retry(taskId);
  await world.advance(3 * PAUSE_MS);
  expect([await world.state(taskId), ran]).toEqual(["canceled", ["book", "pay", "refund", "unbook"]]);
});

test("a parked task that is canceled waits for a slot to take back, and nothing spins", async () => {
  const { world, taskId } = await parked();
  world.capacities.set("acme/saga", 0);
  await world.cancel(taskId);
  const before = world.commits;
  await world.advance(LONG_MS);
  expect([await world.state(taskId), (await world.last(taskId))?.type]).toEqual(["parked", "task.cancelRequested"]);
  expect(world.commits - before).toBeLessThan(3);
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
});

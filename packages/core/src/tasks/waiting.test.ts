/** Waits: retries, time limits, answers, cancels, children, fresh logs, patches, events, slots. */
import type { Schema } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { z } from "zod";
import { codeOf, define, EngineWorld, gate, outputOf, SCOPE } from "../../test/engine-world.ts";

test("a failing step is tried again after 100, 200, 400 ms and a little, then its error comes out", async () => {
  const at: number[] = [];
  const world: EngineWorld = new EngineWorld([
    define("flaky", (_, ctx) =>
      ctx.step("call", () => {
        at.push(world.clock.now());
        throw new Error("no answer");
      }),
    ),
  ]);
  const taskId = await world.submit("flaky");
  await world.advance(5000);
  expect(codeOf(await world.last(taskId))).toBe("AGENT_FAILED");
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  expect(waits).toHaveLength(3);
  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThanOrEqual(100 * 2 ** index);
    expect(wait).toBeLessThanOrEqual(125 * 2 ** index + 1);
  }
});

test("a try that takes too long is aborted and tried again", async () => {
  const reasons: unknown[] = [];
  const world = new EngineWorld([
    define("slow", (_, ctx) =>
      ctx.step(
        "call",
        ({ signal, attempt }) => {
          if (attempt === 2) return "in time";
          signal.addEventListener("abort", () => reasons.push((signal.reason as { code: string }).code));
          return new Promise<string>(() => {});
        },
        { timeoutMs: 1000 },
      ),
    ),
  ]);
  const taskId = await world.submit("slow");
  await world.advance(1500);
  expect(outputOf(await world.last(taskId))).toBe("in time");
  expect(reasons).toEqual(["DEADLINE_EXCEEDED"]);
});

for (const asleep of [false, true]) {
  // A child inherits the deadline, so it fails by itself when its parent's cancel does not come first.
  test(`a deadline fails the task and leaves no child open${asleep ? ", also when the process died meanwhile" : ""}`, async () => {
    const world = new EngineWorld([
      define("child", (_, ctx) => ctx.waitForInput("?")),
      define("parent", (_, ctx) => ctx.command({ agent: "child" }, 1, { timeoutMs: 3_600_000 })),
    ]);
    const taskId = await world.submit("parent", null, { deadline: world.clock.now() + 10_000 });
    if (asleep) world.crash();
    await world.advance(10_600);
    expect(codeOf(await world.last(taskId))).toBe("DEADLINE_EXCEEDED");
    const [child] = await world.children(taskId);
    expect(["failed", "canceled"]).toContain(await world.state(child ?? ""));
  });
}

test("a cancel runs the clean-up steps in catch before the terminal event, with a signal that is not aborted", async () => {
  const done: string[] = [];
  const world = new EngineWorld([
    define("booker", async (_, ctx) => {
      await ctx.step("book", () => done.push("booked"));
      try {
        return await ctx.waitForInput("Keep it?");
      } catch (error) {
        await ctx.step("undo", ({ signal }) => void done.push(signal.aborted ? "aborted" : "undone"));
        throw error;
      }
    }),
  ]);
  const taskId = await world.submit("booker");
  await world.cancel(taskId);
  expect(done).toEqual(["booked", "undone"]);
  expect(await world.state(taskId)).toBe("canceled");
  expect((await world.types(taskId)).slice(-2)).toEqual(["step.completed", "task.canceled"]);
});

test("a detached child survives the cancel of its parent, an attached one does not", async () => {
  const world = new EngineWorld([
    define("child", (_, ctx) => ctx.waitForInput("?")),
    define("parent", (_, ctx) =>
      Promise.all([
        ctx.command({ agent: "child" }, 1, { detached: true, key: "free" }),
        ctx.command({ agent: "child" }, 2, { key: "bound" }),
      ]),
    ),
  ]);
  const taskId = await world.submit("parent");
  await world.cancel(taskId);
  const states = await Promise.all(
    (await world.children(taskId)).map(async (child) => (await world.state(child)) ?? ""),
  );
  expect(states.toSorted()).toEqual(["canceled", "input-required"]);
});

test("a cancel of a parked parent spares its detached child, too", async () => {
  const world = new EngineWorld([
    define("child", (_, ctx) => ctx.waitForInput("?")),
    define("parent", async (_, ctx) =>
      Promise.all([
        ctx.command({ agent: "child" }, 1, { detached: true, key: "free" }),
        ctx.command({ agent: "child" }, 2, { key: "bound" }),
        ctx.sleep(60_000),
      ]),
    ),
  ]);
  const taskId = await world.submit("parent");
  world.change(define("parent", (_, ctx) => ctx.sleep(1)));
  world.crash();
  await world.advance(61_000);
  expect(await world.state(taskId)).toBe("parked");
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
  const states = await Promise.all(
    (await world.children(taskId)).map(async (child) => (await world.state(child)) ?? ""),
  );
  expect(states.toSorted()).toEqual(["canceled", "input-required"]);
});

test("a follow-up while the task works is in ctx.messages and answers no later question", async () => {
  const world = new EngineWorld([
    define("talker", async (_, ctx) => {
      await ctx.sleep(10_000);
      const heard = ctx.messages.map(({ parts }) => parts[0]?.text);
      return { heard, said: await ctx.waitForInput("?") };
    }),
  ]);
  const taskId = await world.submit("talker");
  await world.say(taskId, "by the way");
  await world.advance(11_000);
  expect(await world.state(taskId)).toBe("input-required");
  await world.say(taskId, "answer");
  expect(outputOf(await world.last(taskId))).toEqual({ heard: ["by the way"], said: "answer" });
});

const later: Schema<string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
      return value === "yes" ? { value: "yes" } : { issues: [{ message: "say yes" }] };
    },
  },
};
const throwing: Schema<string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      if (value !== "yes") throw new Error("say yes");
      return { value: "yes" };
    },
  },
};
for (const [name, schema] of [
  ["refuses", z.literal("yes")],
  ["takes its time", later],
  ["throws", throwing],
] as const) {
  test(`an answer that does not fit is asked again, with a schema that ${name}`, async () => {
    const world = new EngineWorld([define("asker", (_, ctx) => ctx.waitForInput({ prompt: "Sure?", schema }))]);
    const taskId = await world.submit("asker");
    await world.say(taskId, "perhaps", "m1");
    for (let turns = 0; turns < 3; turns++) await world.quiet();
    expect(await world.last(taskId)).toMatchObject({ type: "task.inputRequired", data: { refusedMessageId: "m1" } });
    await world.say(taskId, "yes", "m2");
    for (let turns = 0; turns < 3; turns++) await world.quiet();
    expect(outputOf(await world.last(taskId))).toBe("yes");
  });
}

test("an output schema that throws fails the task instead of the process", async () => {
  const world = new EngineWorld([define("x", () => "no", { output: throwing })]);
  expect(codeOf(await world.last(await world.submit("x")))).toBe("AGENT_FAILED");
});

test("continueAs goes on with the handed state and forgets what was before", async () => {
  const ran: unknown[] = [];
  const world = new EngineWorld([
    define("counter", async (task, ctx): Promise<unknown> => {
      const round = ((task.continuedFrom as number | undefined) ?? 0) + 1;
      await ctx.step("round", ({ idempotencyKey }) => void ran.push(idempotencyKey));
      await ctx.sleep(10_000);
      return round === 3 ? { round } : ctx.continueAs(round);
    }),
  ]);
  const taskId = await world.submit("counter");
  for (let rounds = 0; rounds < 3; rounds++) {
    world.crash();
    await world.advance(11_000);
  }
  expect(outputOf(await world.last(taskId))).toEqual({ round: 3 });
  expect(new Set(ran).size).toBe(3);
  expect(ran).toHaveLength(3);
});

test("a task goes on once, as it was told first, and not when it is out of time or has left memory", async () => {
  const later = gate();
  const world = new EngineWorld([
    define("twice", async (task, ctx) => task.continuedFrom ?? Promise.all([ctx.continueAs(1), ctx.continueAs(2)])),
    define("late", async (task, ctx) => {
      if (task.continuedFrom !== undefined) return "went on";
      ctx.signal.addEventListener("abort", () => void ctx.continueAs(1));
      return ctx.step("work", () => new Promise(() => {}));
    }),
    define("stray", async (task, ctx) => {
      if (task.continuedFrom !== undefined) return "went on";
      void later.opened.then(() => ctx.continueAs(1)).catch(() => undefined);
      await ctx.sleep(60_000);
      return "slept";
    }),
  ]);
  expect(outputOf(await world.last(await world.submit("twice")))).toBe(1);
  const late = await world.submit("late", null, { deadline: world.clock.now() + 1000 });
  await world.advance(1000);
  expect(codeOf(await world.last(late))).toBe("DEADLINE_EXCEEDED");
  expect(await world.types(late)).not.toContain("checkpoint.created");
  const stray = await world.submit("stray");
  later.open();
  await world.advance(60_000);
  expect(outputOf(await world.last(stray))).toBe("slept");
  expect((await world.types(stray)).filter((type) => type === "task.assigned")).toHaveLength(2);
});

test("a canceled task does not go on in a fresh log", async () => {
  const world = new EngineWorld([
    define("stubborn", async (task, ctx) =>
      task.continuedFrom === undefined
        ? ctx.waitForInput("?").catch(() => ctx.continueAs(1))
        : ctx.waitForInput("again?"),
    ),
  ]);
  const taskId = await world.submit("stubborn");
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
});

test("patched is false for tasks that passed the place before and true for those that come to it now, on every replay", async () => {
  const world = new EngineWorld([define("x", async (_, ctx) => (await ctx.sleep(10_000), ctx.waitForInput("?")))]);
  const old = await world.submit("x");
  world.change(
    define("x", async (_, ctx) => {
      const patched = ctx.patched("faster");
      if (!patched) await ctx.sleep(10_000);
      else await ctx.step("fast", () => 1);
      return [patched, await ctx.waitForInput("?")];
    }),
  );
  world.crash();
  const fresh = await world.submit("x");
  await world.advance(11_000);
  world.crash();
  await world.say(old, "a");
  await world.say(fresh, "b");
  expect(outputOf(await world.last(old))).toEqual([false, "a"]);
  expect(outputOf(await world.last(fresh))).toEqual([true, "b"]);
});

test("a durable event starts each subscriber once, wherever the process dies on the way", async () => {
  for (let commit = 1; commit <= 6; commit++) {
    for (const when of ["before", "after"] as const) {
      const world = new EngineWorld(
        [
          define("teller", (_, ctx) => ctx.emit("loan.decided", { id: 1 }, { durable: true })),
          define("letters", (task) => task.input, { subscribes: ["loan.decided"] }),
          define("ledger", (task) => task.input, { subscribes: ["loan.decided"] }),
        ],
        { crashes: [{ commit, when }] },
      );
      await world.submit("teller");
      await world.advance(3000);
      const { heads } = await world.store.list({ tenantId: "acme", limit: 100 });
      expect([commit, when, heads.map(({ agent, state }) => `${agent} ${state}`).toSorted()]).toEqual([
        commit,
        when,
        ["ledger completed", "letters completed", "teller completed"],
      ]);
      expect((await world.store.takeOutbox(10)).rows).toEqual([]);
    }
  }
});

test("waiting tasks leave nothing resident", async () => {
  const world = new EngineWorld([
    define("child", (_, ctx) => ctx.waitForInput("?")),
    define("parent", (_, ctx) => ctx.command({ agent: "child" }, 1)),
    define("sleeper", (_, ctx) => ctx.sleep(60_000)),
  ]);
  await world.submit("parent");
  await world.submit("sleeper");
  expect((await world.alive()).engine.resident).toBe(0);
});

test("an agent never has more tasks in memory than it has slots, and a backlog empties without waiting for the sweep", async () => {
  let now = 0;
  let most = 0;
  const world = new EngineWorld(
    [
      define("busy", (_, ctx) =>
        ctx.step("work", async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setImmediate(resolve));
          now--;
        }),
      ),
      define(
        "starter",
        async (_, ctx) =>
          void (await Promise.all(
            Array.from({ length: 30 }, (__, index) => ctx.command({ agent: "busy" }, index, { key: String(index) })),
          )),
      ),
    ],
    { concurrency: 2 },
  );
  const taskId = await world.submit("starter");
  for (let turns = 0; turns < 40; turns++) await world.quiet();
  expect(await world.state(taskId)).toBe("completed");
  expect(most).toBe(2);
});

test("a message that is sent twice answers one question, also after an eviction", async () => {
  const world = new EngineWorld([
    define("twice", async (_, ctx) => [
      await ctx.waitForInput("first?"),
      await Promise.race([ctx.waitForInput({ prompt: "second?" }), ctx.sleep(900).then(() => "none")]),
    ]),
  ]);
  const taskId = await world.submit("twice");
  await world.say(taskId, "yes", "m1");
  await world.say(taskId, "yes", "m1");
  await world.advance(2000);
  expect(outputOf(await world.last(taskId))).toEqual(["yes", "none"]);
});

test("mail beside continueAs in one unit does not restart the first history", async () => {
  const generations: unknown[] = [];
  const world: EngineWorld = new EngineWorld([
    define("counter", async (task, ctx) => {
      const count = (task.continuedFrom as number | undefined) ?? 0;
      generations.push(count);
      await ctx.step("tick", () => count);
      if (count === 2) return count;
      void world.say(await ctx.step("self", () => task.id), "hello");
      return ctx.continueAs(count + 1);
    }),
  ]);
  const taskId = await world.submit("counter");
  await world.advance(3000);
  expect(outputOf(await world.last(taskId))).toBe(2);
  expect([...new Set(generations)]).toEqual([0, 1, 2]);
});

test("fractions of a millisecond and shares beyond one harm nobody", async () => {
  const world = new EngineWorld([
    define("odd", async (_, ctx) => {
      await ctx.progress("none of none", 0 / 0);
      await ctx.progress("all", 1.000001);
      await ctx.sleep(2000.5);
      return "done";
    }),
  ]);
  const taskId = await world.submit("odd");
  await world.advance(4000);
  expect(outputOf(await world.last(taskId))).toBe("done");
});

test("an answer that no longer fits, when the code has gone on, does not reopen the task", async () => {
  const schema = z.object({ ok: z.boolean() });
  const world: EngineWorld = new EngineWorld([
    define("impatient", async (task, ctx) => {
      const winner = await Promise.race([ctx.waitForInput({ prompt: "?", schema }), ctx.sleep(100).then(() => "late")]);
      await ctx.step("note", async () => {
        await world.store.commit([
          {
            tenantId: "acme",
            mail: [
              {
                taskId: task.id,
                key: "m",
                kind: "message",
                payload: { messageId: "m", role: "ROLE_USER", parts: [{ text: "no" }] },
                ifTerminal: "refuse",
              },
            ],
          },
        ]);
      });
      return winner;
    }),
  ]);
  const taskId = await world.submit("impatient");
  await world.advance(3000);
  expect(await world.state(taskId)).toBe("completed");
});

test("clean-up that asks a person after a cancel is ended by its grace, not kept for ever (I10)", async () => {
  const world = new EngineWorld([
    define("stubborn", async (_, ctx) => {
      try {
        return await ctx.waitForInput("keep?");
      } catch {
        return ctx.waitForInput("really?");
      }
    }),
  ]);
  const taskId = await world.submit("stubborn");
  await world.cancel(taskId);
  await world.advance(31_000);
  expect(await world.state(taskId)).toBe("canceled");
});

test("a task that asks shows what it asks also while it tells of its progress in something else", async () => {
  const world = new EngineWorld([
    define("busy", async (_, ctx) => {
      const answer = ctx.waitForInput("Which one?");
      await ctx.progress("looking around");
      await ctx.sleep(100);
      await ctx.progress("half way", 0.5);
      const said = await answer;
      await ctx.progress("on it");
      await ctx.sleep(60_000);
      return said;
    }),
  ]);
  const taskId = await world.submit("busy");
  const shown = async () => {
    const { status } = await (await world.alive()).service.view(SCOPE, taskId);
    return [status.state, status.message?.parts[0]?.text];
  };
  await world.advance(200);
  expect(await world.types(taskId)).toContain("task.progressed");
  expect(await shown()).toEqual(["TASK_STATE_INPUT_REQUIRED", "Which one?"]);
  await world.say(taskId, "this one");
  expect(await shown()).toEqual(["TASK_STATE_WORKING", "on it"]);
});

test("a question without words is refused where it is asked", async () => {
  const world = new EngineWorld([define("mute", (_, ctx) => ctx.waitForInput({ message: "what?" } as never))]);
  expect(codeOf(await world.last(await world.submit("mute")))).toBe("INVALID_ARGUMENT");
});

const naps = () =>
  define("napper", async (_, ctx) => {
    for (;;) {
      const heard = ctx.messages.length;
      await ctx.sleep(60_000, { untilMessage: true });
      if (ctx.messages.length === heard) return ctx.messages.map(({ messageId }) => messageId);
    }
  });

test("a sleep until a message ends with it, out of memory too, and otherwise when its time is up", async () => {
  const world = new EngineWorld([naps()]);
  const taskId = await world.submit("napper");
  await world.advance(30_000);
  expect((await world.alive()).engine.resident).toBe(0);
  await world.say(taskId, "up", "m1");
  await world.advance(1_000);
  await world.say(taskId, "up", "m2");
  await world.advance(59_000);
  expect(await world.state(taskId)).toBe("working");
  await world.advance(2_000);
  expect(outputOf(await world.last(taskId))).toEqual(["m1", "m2"]);
  const sleeps = (await world.log(taskId)).filter((event) => event.type === "step.completed");
  expect(sleeps).toHaveLength(3);
});

for (const when of ["before", "after"] as const) {
  test(`a process that dies ${when} the commit that a message ends a sleep with loses neither`, async () => {
    for (let commit = 1; commit <= 10; commit++) {
      const world = new EngineWorld([naps()], { crashes: [{ commit, when }] });
      const taskId = await world.submit("napper");
      for (const messageId of ["m1", "m2"]) {
        await world.advance(10_000);
        // Said by a caller who asks again when the process died before it answered.
        const isSaid = async () =>
          (await world.log(taskId)).some(
            (event) => event.type === "message.added" && event.data.message.messageId === messageId,
          );
        while (!(await isSaid())) {
          void world.say(taskId, "up", messageId);
          await world.advance(1_000);
        }
      }
      await world.advance(70_000);
      expect(outputOf(await world.last(taskId))).toEqual(["m1", "m2"]);
    }
  });
}

/** Calls that their code takes back by a signal: commands, whose child may have done its work all the same, and questions. */
import type { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, gate, outputOf, SCOPE } from "../../test/engine-world.ts";

const AT_MS = 5_000;
const codeOfError = ({ code }: PlatformError): string => code;

/** Withdraws its command after a while, and waits for what became of it. */
const withdrawing = (target = "worker") =>
  define("above", async (_, ctx) => {
    const withdrawn = new AbortController();
    const work = ctx.command({ agent: target }, 1, { signal: withdrawn.signal }).catch(codeOfError);
    await ctx.sleep(AT_MS);
    withdrawn.abort();
    return [await work, await ctx.step("after", () => "went on")];
  });

const workers = {
  "stops, when it is canceled": {
    worker: () => define("worker", (_, ctx) => ctx.waitForInput("?")),
    becomes: "CANCELED",
  },
  "fails, when it is canceled": {
    worker: () =>
      define(
        "worker",
        (_, ctx) =>
          ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => {
            throw new Error("it stands");
          }),
        { compensates: true },
      ),
    becomes: "CANCELED",
  },
  "takes its time": {
    worker: () =>
      define(
        "worker",
        async (_, ctx) => {
          await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => ctx.sleep(AT_MS));
        },
        { compensates: true },
      ),
    becomes: "CANCELED",
  },
} as const;

for (const [what, { worker, becomes }] of Object.entries(workers))
  test(`a command that is withdrawn settles when its child has ended, wherever the process dies: one that ${what}`, async () => {
    const run = async (world: EngineWorld): Promise<void> => {
      const taskId = await world.submit("above");
      await world.advance(AT_MS);
      await world.advance(AT_MS);
      await world.advance(AT_MS);
      expect(outputOf(await world.last(taskId))).toEqual([becomes, "went on"]);
      const [child = "", ...others] = await world.children(taskId);
      expect([await world.state(child), others]).toEqual(["canceled", []]);
      expect((await world.types(child)).filter((type) => type === "task.cancelRequested")).toHaveLength(1);
    };
    const whole = new EngineWorld([withdrawing(), worker()]);
    await run(whole);
    expect(whole.commits).toBeGreaterThan(5);
    for (let commit = 1; commit <= whole.commits; commit++)
      for (const when of ["before", "after"] as const)
        await run(new EngineWorld([withdrawing(), worker()], { crashes: [{ commit, when }] }));
  });

for (const order of ["before its parent withdrew it", "before it heard of that"] as const)
  test(`a child that came to its end ${order} gives its output: the effect is there`, async () => {
    const world = new EngineWorld([
      define("above", async (_, ctx) => {
        const withdrawn = new AbortController();
        const work = ctx.command({ agent: "worker" }, 1, { signal: withdrawn.signal });
        await ctx.waitForInput("Stop?");
        withdrawn.abort();
        return work;
      }),
      define("worker", (_, ctx) => ctx.waitForInput("Paid?"), { compensates: order === "before it heard of that" }),
    ]);
    const taskId = await world.submit("above");
    const [child = ""] = await world.children(taskId);
    if (order === "before its parent withdrew it") world.capacities.set("acme/above", 0);
    const { service } = await world.alive();
    const say = (id: string, text: string) =>
      service.send(SCOPE, id, { messageId: text, role: "ROLE_USER", parts: [{ text }] });
    void Promise.all([say(child, "paid"), say(taskId, "stop")]);
    await world.quiet();
    world.capacities.delete("acme/above");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toBe("paid");
    expect((await world.types(taskId)).filter((type) => type === "step.failed")).toEqual([]);
  });

test("a command that nobody has yet is rejected at once when it is withdrawn, and no child is made", async () => {
  const loading = gate();
  const world = new EngineWorld([withdrawing(), define("worker", () => "done")], {
    wrapLoad: (load) => async (revision) => {
      if (revision.agent === "worker") await loading.opened;
      return load(revision);
    },
  });
  const taskId = await world.submit("above");
  await world.advance(AT_MS);
  loading.open();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toEqual(["CANCELED", "went on"]);
  expect(await world.children(taskId)).toEqual([]);
});

test("a command that nobody takes fails once when it is withdrawn meanwhile", async () => {
  const loading = gate();
  const world = new EngineWorld([withdrawing(), define("worker", () => "done")], {
    wrapLoad: (load) => async (revision) => {
      if (revision.agent !== "worker") return load(revision);
      await loading.opened;
      throw new Error("it does not load");
    },
  });
  const taskId = await world.submit("above");
  await world.advance(AT_MS - 1);
  void world.clock.advance(1).then(loading.open);
  await world.advance(1);
  await world.quiet();
  const { output, failures } = await outcomeOf(world, taskId);
  expect(output).toEqual([expect.any(String), "went on"]);
  expect(failures).toHaveLength(1);
});

const outcomeOf = async (world: EngineWorld, taskId: string) => ({
  output: outputOf(await world.last(taskId)),
  failures: (await world.types(taskId)).filter((type) => type === "step.failed"),
});

test("a command whose signal has aborted is never sent, also after a crash", async () => {
  for (const commit of [0, 1, 2]) {
    const world = new EngineWorld(
      [
        define("above", async (_, ctx) => {
          const code = await ctx.command({ agent: "worker" }, 1, { signal: AbortSignal.abort() }).catch(codeOfError);
          await ctx.sleep(AT_MS);
          return code;
        }),
        define("worker", () => "done"),
      ],
      { crashes: [{ commit, when: "before" }] },
    );
    const taskId = await world.submit("above");
    await world.advance(AT_MS);
    expect(outputOf(await world.last(taskId))).toBe("CANCELED");
    expect(await world.children(taskId)).toEqual([]);
  }
});

test("after it was withdrawn nobody else gets the command", async () => {
  const skills = [{ id: "work", name: "work", description: "work", tags: [] }];
  const failing = (name: string) =>
    define(
      name,
      async (_, ctx) => {
        await ctx.waitForInput({ prompt: "?", signal: ctx.signal }).catch(() => null);
        await ctx.sleep(AT_MS);
      },
      { skills, timeoutMs: 2 * AT_MS, compensates: true },
    );
  const world = new EngineWorld([
    define("above", async (_, ctx) => {
      const withdrawn = new AbortController();
      const work = ctx.command({ capability: "work" }, 1, { signal: withdrawn.signal }).catch(codeOfError);
      await ctx.sleep(2 * AT_MS + 1_000);
      withdrawn.abort();
      return work;
    }),
    failing("one"),
    failing("two"),
  ]);
  const taskId = await world.submit("above");
  await world.advance(4 * AT_MS);
  expect(await world.children(taskId)).toHaveLength(1);
  expect(outputOf(await world.last(taskId))).toBe("CANCELED");
});

test("an agent that does not compensate may hand its own signal on: a cancel reaches the child once", async () => {
  const world = new EngineWorld([
    define("above", (_, ctx) => ctx.command({ agent: "worker" }, 1, { signal: ctx.signal })),
    define("worker", (_, ctx) => ctx.waitForInput("?")),
  ]);
  for (const crashes of [false, true]) {
    const taskId = await world.submit("above");
    const [child = ""] = await world.children(taskId);
    if (crashes) world.crash();
    await world.cancel(taskId);
    expect([await world.state(taskId), await world.state(child)]).toEqual(["canceled", "canceled"]);
    expect((await world.types(child)).filter((type) => type === "task.cancelRequested")).toHaveLength(1);
  }
});

test("a question is taken back by its signal, wherever the process dies: the task works again", async () => {
  const asker = define("asker", async (_, ctx) => {
    const settled = new AbortController();
    const answer = ctx.waitForInput({ prompt: "Which?", signal: settled.signal }).catch(codeOfError);
    await ctx.sleep(AT_MS);
    settled.abort();
    const code = await answer;
    await ctx.sleep(AT_MS);
    return [code, await ctx.waitForInput("And now?")];
  });
  for (let commit = 0; commit <= 6; commit++)
    for (const when of ["before", "after"] as const) {
      const world = new EngineWorld([asker], { crashes: [{ commit, when }] });
      const taskId = await world.submit("asker");
      await world.quiet();
      expect(await world.state(taskId)).toBe("input-required");
      await world.advance(AT_MS);
      await world.quiet();
      expect([await world.state(taskId), (await world.alive()).engine.resident]).toEqual(["working", 0]);
      await world.advance(AT_MS);
      await world.quiet();
      await world.say(taskId, "this");
      await world.quiet();
      expect(outputOf(await world.last(taskId))).toEqual(["CANCELED", "this"]);
      expect((await world.types(taskId)).filter((type) => type === "task.resumed")).toHaveLength(2);
    }
});

test("a question whose signal has aborted is never asked", async () => {
  const world = new EngineWorld([
    define("asker", async (_, ctx) => {
      const code = await ctx.waitForInput({ prompt: "?", signal: AbortSignal.abort() }).catch(codeOfError);
      await ctx.sleep(AT_MS);
      return code;
    }),
  ]);
  const taskId = await world.submit("asker");
  expect(await world.types(taskId)).not.toContain("task.inputRequired");
  world.crash();
  await world.advance(AT_MS);
  expect(outputOf(await world.last(taskId))).toBe("CANCELED");
});

for (const crashes of [false, true])
  test(`a message that was being checked when its question was taken back answers the next one${crashes ? ", also after a crash" : ""}`, async () => {
    let hold = gate();
    const schema = {
      "~standard": {
        ...{ version: 1 as const, vendor: "test" },
        validate: (value: unknown) => hold.opened.then(() => ({ value })),
      },
    };
    const asker = define("asker", async (_, ctx) => {
      const settled = new AbortController();
      const one = ctx.waitForInput({ prompt: "a", key: "a", schema, signal: settled.signal }).catch(codeOfError);
      const two = ctx.waitForInput({ prompt: "b", key: "b" });
      await ctx.sleep(AT_MS);
      settled.abort();
      return Promise.all([one, two]);
    });
    const world = new EngineWorld([asker]);
    const taskId = await world.submit("asker");
    await world.say(taskId, "hello");
    await world.advance(AT_MS);
    if (crashes) {
      world.crash();
      hold = gate();
      await world.quiet();
    }
    hold.open();
    await world.quiet();
    expect(outputOf(await world.last(taskId))).toEqual(["CANCELED", "hello"]);
  });

test("a signal that is none is refused before anything of the call is recorded", async () => {
  const none = { aborted: false } as never;
  const world = new EngineWorld([
    define("above", (_, ctx) => ctx.command({ agent: "above" }, 1, { signal: none })),
    define("asker", (_, ctx) => ctx.waitForInput({ prompt: "?", signal: none })),
  ]);
  for (const [agent, call] of [
    ["above", "ctx.command"],
    ["asker", "ctx.waitForInput"],
  ] as const)
    expect(await world.last(await world.submit(agent))).toMatchObject({
      ...{ type: "task.failed" },
      data: {
        error: { code: "INVALID_ARGUMENT", message: expect.stringMatching(`^${call}: signal: expected an Abort`) },
      },
    });
});

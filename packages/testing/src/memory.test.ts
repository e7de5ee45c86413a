import { agent } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { type TestAgentOptions, testAgent } from "./index.ts";

type Ask =
  | { readonly remember: string; readonly pool?: string }
  | { readonly recall: string; readonly pool?: string }
  | { readonly forget: string; readonly pool?: string };

const notes = (name = "notes", labels: Readonly<Record<string, string>> = {}) =>
  agent<Ask, unknown>({
    ...{ name, labels, description: "Keeps notes" },
    run: async ({ input }, { memory }) => {
      const options = input.pool === undefined ? {} : { pool: input.pool };
      if ("remember" in input) return memory.remember({ text: input.remember, tags: ["note"] }, options);
      if ("forget" in input) return memory.forget({ words: input.forget }, options);
      return (await memory.recall(input.recall, options)).memories.map(({ text }) => text);
    },
  });

const outputOf = async (test: Awaited<ReturnType<typeof testAgent>>, input: Ask, name = "notes") => {
  const run = await test.run(input, { target: { agent: name } });
  return run.error === null || run.error === undefined ? run.output : run.error.code;
};

test("what a task remembers a later one recalls, and after forgetting it does not", async () => {
  const world = await testAgent(notes());
  expect(await outputOf(world, { remember: "Ann drinks tea" })).toMatchObject({ pool: "agent:notes", kept: true });
  expect(await outputOf(world, { recall: "what does ann drink" })).toEqual(["Ann drinks tea"]);
  await world.crash();
  expect(await outputOf(world, { recall: "what does ann drink" })).toEqual(["Ann drinks tea"]);
  expect(await outputOf(world, { forget: "tea" })).toMatchObject({ count: 1 });
  expect(await outputOf(world, { recall: "what does ann drink" })).toEqual([]);
  await world.close();
});

test("it stands in the log as a step, with the task and the path in the memory's source", async () => {
  const world = await testAgent(
    agent({
      ...{ name: "notes", description: "Keeps notes" },
      run: async (_, ctx) => {
        await Promise.all([ctx.memory.remember("one"), ctx.memory.remember("two")]);
        return (await ctx.memory.recall("one")).memories[0]?.source;
      },
    }),
  );
  const run = await world.run();
  expect(run.output).toMatchObject({
    taskId: run.taskId,
    caller: "test",
    path: expect.stringMatching(/^memory:remember agent \w{8}$/),
  });
  expect(run.events.filter(({ type }) => type === "step.completed")).toHaveLength(3);
  await world.close();
});

const OWN = (name: string, when: "before" | "after") => [name, when] as const;

test("a task that dies at any of its commits leaves each memory once, and what it forgot forgotten", async () => {
  const author = agent({
    ...{ name: "notes", description: "Keeps notes" },
    run: async (_, { memory }) => {
      const old = await memory.remember("tea old");
      await memory.remember("tea new");
      await memory.forget({ id: old.id });
      await memory.remember("tea newest");
      return (await memory.recall("tea")).memories.map(({ text }) => text).sort();
    },
  });
  const reader = notes("reader", { may: "read" });
  const pools = { agent: {} };
  const whole = await testAgent([author, reader], { memory: { pools } });
  await whole.run();
  const { commits } = whole;
  await whole.close();
  expect(commits).toBeGreaterThan(4);
  for (let at = 1; at <= commits; at++)
    for (const [, when] of [OWN("b", "before"), OWN("a", "after")]) {
      const world = await testAgent([author, reader], { memory: { pools }, crashAt: { at, when } });
      const run = await world.run();
      expect(run.output).toEqual(["tea new", "tea newest"]);
      await world.close();
    }
});

const SHARED: TestAgentOptions = {
  memory: { pools: { team: { read: [{ labels: { team: "loans" } }], write: [{ agent: "clerk" }] } } },
};

test("a shared pool is read and written by those whom it names, and by nobody else", async () => {
  const loans = { team: "loans" };
  const world = await testAgent([notes("clerk", loans), notes("judge", loans), notes("guest")], SHARED);
  expect(await outputOf(world, { remember: "rates rise", pool: "team" }, "clerk")).toMatchObject({ pool: "team" });
  expect(await outputOf(world, { recall: "rates", pool: "team" }, "judge")).toEqual(["rates rise"]);
  expect(await outputOf(world, { remember: "lies", pool: "team" }, "judge")).toBe("PERMISSION_DENIED");
  expect(await outputOf(world, { recall: "rates", pool: "team" }, "guest")).toBe("PERMISSION_DENIED");
  expect(await outputOf(world, { recall: "rates", pool: "agent:clerk" }, "guest")).toBe("PERMISSION_DENIED");
  expect(await outputOf(world, { recall: "rates", pool: "caller:clerk/test" }, "guest")).toBe("PERMISSION_DENIED");
  expect(await outputOf(world, { recall: "rates", pool: "nowhere" }, "guest")).toBe("NOT_FOUND");
  expect(await outputOf(world, { recall: "rates", pool: "No/Name" }, "guest")).toBe("INVALID_ARGUMENT");
  expect(await outputOf(world, { forget: "rates", pool: "team" }, "judge")).toBe("PERMISSION_DENIED");
  expect(await outputOf(world, { forget: "rates", pool: "team" }, "clerk")).toMatchObject({ count: 1 });
  await world.close();
});

test("an agent forgets in a shared pool what it wrote itself, and leaves what others did", async () => {
  const world = await testAgent([notes("one"), notes("two")], {
    memory: { pools: { team: { read: [{ agent: "*" }], write: [{ agent: "*" }] } } },
  });
  await outputOf(world, { remember: "tea of one", pool: "team" }, "one");
  await outputOf(world, { remember: "tea of two", pool: "team" }, "two");
  expect(await outputOf(world, { forget: "tea", pool: "team" }, "one")).toMatchObject({ count: 1 });
  expect(await outputOf(world, { recall: "tea", pool: "team" }, "one")).toEqual(["tea of two"]);
  await world.close();
});

test("nobody but the engine may write to the agent that remembers, to speak for another", async () => {
  const forged = {
    ...{ operation: "recall", pool: "agent", query: "tea", options: {} },
    asker: { agent: "victim", labels: {}, caller: "test", taskId: "t", contextId: "c", path: "p" },
  };
  const spy = agent({
    ...{ name: "spy", description: "Looks around" },
    run: async (_, ctx) => {
      const tries = [
        () => ctx.query({ agent: "agentcore-memory" }, forged),
        () => ctx.query({ capability: "system.memory" }, forged),
        () => ctx.command({ agent: "agentcore-memory" }, { ...forged, operation: "forget", which: { all: true } }),
      ];
      const said: string[] = [];
      for (const each of tries) said.push(await each().then(JSON.stringify, (error: { code: string }) => error.code));
      return said;
    },
  });
  const world = await testAgent([spy, notes("victim")]);
  await outputOf(world, { remember: "tea of the victim" }, "victim");
  expect((await world.run()).output).toEqual(["PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED"]);
  await expect(world.run(forged, { target: { agent: "agentcore-memory" } })).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
  });
  expect(await outputOf(world, { recall: "tea" }, "victim")).toEqual(["tea of the victim"]);
  await world.close();
});

test("a query handler has no memory to write to, and a value of working state over 1 MiB is refused", async () => {
  const world = await testAgent(
    agent({
      ...{ name: "notes", description: "Keeps notes" },
      run: (_, ctx) =>
        ctx.memory.set("large", "x".repeat(1024 * 1024)).then(
          () => "kept",
          (error: { code: string }) => error.code,
        ),
    }),
  );
  expect((await world.run()).output).toBe("TOO_LARGE");
  await world.close();
});

test("an agent is told what this caller and it said before in the context: not the task that asks, no other context's, no other agent's", async () => {
  const talker = (name: string) =>
    agent({
      ...{ name, description: "Talks" },
      run: async (task, ctx) => {
        const turns = await ctx.memory.history();
        await ctx.progress("thinking");
        if (task.input === "?") return ctx.waitForInput("which one?");
        return { heard: turns.map(({ role, text }) => `${role}: ${text}`) };
      },
    });
  const world = await testAgent([talker("one"), talker("two")]);
  const say = async (input: unknown, contextId: string, name = "one") => {
    const run = await world.run(input, { contextId, target: { agent: name } });
    await world.advance(1_000);
    return run;
  };
  expect((await say("hello", "c")).output).toEqual({ heard: [] });
  expect((await say({ n: 1 }, "c")).output).toEqual({ heard: ["user: hello", 'assistant: {"heard":[]}'] });
  const asked = await say("?", "c");
  expect((await say("still open", "c")).output).toMatchObject({ heard: { length: 4 } });
  await asked.send("this one");
  await world.advance(1_000);
  const { heard } = (await say("again", "c")).output as { readonly heard: readonly string[] };
  expect(heard.slice(-4)).toEqual(["user: ?", "assistant: which one?", "user: this one", "assistant: this one"]);
  expect((await say("hello", "other")).output).toEqual({ heard: [] });
  expect((await say("hello", "c", "two")).output).toEqual({ heard: [] });
  await world.close();
});

import type { PlatformError } from "@agentcore/contract";
import type { Guardrail } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf, type Run, SCOPE } from "../../test/engine-world.ts";
import { makeTool } from "../../test/make-tool.ts";
import type { ModelProvider } from "../ports/index.ts";

const NO_TOKENS = { inputTokens: 0, outputTokens: 0 };

const worldOf = (guardrails: readonly Guardrail[], run: Run, more: ConstructorParameters<typeof EngineWorld>[1] = {}) =>
  new EngineWorld([define("clerk", run, { guardrails, instructions: "be kind" })], more);
const echo: Run = (task) => task.input;
const verdicts = async (world: EngineWorld, taskId: string) =>
  (await world.log(taskId)).flatMap((event) =>
    event.type === "decision.made" && event.data.kind === "guard"
      ? [[event.data.path, event.data.choice, event.data.value, event.data.reasons]]
      : [],
  );

test("guardrails stand around the code in their order, and what they change is in the log", async () => {
  const add = (name: string): Guardrail => ({
    name,
    input: (value) => ({ change: `${String(value)} ${name}`, reason: "more" }),
    output: (value) => ({ change: [name, value], reason: "told" }),
  });
  const world = worldOf([add("one"), add("two")], echo);
  const taskId = await world.submit("clerk", "in");
  expect(outputOf(await world.last(taskId))).toEqual(["two", ["one", "in one two"]]);
  expect(await verdicts(world, taskId)).toEqual([
    ["decision:input one", "change", "in one", ["one: more"]],
    ["decision:input two", "change", "in one two", ["two: more"]],
    ["decision:output one", "change", ["one", "in one two"], ["one: told"]],
    ["decision:output two", "change", ["two", ["one", "in one two"]], ["two: told"]],
  ]);
});

test("what code makes of a value that a guardrail gave it is not what is written of that", async () => {
  const clean: Guardrail = { name: "clean", input: () => ({ change: { items: [1] }, reason: "dirty" }) };
  const world = worldOf([clean], (task) => {
    const { items } = task.input as { items: number[] };
    items.push(2);
    return items.length;
  });
  const taskId = await world.submit("clerk");
  expect(outputOf(await world.last(taskId))).toBe(2);
  expect(await verdicts(world, taskId)).toEqual([["decision:input clean", "change", { items: [1] }, ["clean: dirty"]]]);
});

test("guardrails that let pass leave nothing in the log", async () => {
  const passing: Guardrail = {
    name: "calm",
    input: () => undefined,
    tool: () => ({ pass: true }),
    result: async () => undefined,
    output: () => {},
  };
  const tool = makeTool("look", () => 1, { readOnly: true });
  const world = worldOf([passing], (_task, ctx) => ctx.tool(tool, {}));
  const bare = worldOf([], (_task, ctx) => ctx.tool(tool, {}));
  const types = await world.types(await world.submit("clerk"));
  expect(types).toEqual(await bare.types(await bare.submit("clerk")));
});

test("a refused input rejects the task before its code begins, a refused output fails it", async () => {
  let began = false;
  const world = worldOf([{ name: "shut", input: () => ({ refuse: "not today" }) }], () => {
    began = true;
  });
  const end = await world.last(await world.submit("clerk"));
  expect(end).toMatchObject({
    type: "task.rejected",
    data: { error: { code: "REJECTED", message: "guardrail shut refuses the input: shut: not today" } },
  });
  expect(began).toBe(false);
  const other = worldOf([{ name: "mute", output: () => ({ refuse: "says too much" }) }], echo);
  expect(codeOf(await other.last(await other.submit("clerk")))).toBe("OUTPUT_REFUSED");
});

test("a message is not shown to the code any more when its input was changed", async () => {
  const world = worldOf([{ name: "clean", input: () => ({ change: "clean", reason: "dirty" }) }], (task) => [
    task.input,
    task.message ?? null,
  ]);
  const { service } = await world.alive();
  const message = { messageId: "m1", role: "ROLE_USER" as const, parts: [{ text: "dirty" }] };
  const { taskId } = await service.submit(SCOPE, { target: { agent: "clerk" }, message });
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toEqual(["clean", null]);
});

test("a call of a tool is changed, refused, or asked people about; its result is changed or withheld", async () => {
  const ran: unknown[] = [];
  const guard: Guardrail = {
    name: "guard",
    tool: ({ input }) => {
      if (input === 1) return { change: 10, reason: "too small" };
      if (input === 2) return { refuse: "two is unlucky" };
      return input === 3 ? { ask: "three?", approvers: ["bob"] } : undefined;
    },
    result: ({ result }) => {
      if (result === 10) return { change: "ten", reason: "in words" };
      return result === 4 ? { refuse: "secret" } : undefined;
    },
  };
  const tool = makeTool("count", (input) => {
    ran.push(input);
    return input;
  });
  const world = worldOf([guard], async (_task, ctx) => {
    const said = [];
    for (const input of [1, 2, 3, 4])
      said.push(await ctx.tool(tool, input).catch((error: PlatformError) => `${error.code}: ${error.message}`));
    return said;
  });
  const taskId = await world.submit("clerk");
  const bob = { tenantId: SCOPE.tenantId, caller: "bob" };
  expect((await world.inbox(bob))[0]?.approval).toMatchObject({
    prompt: "Run tool count with these arguments?\nguard: three?",
    show: { tool: "count", input: 3, reasons: ["guard: three?"] },
  });
  world.crash();
  await world.decide(taskId, { token: await world.token(taskId, bob), choice: "approve" }, bob);
  expect(outputOf(await world.last(taskId))).toEqual([
    "ten",
    "PERMISSION_DENIED: guardrail guard refuses tool count: guard: two is unlucky",
    3,
    "PERMISSION_DENIED: guardrail guard refuses tool count: guard: secret",
  ]);
  expect(ran).toEqual([10, 3, 4]);
});

test("a guardrail waits through ctx, calls tools that are not guarded, and one that throws lets nothing pass", async () => {
  const look = makeTool("look", () => "bad", { readOnly: true });
  const send = makeTool("send", () => "sent");
  const asking: Guardrail = {
    name: "asking",
    async tool({ tool, input }, ctx) {
      const said = await ctx.tool(look, input);
      return said === "bad" ? { refuse: `${tool.name}: ${said}` } : undefined;
    },
  };
  const failure: Run = (_task, ctx) => ctx.tool(send, {}).catch((error: PlatformError) => error.message);
  const world = worldOf([asking], failure);
  expect(outputOf(await world.last(await world.submit("clerk")))).toContain("asking: send: bad");
  const broken = worldOf([{ name: "broken", tool: () => Promise.reject(new Error("oops")) }], failure);
  expect(outputOf(await broken.last(await broken.submit("clerk")))).toBe("oops");
  const odd = worldOf([{ name: "odd", tool: () => ({ deny: true }) as never }], failure);
  expect(outputOf(await odd.last(await odd.submit("clerk")))).toMatch(/expected nothing, \{ pass: true \}/);
});

test("what was received is what came from outside, also before a fresh log", async () => {
  const seen: unknown[] = [];
  const guard: Guardrail = {
    name: "seeing",
    tool: (_use, _ctx, { received, instructions, task }) => {
      seen.push([[...received], instructions, task.input]);
    },
  };
  const fetch = makeTool("fetch", (input) => `page ${String(input)}`, { readOnly: true });
  const failing = makeTool("fail", () => {
    throw new TypeError("bad page");
  });
  const world = worldOf([guard], async (task, ctx) => {
    await ctx.tool(fetch, 1);
    if (task.continuedFrom === undefined) return ctx.continueAs({ pages: ["page 0"] });
    await ctx.step("read", () => "file");
    await ctx.tool(failing, {}).catch(() => undefined);
    return ctx.tool(fetch, 2);
  });
  await world.submit("clerk", "go");
  const state = { pages: ["page 0"] };
  expect(seen).toEqual([
    [[], "be kind", "go"],
    [[state], "be kind", "go"],
    [[state, "page 1", "file"], "be kind", "go"],
    [[state, "page 1", "file", "bad page"], "be kind", "go"],
  ]);
});

test("killed at each commit, guarded calls come to the same, and a guardrail that changed its mind does not change what was said", async () => {
  const count = async (crashes: ConstructorParameters<typeof EngineWorld>[1]) => {
    let lives = 0;
    const guard: Guardrail = {
      name: "moody",
      async tool({ input }, ctx) {
        await ctx.step("think", () => 1);
        // As an earlier version of it would not have done.
        return { change: `${String(input)}!`, reason: `life ${lives}` };
      },
    };
    const echoed = makeTool("echo", (input) => input, { readOnly: true });
    const world = worldOf(
      [guard],
      async (_task, ctx) => {
        lives += 1;
        const one = await ctx.tool(echoed, "a");
        return [one, await ctx.tool(echoed, "b")];
      },
      crashes,
    );
    const taskId = await world.submit("clerk");
    await world.advance(60_000);
    return { end: await world.last(taskId), commits: world.commits };
  };
  const { commits, end } = await count({});
  expect(outputOf(end)).toEqual(["a!", "b!"]);
  for (let commit = 1; commit <= commits; commit++)
    for (const when of ["before", "after"] as const)
      expect(outputOf((await count({ crashes: [{ commit, when }] })).end)).toEqual(["a!", "b!"]);
});

test("a guardrail that would refuse today what passed in the log lets it pass in a replay, and refuses the next", async () => {
  let isStrict = false;
  const guard: Guardrail = {
    name: "changed",
    input: () => (isStrict ? { refuse: "new rule" } : undefined),
    tool: () => (isStrict ? { refuse: "new rule" } : undefined),
  };
  const look = makeTool("look", () => "seen", { readOnly: true });
  const world = worldOf([guard], async (_task, ctx) => {
    const before = await ctx.tool(look, 1);
    await ctx.waitForInput("more?");
    return [before, await ctx.tool(look, 2).catch((error: PlatformError) => error.code)];
  });
  const taskId = await world.submit("clerk");
  isStrict = true;
  world.crash();
  await world.say(taskId, "yes");
  expect(outputOf(await world.last(taskId))).toEqual(["seen", "PERMISSION_DENIED"]);
});

test("what a model says as the task's output is not shown before guardrails have judged it", async () => {
  const models: ModelProvider = {
    async generate(_request, { onText }) {
      onText?.("the password is hunter22", true);
      return { response: { text: "the password is hunter22", toolCalls: [], finishReason: "stop", usage: NO_TOKENS } };
    },
    grant: async () => undefined,
  };
  const speak: Run = async (_task, ctx) =>
    (await ctx.model({ model: "m", messages: [], artifact: { id: "output", name: "output" } })).text;
  const shown = async (guardrails: readonly Guardrail[]): Promise<boolean> => {
    const world = worldOf(guardrails, speak, { models });
    const taskId = await world.submit("clerk");
    await world.advance(1_000);
    return (await world.types(taskId)).includes("artifact.appended");
  };
  expect(await shown([])).toBe(true);
  expect(await shown([{ name: "mute", output: () => ({ refuse: "secret" }) }])).toBe(false);
});

import type { PlatformError } from "@agentcore/contract";
import { agent, declaredTools, guardrail, tool } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { z } from "zod";
import { testAgent } from "./index.ts";

/** Keeps count of what was done, and under which key. */
const bank = () => {
  const paid: { readonly amount: number; readonly key: string }[] = [];
  let balance = 100;
  const pay = tool({
    name: "pay",
    description: "Pays",
    input: z.object({ amount: z.number().min(1) }),
    idempotent: true,
    execute({ amount }, { idempotencyKey }) {
      if (!paid.some(({ key }) => key === idempotencyKey)) balance -= amount;
      paid.push({ amount, key: idempotencyKey });
      return { balance };
    },
  });
  return { paid, pay };
};

const payer = agent({
  name: "payer",
  description: "Pays twice",
  tools: [declaredTools("bank")],
  async run(_task, ctx) {
    const [pay] = await ctx.tools("bank");
    if (pay === undefined) return null;
    await ctx.tool(pay, { amount: 10 });
    return ctx.tool(pay, { amount: 20 });
  },
});

test("tools of a manifest are called as any others, under the names that models see", async () => {
  const { pay, paid } = bank();
  const t = await testAgent(payer, { tools: { bank: [pay] } });
  const run = await t.run();
  expect(run.output).toEqual({ balance: 70 });
  expect(paid).toHaveLength(2);
  expect(t.effects).toEqual(["tool:bank__pay", "tool:bank__pay"]);
});

test("killed at any commit, what is recorded is not asked again, and what was under way comes again with its key", async () => {
  const plain = await testAgent(payer, { tools: { bank: [bank().pay] } });
  await plain.run();
  for (let crashAt = 1; crashAt <= plain.commits; crashAt += 1) {
    const { pay, paid } = bank();
    const run = await (await testAgent(payer, { tools: { bank: [pay] }, crashAt })).run();
    expect(run.output).toEqual({ balance: 70 });
    expect(new Set(paid.map(({ key }) => key)).size).toBe(2);
    expect(paid.length).toBeLessThanOrEqual(3);
  }
});

test("a run goes on with the tools that it saw, whatever there is by then", async () => {
  let served: ReturnType<typeof tool>[] = [];
  const one = tool({ name: "one", description: "1", input: z.object({}), execute: () => 1 });
  const two = tool({ name: "two", description: "2", input: z.object({}), execute: () => 2 });
  const looker = agent({
    name: "looker",
    description: "Looks twice",
    tools: [declaredTools("changing")],
    async run(_task, ctx) {
      const before = await ctx.tools("changing");
      await ctx.waitForInput("Go on?");
      const after = await ctx.tools("changing");
      return { before: before.map(({ name }) => name), after: after.map(({ name }) => name) };
    },
  });
  served = [one];
  const t = await testAgent(looker, {
    tools: {
      get changing() {
        return served;
      },
    },
  });
  const run = await t.run();
  served = [two];
  await run.answer("yes");
  expect(run.output).toEqual({ before: ["changing__one"], after: ["changing__two"] });
});

test("a model is shown them beside the agent's own, and arguments that do not fit are told to it", async () => {
  const { pay } = bank();
  const own = tool({ name: "clock", description: "The time", input: z.object({}), execute: () => "noon" });
  const clerk = agent({ name: "clerk", description: "Pays", model: "m", tools: [own, declaredTools("bank")] });
  const seen: string[][] = [];
  const answers = [
    { toolCalls: [{ id: "1", name: "bank__pay", input: { amount: 0 } }] },
    { toolCalls: [{ id: "2", name: "bank__pay", input: { amount: 5 } }] },
    { text: "paid" },
  ];
  const told: string[] = [];
  const t = await testAgent(clerk, {
    tools: { bank: [pay] },
    model: (request) => {
      seen.push((request.tools ?? []).map(({ name }) => name));
      const last = request.messages.at(-1);
      if (last?.role === "tool") told.push(last.content);
      return answers[seen.length - 1] ?? { text: "" };
    },
  });
  const run = await t.run("pay 5");
  expect(run.output).toBe("paid");
  expect(seen[0]).toEqual(["clock", "bank__pay"]);
  expect(told[0]).toContain("- amount: expected at least 1");
  expect(told[1]).toContain('{"balance":95}');
});

test("an agent gets the tools that it names, and no others", async () => {
  const sneak = agent({ name: "sneak", description: "Takes what it can", run: (_task, ctx) => ctx.tools("bank") });
  const run = await (await testAgent(sneak, { tools: { bank: [bank().pay] } })).run();
  expect(run.error).toMatchObject({
    code: "PERMISSION_DENIED",
    message: expect.stringContaining('declaredTools("bank")'),
  });
});

test("guardrails stand around their calls: what a server says is changed, arguments are refused", async () => {
  const { pay, paid } = bank();
  const little = guardrail({
    name: "little",
    tool: ({ input }) => ((input as { readonly amount: number }).amount > 10 ? { refuse: "too much" } : undefined),
    result: ({ tool: { name } }) => ({ change: `${name}: done`, reason: "balances are secret" }),
  });
  const careful = agent({
    name: "payer",
    description: "Pays twice",
    tools: [declaredTools("bank")],
    guardrails: [little],
    async run(_task, ctx) {
      const [declared] = await ctx.tools("bank");
      if (declared === undefined) return null;
      const first = await ctx.tool(declared, { amount: 10 });
      return [first, await ctx.tool(declared, { amount: 20 }).catch((error: PlatformError) => error.message)];
    },
  });
  const run = await (await testAgent(careful, { tools: { bank: [pay] } })).run();
  expect(run.output).toEqual(["bank__pay: done", "guardrail little refuses tool bank__pay: little: too much"]);
  expect(paid.map(({ amount }) => amount)).toEqual([10]);
});

test("what a declared tool says of itself holds, as it was listed", async () => {
  const { pay, paid } = bank();
  const asking = { ...pay, permission: "money:pay", maxCalls: 1, approval: "always" as const, approvers: ["bob"] };
  const t = await testAgent(payer, { tools: { bank: [asking] } });
  const stranger = await t.run(undefined, { permissions: ["money:look"] });
  expect(stranger.error).toMatchObject({ code: "PERMISSION_DENIED", message: expect.stringContaining("money:pay") });
  const run = await t.run();
  expect(paid).toEqual([]);
  await run.decide({ by: "bob", choice: "approve" });
  expect(run.error).toMatchObject({ code: "LIMIT_REACHED" });
  expect(paid).toHaveLength(1);
  const ruled = await testAgent(payer, { tools: { bank: [{ ...pay, approval: () => true }] } });
  expect((await ruled.run()).error).toMatchObject({ code: "CONFIG_INVALID" });
});

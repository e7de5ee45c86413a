import { agent, type Context, type Strategy, tool } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { z } from "zod";
import { strategySuite } from "./strategy-suite.ts";

const pay = tool({ name: "pay", description: "Pays", input: z.object({}), idempotent: true, execute: () => "paid" });

/** What the suite finds wrong with a strategy. `lives`: how often the code of this agent has begun. */
const faultsOf = async (run: (ctx: Context, lives: number) => Promise<unknown>): Promise<string[]> => {
  const strategy = (() => {
    let lives = 0;
    return (_: unknown, ctx: Context) => run(ctx, ++lives);
  }) as unknown as Strategy;
  const faults: string[] = [];
  const cases: (readonly [string, () => Promise<void>])[] = [];
  strategySuite({
    name: "it",
    agent: () => agent({ name: "payer", description: "Pays", model: "m", tools: [pay], strategy }),
    input: "",
    model: () => "said",
    output: "done",
    test: (name, body) => cases.push([name, body]),
  });
  for (const [name, body] of cases) await body().catch((error: Error) => faults.push(`${name}: ${error.message}`));
  return faults;
};

const ask = (ctx: Context) => ctx.model({ messages: [{ role: "user", content: "?" }] });

test("a strategy that keeps to ctx has no faults", async () => {
  expect(
    await faultsOf(async (ctx) => {
      await ask(ctx);
      await ctx.tool(pay, {});
      return ctx.decide("end", () => "done");
    }),
  ).toEqual([]);
});

test("one whose calls are named by what is in memory is found", async () => {
  const faults = await faultsOf(async (ctx, lives) => {
    await ctx.tool(pay, {}, { key: `k${lives}` });
    await ask(ctx);
    return "done";
  });
  expect(faults[0]).toMatch(/different calls by name when killed before commit 2.*"tool:pay: 1".*"tool:pay: 2"/);
});

test("one that does more after a crash is found by its calls", async () => {
  const faults = await faultsOf(async (ctx, lives) => {
    await ask(ctx);
    if (lives === 1) await ctx.tool(pay, {});
    else await Promise.all([ctx.tool(pay, {}, { key: "1" }), ctx.tool(pay, {}, { key: "2" })]);
    return "done";
  });
  expect(faults).toEqual([expect.stringMatching(/wherever the process dies[^]*different calls by name when killed/)]);
});

test("one that decides by what is in memory is found by its decisions", async () => {
  const faults = await faultsOf(async (ctx, lives) => {
    await ask(ctx);
    ctx.decide("way", () => (lives === 1 ? "left" : "right"));
    return "done";
  });
  expect(faults).toEqual([expect.stringMatching(/wherever the process dies[^]*the decisions when killed/)]);
});

test("one whose name of a call no replay can tell is found by its replay", async () => {
  let begun = 0;
  const faults = await faultsOf(async (ctx) => {
    begun += 1;
    await ctx.step(`try-${begun}`, () => 1);
    return "done";
  });
  expect(faults.join("\n")).toMatch(/replayed/);
});

test("one that comes to something else is found", async () => {
  expect((await faultsOf(async () => "other"))[0]).toMatch(/output of a run that nobody disturbed: expected "done"/);
});

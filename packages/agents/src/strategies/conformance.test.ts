import { agent, asData, type ModelMessage, react, type Strategy, type Tool, tool } from "@agentcore/sdk";
import { type ScriptedAnswer, strategySuite } from "@agentcore/testing";
import { test } from "vitest";
import { z } from "zod";
import { autonomous } from "./autonomous.ts";
import { chainOfThought } from "./chain-of-thought.ts";
import { deliberative } from "./deliberative.ts";
import { hybrid } from "./hybrid.ts";
import { planAndExecute } from "./plan-and-execute.ts";
import { reactive } from "./reactive.ts";

const price = tool({
  name: "price",
  description: "The price of a thing",
  input: z.object({ thing: z.string() }),
  readOnly: true,
  execute: ({ thing }) => thing.length,
});
const order = tool({
  name: "order",
  description: "Orders a thing",
  input: z.object({ thing: z.string() }),
  idempotent: true,
  execute: ({ thing }) => `ordered ${thing}`,
});

const shopper = (strategy: Strategy, tools: readonly Tool[] = [price, order]) =>
  agent({ name: "shopper", description: "Buys things", model: "m", instructions: "Buy cheaply.", tools, strategy });

const says = (value: unknown): ScriptedAnswer => ({ text: JSON.stringify(value) });
const calls = (...toolCalls: readonly (readonly [name: string, input: unknown])[]): ScriptedAnswer => ({
  text: "I look first.",
  toolCalls: toolCalls.map(([name, input], index) => ({ id: `c${index}`, name, input })),
});
interface Asked {
  readonly messages: readonly ModelMessage[];
  readonly output?: { readonly name?: string };
}
const last = ({ messages }: Asked): ModelMessage => messages.at(-1) as ModelMessage;
const turns = ({ messages }: Asked): number => messages.filter(({ role }) => role === "assistant").length;

strategySuite({
  name: "react",
  agent: () => shopper(react()),
  input: "a lamp or a chair",
  model: (asked) =>
    [
      calls(["price", { thing: "lamp" }], ["price", { thing: "chair" }]),
      calls(["order", { item: 1 }]),
      calls(["order", { thing: "lamp" }]),
      "a lamp is on its way",
    ][turns(asked)] ?? "",
  output: "a lamp is on its way",
  test,
});

strategySuite({
  name: "react that goes round",
  agent: () => shopper(react({ atLimit: "answer" })),
  input: "the price of a lamp",
  // Until it may call no more.
  model: (asked) =>
    last(asked).content.startsWith("You may call no more") ? "4, I think" : calls(["price", { thing: "lamp" }]),
  output: "4, I think",
  test,
});

strategySuite({
  name: "chain of thought",
  agent: () => shopper(chainOfThought(), []),
  input: "How many legs have two chairs and a stool?",
  model: (asked) => {
    const { name } = asked.output ?? {};
    if (name === "verdict")
      return last(asked).content.includes("9 legs")
        ? says({ holds: false, problem: "2 × 4 is 8" })
        : says({ holds: true });
    if (name === undefined) return "11";
    if (turns(asked) === 0) return says({ thought: "chairs", conclusion: "9 legs", final: false });
    if (turns(asked) === 1) return says({ thought: "chairs again", conclusion: "8 legs", final: false });
    return says({ thought: "and the stool", conclusion: "11 legs", final: true });
  },
  output: "11",
  test,
});

strategySuite({
  name: "plan and execute",
  agent: () => shopper(planAndExecute()),
  input: "furnish the hall",
  model: (asked) => {
    if (asked.output?.name === "plan")
      return last(asked).content.includes("This failed")
        ? says({ steps: [{ id: "order", task: "order a stool" }] })
        : says({
            steps: [
              { id: "lamp", task: "price of a lamp" },
              { id: "chair", task: "price of a chair" },
              { id: "order", task: "order the chair", after: ["lamp", "chair"] },
            ],
          });
    const [, part] = /Your part: (.*)/.exec(asked.messages[1]?.content ?? "") ?? [];
    if (part === undefined) return "a stool is ordered";
    const thing = part.split(" ").at(-1) ?? "";
    if (turns(asked) === 0) return part.startsWith("price") ? calls(["price", { thing }]) : calls(["order", { thing }]);
    return thing === "chair" && part.startsWith("order")
      ? says({ done: false, result: "sold out" })
      : says({ done: true, result: `${part}: fine` });
  },
  output: "a stool is ordered",
  test,
});

strategySuite({
  name: "autonomous",
  agent: () => shopper(autonomous()),
  input: "furnish the hall",
  model: (asked) => {
    const { name } = asked.output ?? {};
    const { content } = asked.messages[1] ?? { content: "" };
    if (name === "goals") return says({ goals: ["light", "seat"] });
    if (name === "review")
      return content.includes("- seat: bought")
        ? says({ score: 0.9, goals: [] })
        : says({ score: 0.4, missing: "a seat", goals: ["seat"] });
    const [, part] = /Your part: (.*)/.exec(content) ?? [];
    if (part === undefined) return "light and seat are there";
    return turns(asked) === 0 ? calls(["order", { thing: part }]) : says({ done: true, result: "bought" });
  },
  output: "light and seat are there",
  test,
});

strategySuite({
  name: "deliberative",
  agent: () => shopper(deliberative({ ways: 2 })),
  input: "furnish the hall",
  model: (asked) => {
    switch (asked.output?.name) {
      case "beliefs":
        return says({ facts: ["the hall is dark"], unknown: ["its size"] });
      case "ways":
        return says({
          ways: [
            { id: "much", way: "buy all" },
            { id: "little", way: "buy a lamp" },
          ],
        });
      case "judgements":
        return says({
          judgements: [
            { id: "much", scores: { value: 1, safety: 0.1, economy: 0 } },
            { id: "little", scores: { value: 0.7, safety: 0.9, economy: 1 }, reason: "it is dark" },
          ],
        });
      default:
        return turns(asked) === 0 ? calls(["order", { thing: "lamp" }]) : "a lamp";
    }
  },
  output: "a lamp",
  test,
});

const rules = [
  { name: "nothing", when: (input: string) => input === "", reply: "nothing to do" },
  {
    name: "lamp",
    when: (input: string) => input.includes("lamp"),
    run: async (_: unknown, ctx: Parameters<ReturnType<Strategy>>[1]) => ctx.tool(order, { thing: "lamp" }),
  },
];

strategySuite({
  name: "reactive",
  agent: () => shopper(reactive({ rules }), []),
  input: "a lamp",
  output: "ordered lamp",
  test,
});

strategySuite({
  name: "hybrid",
  agent: () => shopper(hybrid({ rules })),
  input: "a chair",
  model: (asked) =>
    turns(asked) === 0
      ? calls(["order", { thing: "chair" }])
      : last(asked).content === asData("order", "ordered chair")
        ? "a chair"
        : "nothing",
  output: "a chair",
  test,
});

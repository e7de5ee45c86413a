import { AgentManifest } from "@agentcore/contract";
import type { AgentDefinition, Context, ModelRequest } from "@agentcore/contract/authoring";
import { describe, expect, test } from "vitest";
import { declaredAgent } from "./declared-agent.ts";

const manifest = (spec: object) =>
  AgentManifest.parse({ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name: "clerk" }, spec });

const violationsOf = async (spec: object): Promise<unknown> => {
  try {
    await declaredAgent(manifest(spec));
    return [];
  } catch (error) {
    return (error as { readonly violations?: unknown }).violations;
  }
};

/** Runs it on an input; the model answers by `say`. What was asked and decided comes with the output. */
const work = async ({ run }: AgentDefinition, input: unknown, say: (request: ModelRequest) => string = () => "") => {
  const asked: ModelRequest[] = [];
  const decided: unknown[] = [];
  const ctx = {
    model: async (request: ModelRequest) => {
      asked.push(request);
      return { text: say(request), toolCalls: [], finishReason: "stop", usage: { inputTokens: 0, outputTokens: 0 } };
    },
    decide: (_name: string, choose: () => { readonly choice: string }) => {
      const made = choose();
      decided.push(made);
      return made.choice;
    },
  };
  return { output: await run?.({ input } as never, ctx as unknown as Context), asked, decided };
};

const rules = [
  { name: "small", when: "input.amount < 100", reply: { approve: true, amount: "${input.amount}" } },
  { name: "huge", when: "input.amount > 10000", reply: { approve: false } },
];

describe("an agent declared without code", () => {
  test("works by react with its model when it names no strategy", async () => {
    const declared = await declaredAgent(manifest({ model: "m", instructions: "Be brief." }));
    const { output } = await work(declared, "hi", ({ messages }) => messages.map(({ content }) => content).join(" "));
    expect(output).toBe("Be brief. hi");
  });

  test("is a standard agent under its own name, and says of each wrong option where it stands", async () => {
    const intents = [{ name: "cancel", patterns: ["cancel order {order}"], slots: { order: { type: "word" } } }];
    const parser = await declaredAgent(manifest({ standard: { name: "intent-parser", options: { intents } } }));
    expect(parser).toMatchObject({ name: "clerk", profile: { latencyMs: { from: 1, to: 10 } } });
    expect((await work(parser, "cancel order 7")).output).toMatchObject({ intent: "cancel", slots: { order: "7" } });
    const schema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
    const formatter = await declaredAgent(manifest({ standard: { name: "response-formatter", options: { schema } } }));
    await expect(work(formatter, { value: { n: "x" } })).rejects.toThrow("the value is not valid: n: ");

    expect(await violationsOf({ standard: { name: "oracle" } })).toMatchObject([{ field: "spec.standard.name" }]);
    expect(await violationsOf({ standard: { name: "intent-parser", options: { intents: [] } } })).toMatchObject([
      { field: "spec.standard.options.intents" },
    ]);
    const pattern = { name: "response-formatter", options: { schema: { type: "object", pattern: "x" } } };
    expect(await violationsOf({ standard: pattern })).toMatchObject([
      { field: "spec.standard.options.schema.pattern" },
    ]);
    expect(
      await violationsOf({ standard: { name: "intent-parser", options: { intents } }, tools: ["x"] }),
    ).toMatchObject([{ field: "spec.tools" }]);
    expect(() => manifest({ standard: { name: "intent-parser" }, instructions: "Be kind." })).toThrow(
      "says nothing about an agent that is a standard one",
    );
  });

  test("a standard agent that keeps what it is told has one writer, whatever its triggers say", async () => {
    const own = { topic: "log.written", correlate: "event.topic" };
    const spec = (...triggers: object[]) => ({ standard: { name: "log" }, triggers });
    expect(await violationsOf(spec({ topic: own.topic }, { ...own, topic: "log.*" }))).toMatchObject([
      { field: "spec.triggers.0", description: expect.stringContaining("correlate: event.topic") },
      { field: "spec.triggers.1" },
    ]);
    await declaredAgent(manifest(spec({ ...own, where: "event.source != 'noisy'" })));
    // What keeps nothing of events may hear of any.
    await declaredAgent(manifest({ standard: { name: "translator" }, triggers: [{ topic: "order.changed" }] }));
  });

  test("works by the strategy that it names, under its options", async () => {
    const declared = await declaredAgent(
      manifest({ model: "m", strategy: { name: "chain-of-thought", options: { validate: "none", maxSteps: 1 } } }),
    );
    const step = JSON.stringify({ thought: "t", conclusion: "c", final: true });
    const { output, asked } = await work(declared, "?", (request) => (request.output === undefined ? "42" : step));
    expect(output).toBe("42");
    expect(asked).toHaveLength(2);
  });

  test("decides by rules without a model, and asks one where none fits", async () => {
    const declared = await declaredAgent(manifest({ model: "m", strategy: { name: "hybrid", options: { rules } } }));
    const small = await work(declared, { amount: 5 });
    expect(small).toEqual({
      output: { approve: true, amount: 5 },
      asked: [],
      decided: [{ choice: "small", reasons: ["the first of 2 rules that fits"] }],
    });
    expect((await work(declared, { amount: 20_000 })).output).toEqual({ approve: false });
    const between = await work(declared, { amount: 5000 }, () => "ask a person");
    expect(between.output).toBe("ask a person");
    expect(between.decided).toEqual([{ choice: "none fits", reasons: ["none of 2 rules fits"] }]);
  });

  test("a rule that cannot be asked ends the task: passed by, another might let through what it forbids", async () => {
    const declared = await declaredAgent(manifest({ strategy: { name: "reactive", options: { rules } } }));
    await expect(work(declared, { sum: 5 })).rejects.toMatchObject({ code: "EXPRESSION_FAILED" });
  });

  test("takes and gives what its JSON Schemas say", async () => {
    const schema = (properties: object) => ({ type: "object", properties, required: Object.keys(properties) });
    const declared = await declaredAgent(
      manifest({
        model: "m",
        input: schema({ text: { type: "string" } }),
        output: schema({ words: { type: "integer" } }),
      }),
    );
    expect(await declared.input?.["~standard"].validate({ text: 1 })).toHaveProperty("issues");
    const answers = ['{"words":"two"}', '{"words":2}'];
    expect((await work(declared, { text: "a b" }, () => answers.shift() ?? "")).output).toEqual({ words: 2 });
  });

  test.each([
    [{ model: "m", strategy: { name: "magic" } }, "spec.strategy.name"],
    [{ strategy: { name: "react" } }, "spec.model"],
    [{ model: "m", strategy: { name: "react", options: { maxTurns: 0 } } }, "spec.strategy.options.maxTurns"],
    [{ model: "m", strategy: { name: "react", options: { turns: 1 } } }, "spec.strategy.options"],
    [
      { strategy: { name: "reactive", options: { rules: [{ name: "a", when: "input.", reply: 1 }] } } },
      "spec.strategy.options.rules[0]",
    ],
    [
      { strategy: { name: "reactive", options: { rules: [{ name: "a", when: "nodes.x == 1", reply: 1 }] } } },
      "spec.strategy.options.rules[0]",
    ],
    [
      { strategy: { name: "reactive", options: { rules: [{ name: "a", when: "'yes'", reply: 1 }] } } },
      "spec.strategy.options.rules[0]",
    ],
    [
      { model: "m", strategy: { name: "hybrid", options: { rules, otherwise: { name: "hybrid" } } } },
      "spec.strategy.options.otherwise.name",
    ],
    [
      {
        model: "m",
        strategy: { name: "hybrid", options: { rules, otherwise: { name: "react", options: { maxTurns: "3" } } } },
      },
      "spec.strategy.options.otherwise.options.maxTurns",
    ],
  ])("says where %j is wrong", async (spec, field) => {
    expect(await violationsOf(spec)).toEqual([expect.objectContaining({ field })]);
  });

  test.each([
    [{ code: { path: "a.ts", export: "a" }, strategy: { name: "react" } }, "spec.strategy"],
    [{ remote: { card: "https://a.example" }, output: {} }, "spec.output"],
    [{}, "spec.code"],
  ])("is refused as %j", (spec, field) => {
    const parsed = AgentManifest.safeParse({
      ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name: "clerk" } },
      spec,
    });
    expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual([field]);
  });
});

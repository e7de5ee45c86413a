import { testAgent } from "@agentcore/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type IntentParserOptions, intentParserAgent, type ParsedIntent } from "./intent-parser.ts";
import { checkedValue } from "./slots.ts";

const intents: IntentParserOptions["intents"] = [
  {
    name: "cancel-order",
    patterns: ["(cancel|stop) [my] order {order}", "i do not want order {order}"],
    slots: { order: { type: "word" } },
  },
  {
    name: "refund",
    description: "Wants money back",
    patterns: ["refund {amount} for {order}"],
    examples: ["I want my money back", "give me a refund for this order"],
    slots: { amount: { type: "number" }, order: { type: "word" } },
  },
  { name: "opening-hours", examples: ["when do you open", "what are your opening hours"] },
  {
    name: "book-table",
    patterns: ["book [a] table for {people} on {day}", "* table in the {area}"],
    slots: {
      people: { type: "number" },
      day: { type: "date", required: false },
      area: { type: "choice", values: { garden: ["back yard", "outside"], hall: [] }, required: false },
    },
  },
  { name: "remind", patterns: ["remind me to {what}"], slots: { what: {} } },
];

const parse = (text: string, options: Partial<IntentParserOptions> = {}): ParsedIntent =>
  intentParserAgent({ intents, ...options }).answer?.({ tenantId: "t", payload: text }, {} as never) as ParsedIntent;

describe("an intent parser", () => {
  test.each([
    ["please cancel my order A-7", "cancel-order", { order: "A-7" }],
    ["Stop order 1234!", "cancel-order", { order: "1234" }],
    ["hi, could you refund $1,250.50 for A-7 please", "refund", { amount: 1250.5, order: "A-7" }],
    ["book a table for 4 on 2026-03-01", "book-table", { people: 4, day: "2026-03-01" }],
    ["I would like a table in the back yard", "book-table", { area: "garden" }],
    ["remind me to call the bank tomorrow please", "remind", { what: "call the bank tomorrow" }],
    ["What are your opening hours?", "opening-hours", {}],
  ])("knows %j by rules", (text, intent, slots) => {
    expect(parse(text)).toMatchObject({ intent, slots });
  });

  test("says none for what is turned round, for what is nothing of its own, and for two that are as sure", () => {
    expect(parse("do not cancel order A-7").intent).toBe("none");
    expect(parse("never ever refund 10 for A-7").intent).toBe("none");
    expect(parse("I don't want my money back").intent).toBe("none");
    expect(parse("what is the capital of France").intent).toBe("none");
    expect(parse("i do not want order A-7")).toMatchObject({ intent: "cancel-order", slots: { order: "A-7" } });
    const alike = [
      { name: "one", patterns: ["show {what}"], slots: { what: {} } },
      { name: "two", patterns: ["show {thing}"], slots: { thing: {} } },
    ];
    expect(parse("show it", { intents: alike })).toMatchObject({
      intent: "none",
      reasons: [expect.stringMatching("as sure")],
    });
  });

  test("tells which slots are missing, and does not take a date that there is not", () => {
    expect(parse("give me a refund for this order")).toMatchObject({ intent: "refund", missing: ["amount", "order"] });
    expect(parse("book a table for 4 on 2026-02-30").slots).not.toHaveProperty("day");
  });

  test("is less sure of what a pattern does not account for", () => {
    const whole = parse("cancel order A-7");
    const more = parse("the weather was lovely so cancel order A-7 and sing");
    expect(whole.confidence).toBe(1);
    expect(more.confidence).toBeLessThan(0.9);
  });

  test("asks a model only where rules do not suffice, and takes of it what the text bears out", async () => {
    const test_ = await testAgent(intentParserAgent({ intents, model: "m" }), {
      model: [
        JSON.stringify({ intent: "refund", confidence: 1, slots: { amount: 30, order: "B-9", extra: "x" } }),
        JSON.stringify({ intent: "none", confidence: 0.9 }),
      ],
    });
    expect((await test_.run("cancel order A-7")).output).toMatchObject({ by: "pattern" });
    expect(test_.effects).toEqual([]);
    const asked = await test_.run("my parcel B-9 arrived broken, you owe me 25 euro");
    expect(asked.output).toMatchObject({
      intent: "refund",
      by: "model",
      confidence: 0.9,
      slots: { order: "B-9" },
      missing: ["amount"],
    });
    expect((await test_.run("sing a song")).output).toMatchObject({ intent: "none", by: "model" });
    expect(test_.effects).toHaveLength(2);
    await test_.close();
  });

  test("a model that names no intent of ours is told so once, and then fails the task", async () => {
    const world = await testAgent(intentParserAgent({ intents, model: "m" }), {
      model: () => JSON.stringify({ intent: "drop-tables", confidence: 1 }),
    });
    expect((await world.run("sing a song")).error?.code).toBe("OUTPUT_MISMATCH");
    await world.close();
  });

  test("refuses what it cannot read, with the place", () => {
    const made = (patterns: readonly string[]) => () =>
      intentParserAgent({ intents: [{ name: "a", patterns: [...patterns], slots: { n: {} } }] });
    expect(made(["(a|b"])).toThrow("intents[0].patterns[0]: ( at character 1 is not closed");
    expect(made(["go {m}"])).toThrow("{m} is no slot of the intent; expected one of n");
    expect(made(["{n}"])).toThrow("it would fit anything");
    expect(made(["go ".repeat(50)])).toThrow("at most 40 words");
    expect(made([Array.from({ length: 8 }, (_, at) => `[w${at}]`).join(" ")])).toThrow("more than 64 ways");
    expect(() => parse("x ".repeat(101))).toThrow("at most 100 words");
  });

  test("takes a time that does not grow with how a text is made", () => {
    const nasty = [{ name: "a", patterns: ["a * a * a * a * {x} b {y} c"], slots: { x: {}, y: {} } }];
    const agent = intentParserAgent({ intents: nasty });
    const before = performance.now();
    agent.answer?.({ tenantId: "t", payload: `${"a ".repeat(97)}b c` }, {} as never);
    // Backtracking takes 97 to the fifth.
    expect(performance.now() - before).toBeLessThan(500);
  });

  test("whatever is said, the same is said again, slots stand in the text, and it is as sure as 0 to 1", () => {
    const word = fc.constantFrom(
      "cancel",
      "order",
      "A-7",
      "not",
      "refund",
      "for",
      "table",
      "on",
      "please",
      "12",
      "x@y.zz",
      "[",
      "{order}",
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
        const text = words.join(" ");
        const found = parse(text);
        expect(parse(text)).toEqual(found);
        expect(found.confidence).toBeGreaterThanOrEqual(0);
        expect(found.confidence).toBeLessThanOrEqual(1);
        for (const value of Object.values(found.slots)) expect(text).toContain(String(value));
      }),
    );
  });
});

test("what a model says of a slot stands in the text as whole words, not as a part of one", () => {
  const word = { type: "word", required: true } as const;
  expect(checkedValue(word, "A-7", "cancel order A-77")).toBeNull();
  expect(checkedValue(word, "A-77", "cancel order a-77, please")).toBe("A-77");
  expect(checkedValue({ type: "text", required: true }, "the blue lamp", "where is the Blue Lamp?")).toBe(
    "the blue lamp",
  );
});

import type { ModelRequest } from "@agentcore/contract/authoring";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createFnvDigest } from "../testing/test-senses.ts";
import { keysOf, REQUEST_MEMBERS } from "./request-keys.ts";

const digest = createFnvDigest();
const tool = (description: string) => ({
  ...{ name: "weather", description, input: z.object({}), inputJsonSchema: { type: "object" } },
  execute: () => null,
});
const base: ModelRequest = { messages: [{ role: "user", content: "What is the tallest tower?" }] };
const keys = (request: Partial<ModelRequest> = {}, tenantId = "t", model = "openai/m") =>
  keysOf(digest, { tenantId, model, request: { ...base, ...request } });
const ask = (content: string, others: ModelRequest["messages"] = []) =>
  keys({ messages: [...others, { role: "user", content }] });

/** Two values of every member: as the key sees them, they differ or they do not. */
const changes: { readonly [Member in keyof Required<ModelRequest>]: readonly [unknown, unknown] } = {
  model: ["a", "b"],
  messages: [base.messages, [{ role: "user", content: "What is the tallest tree?" }]],
  tools: [[tool("Tells the weather")], [tool("Tells the weather of tomorrow")]],
  toolChoice: ["auto", { name: "weather" }],
  output: [{ schema: { type: "string" } }, { schema: { type: "number" } }],
  temperature: [0, 0.1],
  topP: [0.9, 1],
  stop: [["a"], ["b"]],
  seed: [1, 2],
  maxOutputTokens: [10, 11],
  key: ["a", "b"],
  retry: [{ maxAttempts: 1 }, { maxAttempts: 2 }],
  timeoutMs: [1, 2],
  cache: [true, undefined],
  artifact: [{ name: "a" }, { name: "b" }],
};

test.each(Object.entries(REQUEST_MEMBERS))("%s is in the keys, or says why not", (member, part) => {
  const [one, other] = changes[member as keyof typeof changes].map((value) => keys({ [member]: value }));
  const shapes = typeof part !== "string";
  expect(one?.exact !== other?.exact).toBe(shapes);
  expect(one?.content !== other?.content).toBe(shapes);
  expect(shapes || part.length > 10).toBe(true);
});

test("tenant and model are in every key", () => {
  for (const other of [keys({}, "u"), keys({}, "t", "openai/n")])
    for (const key of ["exact", "content"] as const) expect(other[key]).not.toBe(keys()[key]);
  expect(keys({}, "u").plain?.partition).not.toBe(keys().plain?.partition);
  expect(keys({}, "t", "openai/n").plain?.partition).not.toBe(keys().plain?.partition);
});

test("members in another order, and members that are undefined, make no other request", () => {
  const schema = { type: "object", properties: { a: {}, b: {} } };
  const turned = { properties: { b: {}, a: {} }, type: "object" };
  expect(keys({ output: { schema } }).exact).toBe(keys({ output: { schema: turned } }).exact);
  expect(keys({ temperature: undefined as unknown as number }).exact).toBe(keys().exact);
});

describe("the content key", () => {
  test.each([
    ["space and case", "what is  the\ntallest TOWER ?", "What is the tallest tower?"],
    ["shouting", "WHAT IS THE TALLEST TOWER", "What is the tallest tower?"],
    ["a question mark that says nothing new", "what is the tallest tower", "What is the tallest tower?"],
    ["an exclamation", "Help me!", "help me"],
    ["final full stops", "Name the tallest tower...", "name the tallest tower"],
    ["composed characters", "Où est le caf\u0065\u0301 ?", "Où est le caf\u00e9 ?"],
    ["members of JSON", '{"b": 1, "a": [1, 2]}', '{"a":[1,2],"b":1}'],
  ])("overlooks %s", (_, one, other) => {
    expect(ask(one).content).toBe(ask(other).content);
    expect(ask(one).exact).not.toBe(ask(other).exact);
  });

  test.each([
    ["a question and an order", "Delete it?", "Delete it."],
    ["an abbreviation and a word", "Tell US the rules", "Tell us the rules"],
    ["code", "What prints `A`?", "What prints `a`?"],
    ["a name in an address", "Open https://a.test/A", "Open https://a.test/a"],
    ["indented lines", "Fix:\nif x:\n  a\n  b", "Fix:\nif x:\n  a\nb"],
    ["quotations", 'Who said "I am"?', 'Who said "i am"?'],
    ["numbers that JavaScript would make equal", '{"id":12345678901234567890}', '{"id":12345678901234567891}'],
    ["accents", "Where is the resume?", "Where is the résumé?"],
    ["a superscript", "Solve x² = 4", "Solve x2 = 4"],
    ["a factorial", "What is 5!", "What is 5"],
    ["a factorial that is asked for", "What is n!?", "What is n?"],
    ["a factorial that is told to be computed", "Compute (n+1)!", "Compute (n+1)."],
    ["an abbreviation that stands alone, and a word", "US", "us"],
  ])("keeps apart %s", (_, one, other) => expect(ask(one).content).not.toBe(ask(other).content));

  // A quadratic one takes minutes.
  test.each([".", "!", "?", "a!", " .", "…", "x\t", "\n ", "'", "{", "A "])(
    "takes no longer than its text is long, for many of %j",
    (part) => {
      const startedAt = performance.now();
      for (const begin of ["", "What is "]) ask(`${begin}${part.repeat(300_000)}x`);
      expect(performance.now() - startedAt).toBeLessThan(4_000);
    },
  );

  test("folds the case of the last question only", () => {
    const before = (content: string) => [
      { role: "user" as const, content },
      { role: "assistant" as const, content: "Yes" },
    ];
    expect(ask("And now?", before("Polish it")).content).not.toBe(ask("And now?", before("polish it")).content);
  });

  test("overlooks the ids of tool calls, but not which result belongs to which", () => {
    const conversation = (ids: readonly [string, string], results: readonly [string, string]) =>
      ask("And?", [
        {
          ...{ role: "assistant", content: "" },
          toolCalls: ids.map((id, index) => ({ id, name: "weather", input: { city: index } })),
        },
        { role: "tool", content: '{"c": 1, "b": 2}', toolCallId: results[0] },
        { role: "tool", content: "rain", toolCallId: results[1] },
      ]).content;
    expect(conversation(["a", "b"], ["a", "b"])).toBe(conversation(["x", "y"], ["x", "y"]));
    expect(conversation(["a", "b"], ["a", "b"])).not.toBe(conversation(["a", "b"], ["b", "a"]));
  });
});

describe("a plain question", () => {
  const system = { role: "system" as const, content: "Be brief." };
  test("is one user message, with or without system messages before it", () => {
    expect(ask(" What  is\nit? ").plain?.text).toBe("What is it?");
    expect(ask("What is it?", [system]).plain?.partition).not.toBe(ask("What is it?").plain?.partition);
  });
  test.each<[string, Partial<ModelRequest>]>([
    ["a conversation", { messages: [{ role: "assistant", content: "Hi" }, ...base.messages] }],
    ["two user messages", { messages: [...base.messages, ...base.messages] }],
    ["a system message behind it", { messages: [...base.messages, system] }],
    ["tools", { tools: [tool("Tells the weather")] }],
    ["a long text", { messages: [{ role: "user", content: "x".repeat(2_001) }] }],
    ["nothing", { messages: [{ role: "user", content: "  " }] }],
  ])("is not %s", (_, request) => expect(keys(request).plain).toBeNull());
  test("of another schema or temperature is of another partition", () => {
    const partitions = [{}, { output: {} }, { output: { schema: { type: "string" } } }, { temperature: 1 }].map(
      (request) => keys(request).plain?.partition,
    );
    expect(new Set(partitions).size).toBe(4);
  });
});

import type { ModelMessage, ModelRequest, Tool } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { ModelTarget } from "../model-target.ts";
import { chatRequest, embedRequest, keyOf } from "./recorded-request.ts";

const TARGET: ModelTarget = {
  ...{ id: "desk", name: "desk", provider: "openai", model: "gpt-5-mini", isDeclared: true },
  ...{ timeoutMs: 1000, firstTokenTimeoutMs: 1000 },
};

const text = fc.string({ maxLength: 8 });
const toolCall = fc.record({ id: text, name: text, input: fc.jsonValue({ maxDepth: 2 }) });
const message: fc.Arbitrary<ModelMessage> = fc.record(
  {
    role: fc.constantFrom("system", "user", "assistant", "tool"),
    content: text,
    toolCalls: fc.array(toolCall, { maxLength: 2 }),
    toolCallId: text,
    toolName: text,
  },
  { requiredKeys: ["role", "content"] },
);
const tool: fc.Arbitrary<Tool> = fc
  .record({ name: text, description: text, inputJsonSchema: fc.dictionary(text, fc.jsonValue({ maxDepth: 1 })) })
  .map((shown) => ({ ...shown, input: z.unknown(), execute: () => null }));

// One for each member: a new one that nobody classified does not compile, here and in the table that is tested.
const SHAPING = {
  messages: fc.array(message, { minLength: 1, maxLength: 3 }),
  tools: fc.array(tool, { maxLength: 2 }),
  toolChoice: fc.oneof(
    fc.constantFrom("auto" as const, "none" as const, "required" as const),
    fc.record({ name: text }),
  ),
  output: fc.record({ name: text, schema: fc.dictionary(text, fc.jsonValue({ maxDepth: 1 })) }, { requiredKeys: [] }),
  temperature: fc.constantFrom(0, 0.5, 1, 2),
  topP: fc.constantFrom(0.1, 0.5, 1),
  stop: fc.array(text, { maxLength: 3 }),
  seed: fc.nat(5),
  maxOutputTokens: fc.integer({ min: 1, max: 5 }),
};
const OTHER = {
  model: text,
  key: text,
  retry: fc.record({ maxAttempts: fc.nat(3) }),
  timeoutMs: fc.nat(5),
  cache: fc.boolean(),
  artifact: fc.record({ name: text }),
};
const ALL = { ...SHAPING, ...OTHER } satisfies Record<keyof ModelRequest, fc.Arbitrary<unknown>>;
const request = fc.record(ALL, { requiredKeys: ["messages"] }) as fc.Arbitrary<ModelRequest>;
const keyOfChat = (asked: ModelRequest, target = TARGET): string => keyOf(chatRequest(target, asked));

/** What is shown of a value: functions and schemas of the code are not. */
const shownOf = (value: unknown): string | undefined =>
  value === undefined
    ? undefined
    : JSON.stringify(value, (name, member: unknown) => (name === "input" && isSchema(member) ? undefined : member));
const isSchema = (value: unknown): boolean => typeof value === "object" && value !== null && "~standard" in value;

test.each(Object.keys(SHAPING) as (keyof typeof SHAPING)[])(
  "requests that differ in %s have different keys",
  (member) => {
    fc.assert(
      fc.property(request, fc.oneof<fc.Arbitrary<unknown>[]>(ALL[member], fc.constant(undefined)), (asked, value) => {
        const { [member]: _, ...rest } = asked;
        const other = (value === undefined ? rest : { ...rest, [member]: value }) as ModelRequest;
        fc.pre(member !== "messages" || value !== undefined);
        fc.pre(sortedJson(shownOf(asked[member])) !== sortedJson(shownOf(value)));
        expect(keyOfChat(other)).not.toBe(keyOfChat(asked));
      }),
    );
  },
);

test("requests that differ in nothing that shapes the answer have one key", () => {
  fc.assert(
    fc.property(request, fc.record(OTHER), (asked, other) => {
      expect(keyOfChat({ ...asked, ...other } as ModelRequest)).toBe(keyOfChat(asked));
    }),
  );
});

test("the order of members makes no difference, however deep", () => {
  fc.assert(
    fc.property(request, (asked) => {
      expect(keyOfChat(turned(asked) as ModelRequest)).toBe(keyOfChat(asked));
    }),
  );
});

test("who is asked is part of the key, and how it is reached is not", () => {
  const asked: ModelRequest = { messages: [{ role: "user", content: "hi" }] };
  const key = keyOfChat(asked);
  expect(keyOfChat(asked, { ...TARGET, model: "gpt-5" })).not.toBe(key);
  expect(keyOfChat(asked, { ...TARGET, provider: "azure" })).not.toBe(key);
  const elsewhere = { baseUrl: "http://10.0.0.1/v1", apiKeyEnv: "B_KEY", headers: { "x-team": "blue" } };
  expect(keyOfChat(asked, { ...TARGET, ...elsewhere, id: "desk#2", name: "other", timeoutMs: 5 })).toBe(key);
  expect(JSON.stringify(chatRequest({ ...TARGET, ...elsewhere }, asked))).not.toMatch(/10\.0\.0\.1|B_KEY|blue/);
});

test("the model's own bound of the answer counts where it is the lower one", () => {
  const asked: ModelRequest = { messages: [], maxOutputTokens: 100 };
  const bounded = { ...TARGET, maxOutputTokens: 50 };
  expect(keyOfChat(asked, bounded)).toBe(keyOfChat({ messages: [], maxOutputTokens: 50 }));
  expect(keyOfChat(asked, { ...TARGET, maxOutputTokens: 200 })).toBe(keyOfChat(asked));
});

test("texts of vectors and their order are the key", () => {
  const key = (texts: readonly string[]): string => keyOf(embedRequest(TARGET, texts));
  expect(key(["a", "b"])).toBe(key(["a", "b"]));
  expect(key(["a", "b"])).not.toBe(key(["b", "a"]));
  expect(key(["ab"])).not.toBe(key(["a", "b"]));
});

const turned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null || isSchema(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, turned(member)]),
  );
};

const sortedJson = (json: string | undefined): string | undefined =>
  json === undefined ? undefined : JSON.stringify(sorted(JSON.parse(json)));
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .map(([name, member]) => [name, sorted(member)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
};

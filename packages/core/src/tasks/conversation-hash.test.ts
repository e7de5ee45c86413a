import type { ModelMessage } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Digest, GrowingDigest } from "../ports/index.ts";
import { createFnvDigest } from "../testing/test-senses.ts";
import { ConversationHash } from "./conversation-hash.ts";

const digest = createFnvDigest();
const expected = (messages: readonly unknown[], rest: readonly unknown[]): string =>
  digest.sha256(JSON.stringify([messages, ...rest])).slice(0, 16);

const content = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("long ".repeat(1000), '{"json":1}', ""),
);
const message: fc.Arbitrary<ModelMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom("system" as const, "user" as const), content }),
  fc.record({ role: fc.constant("tool" as const), content, toolCallId: content, toolName: content }),
  fc.record({
    ...{ role: fc.constant("assistant" as const), content },
    toolCalls: fc.array(fc.record({ id: content, name: content, input: fc.jsonValue() }), { maxLength: 2 }),
  }),
);
/** What becomes of a conversation between one request and the next. */
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("add" as const), messages: fc.array(message, { maxLength: 3 }) }),
  },
  fc.record({ kind: fc.constant("drop" as const), at: fc.nat({ max: 20 }) }),
  fc.record({ kind: fc.constant("edit" as const), at: fc.nat({ max: 20 }), content }),
  fc.record({ kind: fc.constant("editCall" as const), at: fc.nat({ max: 20 }), content }),
  fc.record({ kind: fc.constant("annotate" as const), at: fc.nat({ max: 20 }), key: fc.constantFrom("role", "more") }),
);

test("the hash is that of the whole request as JSON, whatever was asked, added, changed in place or left out before", () => {
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.array(fc.jsonValue(), { maxLength: 2 }),
      (changes, more) => {
        const conversation = new ConversationHash(digest);
        const messages: Record<string, unknown>[] = [];
        for (const each of changes) {
          if (each.kind === "add") messages.push(...(structuredClone(each.messages) as unknown as typeof messages));
          else {
            const at = each.at % Math.max(1, messages.length);
            const one = messages[at];
            if (each.kind === "drop") messages.splice(at, 1);
            else if (one !== undefined && each.kind === "edit") one["content"] = each.content;
            else if (one !== undefined && each.kind === "annotate") one[each.key] = { json: "1" };
            else if (one !== undefined && each.kind === "editCall") {
              const [call] = (one["toolCalls"] ?? []) as { input: unknown }[];
              if (call !== undefined) call.input = { changed: each.content };
            }
          }
          const rest = [["tool"], ...more];
          expect(conversation.of(messages as unknown as ModelMessage[], rest)).toBe(expected(messages, rest));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a long conversation costs each turn what the turn adds", () => {
  let digested = 0;
  const counting = (inner: GrowingDigest): GrowingDigest => ({
    add: (text) => {
      digested += text.length;
      return counting(inner.add(text));
    },
    hex: () => inner.hex(),
  });
  const counted: Digest = {
    ...digest,
    begin: () => counting(digest.begin()),
    sha256: (text) => {
      digested += text.length;
      return digest.sha256(text);
    },
  };
  const conversation = new ConversationHash(counted);
  const messages: ModelMessage[] = Array.from({ length: 200 }, () => ({ role: "user", content: "x".repeat(2000) }));
  conversation.of(messages, [null]);
  expect(digested).toBeGreaterThan(400_000);
  digested = 0;
  messages.push({ role: "assistant", content: "y".repeat(2000), toolCalls: [{ id: "1", name: "t", input: {} }] });
  expect(conversation.of([...messages], [null])).toBe(expected(messages, [null]));
  expect(digested).toBeLessThan(2200);
});

test("what is no conversation is hashed as it is, and left to whoever refuses it", () => {
  const conversation = new ConversationHash(digest);
  const odd = [null, "text", { role: "user", content: "x".repeat(10_000) }];
  expect(conversation.of(odd as unknown as ModelMessage[], [undefined])).toBe(expected(odd, [undefined]));
  expect(conversation.of(undefined as unknown as ModelMessage[], [1])).toBe(digest.sha256("[null,1]").slice(0, 16));
});

const sayingElse = { toJSON: () => "else" };
class SaysElse {
  x = 1;
  toJSON(): string {
    return "else";
  }
}
class ListSayingElse extends Array<number> {
  toJSON(): string {
    return "else";
  }
}

test.each<
  [string, { input: unknown; change: (call: Record<string, unknown>, message: Record<string, unknown>) => void }]
>([
  ["a member is gone", { input: 1, change: (_, message) => delete message["toolCalls"] }],
  ["a member is new", { input: 1, change: (_, message) => Object.assign(message, { more: 1 }) }],
  [
    "a member of it has another name",
    {
      input: 1,
      change: (_, message) => {
        delete message["note"];
        message["memo"] = 1;
      },
    },
  ],
  ["a call is gone", { input: 1, change: (_, message) => (message["toolCalls"] as unknown[]).pop() }],
  ["a member of a call is gone", { input: 1, change: (call) => delete call["input"] }],
  ["members came in another order", { input: { a: 1, b: 1 }, change: (call) => (call["input"] = { b: 1, a: 1 }) }],
  ["a member has another name", { input: { a: 1 }, change: (call) => (call["input"] = { b: 1 }) }],
  ["a list is longer", { input: [1], change: (call) => (call["input"] as number[]).push(2) }],
  ["a list is an object", { input: [1], change: (call) => (call["input"] = { 0: 1 }) }],
  ["an object is a list", { input: { 0: 1, length: 1 }, change: (call) => (call["input"] = [1]) }],
  ["there is nothing", { input: {}, change: (call) => (call["input"] = null) }],
  ["a time passed", { input: new Date(0), change: (call) => (call["input"] as Date).setTime(1) }],
  ["a list says another thing", { input: [1], change: (call) => (call["input"] = new ListSayingElse(1).fill(1)) }],
  ["an object says what it wants", { input: {}, change: (call) => (call["input"] = sayingElse) }],
  ["an object of a class says another thing", { input: { x: 1 }, change: (call) => (call["input"] = new SaysElse()) }],
])("a message of a long conversation is written out again when %s", (_, { input, change }) => {
  const conversation = new ConversationHash(digest);
  const call: Record<string, unknown> = { id: "1", name: "t", input };
  const message: Record<string, unknown> = { role: "assistant", content: "", toolCalls: [call, { id: "2" }], note: 1 };
  const messages = [{ role: "user", content: "x".repeat(10_000) }, message] as unknown as ModelMessage[];
  const first = conversation.of(messages, [null]);
  expect(first).toBe(expected(messages, [null]));
  change(call, message);
  expect(expected(messages, [null])).not.toBe(first);
  expect(conversation.of(messages, [null])).toBe(expected(messages, [null]));
});

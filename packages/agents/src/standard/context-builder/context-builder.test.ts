import type { BuiltPrompt } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { byRelevance } from "./by-relevance.ts";
import { type ContextBuilderOptions, contextBuilderAgent } from "./context-builder.ts";

const build = (request: object, options: ContextBuilderOptions = {}): BuiltPrompt =>
  contextBuilderAgent(options).answer?.({ tenantId: "t", payload: request }, {} as never) as BuiltPrompt;

const documents = [
  { name: "shipping.md", text: "Parcels go out on Mondays. ".repeat(20) },
  { name: "returns.md", text: "Lamps may be returned within 30 days. ".repeat(20) },
  { name: "jobs.md", text: "We look for a cook. ".repeat(20) },
];
const messages = [{ role: "user", content: "How long may I return a lamp?" }];

test("what has to do with the question comes first, and what has no room is named", () => {
  const built = build({ documents, messages }, { maxTokens: 480, instructions: "Be kind." });
  expect(built.leftOut.documents.toSorted()).toEqual(["jobs.md", "shipping.md"]);
  expect(built.messages[0]).toEqual({ role: "system", content: "Be kind." });
  expect(built.messages.at(-1)?.content).toContain("returned within 30 days");
  expect(built.reasons).toContainEqual(expect.stringMatching(/^1 of 3 documents; no room for/));
  expect(built.tokens).toBeLessThanOrEqual(480);
  expect(build({ documents, messages }, { maxTokens: 480, order: "given" }).leftOut.documents).toContain("returns.md");
});

test("refuses a window that what is never cut does not fit into, and parts that are none", () => {
  expect(() => build({ messages: [{ role: "user", content: "x ".repeat(2000) }], maxTokens: 100 })).toThrow(
    "what is never cut",
  );
  expect(() => build({ messages: [{ role: "system", content: "x" }] })).toThrow(
    "what a context is to be built of is not valid",
  );
});

test("those alike stay in their order", () => {
  expect(byRelevance(["b", "a", "c d"], (text) => text, "d")).toEqual(["c d", "b", "a"]);
  expect(byRelevance(["b", "a"], (text) => text, "")).toEqual(["b", "a"]);
});

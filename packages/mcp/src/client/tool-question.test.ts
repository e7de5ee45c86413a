import { PlatformError } from "@agentcore/contract";
import type { InputRequiredResult } from "@modelcontextprotocol/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { askedBy } from "./tool-question.ts";

/** What a server sends, which nobody has looked at by then. */
const asked = (result: object): unknown => {
  try {
    return askedBy('MCP server "desk"', "book", { resultType: "input_required", ...result } as InputRequiredResult);
  } catch (error) {
    return error;
  }
};

const form = (properties: object) => ({
  method: "elicitation/create",
  params: { message: "For whom?", requestedSchema: { type: "object", properties } },
});

test.each([
  ["texts, numbers, and one of a few", { name: { type: "string" }, seats: { type: "integer" }, row: { enum: ["a"] } }],
  ["several of a few", { rows: { type: "array", items: { type: "string", enum: ["a", "b"] } } }],
  ["several of a few that have titles", { rows: { type: "array", items: { anyOf: [{ const: "a", title: "A" }] } } }],
  ["nothing but a yes", {}],
])("a form is taken: %s", (_, properties) => {
  expect(asked({ inputRequests: { who: form(properties) } })).toMatchObject({
    code: "INPUT_REQUIRED",
    details: { question: { forms: [{ id: "who", message: "For whom?", form: { properties } }] } },
  });
});

test.each([
  ["an address to visit", { method: "elicitation/create", params: { mode: "url", message: "x", url: "https://x" } }],
  ["a question for a model", { method: "sampling/createMessage", params: { messages: [] } }],
  ["nothing", null],
  ["no parameters", { method: "elicitation/create" }],
  ["no words", { method: "elicitation/create", params: { requestedSchema: { type: "object" } } }],
  ["no form", { method: "elicitation/create", params: { message: "x", requestedSchema: "name" } }],
  ["a list for a form", { method: "elicitation/create", params: { message: "x", requestedSchema: { type: "array" } } }],
  ["fields that are none", form({ name: "string" })],
  ["an object in a form", form({ name: { type: "object" } })],
  ["objects in a form", form({ names: { type: "array", items: { type: "object" } } })],
])("what nobody can be asked fails the call, and it is said why: %s", (_, request) => {
  expect(asked({ inputRequests: { who: request } })).toMatchObject({
    ...{ code: "UPSTREAM_FAILED", retryable: false },
    message: expect.stringMatching(/^MCP server "desk": book asks before it goes on, and /),
  });
});

test("what would be too much to show or to keep fails the call", () => {
  const many = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`q${n}`, form({})]));
  const large = { who: form({ name: { type: "string", description: "x".repeat(40_000) } }) };
  for (const result of [{ inputRequests: many }, { inputRequests: large }, { requestState: "x".repeat(70_000) }])
    expect(asked(result)).toMatchObject({ code: "UPSTREAM_FAILED" });
});

test("whatever a server sends, it is a question or fails in words", () => {
  const request = fc.oneof(
    fc.jsonValue(),
    fc.record({ method: fc.constant("elicitation/create"), params: fc.jsonValue() }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), request, { maxKeys: 7 }), (inputRequests) => {
      const error = asked({ inputRequests });
      expect(PlatformError.is(error) && ["INPUT_REQUIRED", "UPSTREAM_FAILED"].includes(error.code)).toBe(true);
    }),
  );
});

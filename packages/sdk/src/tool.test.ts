import type { Schema, Tool } from "@agentcore/contract/authoring";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { tool } from "./tool.ts";

const options = { name: "add", description: "Adds", execute: () => 1 };
const mute: Schema<string> = {
  "~standard": { version: 1, vendor: "mute", validate: (value) => ({ value: String(value) }) },
};

describe("tool()", () => {
  test("derives the JSON Schema of what it accepts", () => {
    const add = tool({
      ...options,
      input: z.object({ a: z.number(), b: z.number().default(1) }),
      execute: ({ a, b }) => a + b,
    });
    expect(add.inputJsonSchema).toEqual({
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number", default: 1 } },
      required: ["a"],
    });
    expect(Object.isFrozen(add)).toBe(true);
    expectTypeOf(add).toEqualTypeOf<Tool<{ a: number; b: number }, number>>();
  });

  test("takes a JSON Schema by hand when the library has none", () => {
    expect(tool({ ...options, input: mute, inputJsonSchema: { type: "object" } }).inputJsonSchema).toEqual({
      type: "object",
    });
    expect(() => tool({ ...options, input: mute })).toThrow(
      /tool "add": inputJsonSchema: expected, as a schema of "mute"/,
    );
  });

  test("derives from a library's own toJsonSchema", () => {
    const own = { ...mute, toJsonSchema: () => ({ $schema: "x", type: "object" }) };
    expect(tool({ ...options, input: own }).inputJsonSchema).toEqual({ type: "object" });
  });

  test("says why a JSON Schema cannot be derived", () => {
    expect(() => tool({ ...options, input: z.object({ at: z.date() }) })).toThrow(
      /inputJsonSchema: expected, .*Date cannot be represented/,
    );
  });

  const mistakes: [string, object, RegExp][] = [
    [
      "a name models refuse",
      { ...options, name: "add up", input: z.object({}) },
      /tool "add up": name: expected 1 to 64/,
    ],
    ["no description", { ...options, description: " ", input: z.object({}) }, /description: expected some words/],
    ["no schema", options, /input: expected a Standard Schema.*got undefined/],
    ["no execute", { ...options, input: z.object({}), execute: undefined }, /execute: expected a function/],
  ];
  test.each(mistakes)("refuses %s", (_, wrong, message) => {
    expect(() => tool(wrong as Parameters<typeof tool>[0])).toThrow(message);
  });

  test("keeps `this` of a tool written as an object", async () => {
    const counter = {
      ...options,
      input: z.object({}),
      count: 41,
      execute() {
        return this.count + 1;
      },
    };
    expect(await tool(counter).execute({}, { signal: new AbortController().signal, idempotencyKey: "k" })).toBe(42);
  });
});

describe("what a tool says of itself", () => {
  const basics = { name: "send", description: "sends", input: z.object({ to: z.string() }), execute: () => "sent" };

  test("is kept as it is given, and nothing else is", () => {
    const rules = {
      ...{ permission: "mail:send", readOnly: false, idempotent: true, timeoutMs: 1000, costUsd: 0.01, maxCalls: 3 },
      approval: ({ to }: { to: string }) => to !== "",
      approvers: ["bob"],
    };
    const made = tool({ ...basics, ...rules, output: z.string() });
    expect(made).toMatchObject(rules);
    expect(Object.keys(tool(basics))).toEqual(["name", "description", "input", "inputJsonSchema", "execute"]);
  });

  test.each([
    ["permission", "mail send", "expected a scope"],
    ["readOnly", "yes", "expected true or false"],
    ["idempotent", 1, "expected true or false"],
    ["timeoutMs", 0, "expected a whole number above 0"],
    ["costUsd", -1, "expected US dollars"],
    ["maxCalls", 1.5, "expected a whole number above 0"],
    ["approval", "sometimes", 'expected "never", "always" or a function'],
    ["approvers", [], "expected 1 to 100 names"],
    ["output", {}, "expected a Standard Schema"],
  ])("%s of %j is refused", (field, value, expected) => {
    expect(() => tool({ ...basics, [field]: value })).toThrow(`tool "send": ${field}: ${expected}`);
  });

  test("a tool that changes nothing may be called again", () => {
    expect(() => tool({ ...basics, readOnly: true, idempotent: false })).toThrow("idempotent: expected nothing");
  });
});

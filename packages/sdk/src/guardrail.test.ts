import { expect, test } from "vitest";
import { agent } from "./agent.ts";
import { guardrail } from "./guardrail.ts";

const calm = guardrail({ name: "calm", tool: () => undefined });

test("a guardrail looks at one place at least, by functions that have the names of places", () => {
  expect(() => guardrail({ name: "idle" })).toThrow('guardrail "idle": tool: expected at least one of input, tool');
  expect(() => guardrail({ name: "x", tools: () => undefined } as never)).toThrow("tools: unknown field");
  expect(() => guardrail({ name: "x", tool: true } as never)).toThrow("tool: expected a function");
  expect(() => guardrail({ name: "Not A Name", tool: () => undefined })).toThrow("name: expected lower-case letters");
});

test("an agent keeps its guardrails in their order, each under a name of its own", () => {
  const other = guardrail({ name: "other", output: () => undefined });
  const basics = { name: "clerk", description: "works", run: () => 1 };
  expect(agent({ ...basics, guardrails: [calm, other] }).guardrails).toEqual([calm, other]);
  expect(() => agent({ ...basics, guardrails: [calm, calm] })).toThrow('guardrails[1]: expected a new name, "calm"');
  expect(() => agent({ ...basics, guardrails: [{}] as never })).toThrow("expected a guardrail made by guardrail()");
});

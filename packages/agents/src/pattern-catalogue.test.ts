import { expect, test } from "vitest";
import { patternCatalogue } from "./index.ts";

test.each([...patternCatalogue.values()])(
  "$name: its example is a workflow without code, or a conversation, and its schema says what is wanted",
  (pattern) => {
    const { workflow, run } = pattern.define(pattern.example.configuration);
    if (["handoff", "group-chat", "crew", "network", "breakdown"].includes(pattern.name))
      expect(run).toBeTypeOf("function");
    else {
      expect(workflow?.functions).toEqual({});
      expect(JSON.parse(JSON.stringify(workflow?.graph))).toEqual(workflow?.graph);
    }
    const { properties } = pattern.configuration as { properties: object };
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(Object.keys(pattern.example.configuration as object)),
    );
  },
);

test("configuration that is wrong is refused with its place", () => {
  const vote = patternCatalogue.get("vote");
  const voters = [{ agent: "a" }, { agent: "b" }];
  expect(() => vote?.define({ voters, rule: "most" })).toThrow(
    'the configuration of pattern "vote" is not valid: rule: expected majority, plurality, unanimous',
  );
  expect(() => vote?.define({ voters, quorum: 3 })).toThrow('pattern "vote" is not valid: quorum: expected 1 to 2');
  expect(() => vote?.define({ voters: [{ agent: "a", $function: "x" }, () => 1] })).toThrow("is not valid: voters: ");
  expect(() => vote?.define(null)).toThrow('the configuration of pattern "vote" is not valid');
});

test("the largest configurations there may be make graphs whose expressions are short enough", () => {
  const agents = (count: number, length: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`n${index}`.padEnd(length, "x"), { agent: `a${index}` }]),
    );
  const choices = Array.from({ length: 20 }, (_, index) => `c${index}`.padEnd(16, "x"));
  const long: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string" && value.length > 4096) long.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  for (const [name, configuration] of [
    ["vote", { voters: agents(50, 60), choices, rule: 0.66, quorum: 50, tieBreaker: { agent: "t" } }],
    ["vote", { voters: agents(50, 60), choices, rule: "plurality" }],
    ["supervisor", { decompose: { agent: "d" }, workers: agents(50, 26) }],
    ["debate", { debaters: agents(20, 60), judge: { agent: "j" } }],
  ] as const)
    visit(patternCatalogue.get(name)?.define(configuration).workflow?.graph);
  expect(long).toEqual([]);
});

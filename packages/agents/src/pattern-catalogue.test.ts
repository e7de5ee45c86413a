import { expect, test } from "vitest";
import { patternCatalogue } from "./index.ts";

test.each([...patternCatalogue.values()])(
  "$name: its example is a workflow without code, and its schema says what is wanted",
  (pattern) => {
    const { workflow } = pattern.define(pattern.example.configuration);
    expect(workflow?.functions).toEqual({});
    expect(JSON.parse(JSON.stringify(workflow?.graph))).toEqual(workflow?.graph);
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

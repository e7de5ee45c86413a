import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTarget, parseTarget, type Target } from "./target.ts";

const pairs: readonly (readonly [string, Target])[] = [
  ["agent:greeter", { agent: "greeter" }],
  ["capability:credit-risk", { capability: "credit-risk" }],
  ["need:somebody who: scores loans", { need: "somebody who: scores loans" }],
  ['need:"score a loan" maxCostUsd=0.05', { need: "score a loan", maxCostUsd: 0.05 }],
  [
    'need:"say \\"yes\\"\\nor maxCostUsd=1" maxCostUsd=0 maxLatencyMs=500 selector.region=eu selector.tier=a',
    {
      need: 'say "yes"\nor maxCostUsd=1',
      ...{ maxCostUsd: 0, maxLatencyMs: 500, selector: { tier: "a", region: "eu" } },
    },
  ],
  ["labels:team=a,tier=1", { labels: { team: "a", tier: "1" } }],
  ["topic:loan.decided", { topic: "loan.decided" }],
];

test.each(pairs)("%s is read and written back", (text, target) => {
  expect(parseTarget(text)).toEqual(target);
  expect(formatTarget(target)).toBe(text);
});

test("words may stand in quotes without limits; what is written back has none", () => {
  expect(parseTarget('need:"score a loan"')).toEqual({ need: "score a loan" });
  expect(formatTarget({ need: "score a loan" })).toBe("need:score a loan");
});

test("any words and limits come back from their spelling", () => {
  const amounts = fc.option(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), { nil: undefined });
  const need = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");
  fc.assert(
    fc.property(need, amounts, amounts, (words, maxCostUsd, maxLatencyMs) => {
      const target = {
        need: words,
        // -0 is written as 0.
        ...(maxCostUsd === undefined ? {} : { maxCostUsd: maxCostUsd + 0 }),
        ...(maxLatencyMs === undefined ? {} : { maxLatencyMs: maxLatencyMs + 0 }),
      };
      expect(parseTarget(formatTarget(target))).toEqual(target);
    }),
  );
});

test.each([
  ['need:"open', "the words in double quotes"],
  ['need:"a"b', "the words in double quotes"],
  ['need:"a\\q"', "JSON's escapes"],
  ['need:" "', "what is to be done"],
  ["need: ", "what is to be done"],
  ['need:"a" maxCostUsd=cheap', "a number from 0 in place of maxCostUsd=cheap"],
  ['need:"a" maxLatencyMs=', "a number from 0"],
  ['need:"a" maxLatencyMs=-1', "a number from 0"],
  ['need:"a" maxCost=1', "maxCostUsd=…, maxLatencyMs=… or selector.<label>=… in place of maxCost=1"],
  ['need:"a" selector.=eu', "selector.<label>=…"],
])("%s is refused, saying what was expected", (text, expected) => {
  expect(() => parseTarget(text)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(expected) }),
  );
});

test("labels have one spelling, whatever the order they are given in", () => {
  expect(formatTarget({ labels: { tier: "1", team: "a" } })).toBe("labels:team=a,tier=1");
});

test.each(["", "greeter", "agent:", ":greeter", "pod:greeter"])(
  "%j is refused, saying what a target looks like",
  (text) => {
    expect(() => parseTarget(text)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("expected agent:…") }),
    );
  },
);

test.each(["labels:team", "labels:=a", "labels:a=b=c", "labels:a=b,"])("%s is refused as a selector", (text) => {
  expect(() => parseTarget(text)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("expected key=value") }),
  );
});

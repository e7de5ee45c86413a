import { expect, test } from "vitest";
import { formatTarget, parseTarget, type Target } from "./target.ts";

const pairs: readonly (readonly [string, Target])[] = [
  ["agent:greeter", { agent: "greeter" }],
  ["capability:credit-risk", { capability: "credit-risk" }],
  ["need:somebody who: scores loans", { need: "somebody who: scores loans" }],
  ["labels:team=a,tier=1", { labels: { team: "a", tier: "1" } }],
  ["topic:loan.decided", { topic: "loan.decided" }],
];

test.each(pairs)("%s is read and written back", (text, target) => {
  expect(parseTarget(text)).toEqual(target);
  expect(formatTarget(target)).toBe(text);
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

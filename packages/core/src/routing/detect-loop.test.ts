import { MAX_HANDOFFS } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { detectLoop } from "./detect-loop.ts";

const handoff = (agent: string, content = "x") => ({ agent, content });

test("an agent may be asked the same twice in one chain, not a third time, and the reason shows the way round", () => {
  const chain = [handoff("a"), handoff("b"), handoff("a")];
  expect(detectLoop({ chain, next: handoff("b"), repeats: 0 }).choice).toBe("go");
  const verdict = detectLoop({ chain: [...chain, handoff("b")], next: handoff("a"), repeats: 0 });
  expect(verdict).toEqual({
    choice: "stop",
    failureMode: "step-repetition",
    reasons: ["agent a was asked the same 2 times before in this chain of commands: a → b → a → b → a"],
  });
});

test("work that changes on its way down is no loop until the chain is too deep", () => {
  fc.assert(
    fc.property(fc.nat(2 * MAX_HANDOFFS), (depth) => {
      const chain = Array.from({ length: depth }, (_, level) => handoff("recursive", String(level)));
      const { choice } = detectLoop({ chain, next: handoff("recursive", "next"), repeats: 0 });
      expect(choice).toBe(depth < MAX_HANDOFFS ? "go" : "stop");
    }),
  );
});

test("a stop says how it fails: what is said again is a repetition, a chain without end knows of none", () => {
  const modeOf = (facts: Parameters<typeof detectLoop>[0]) => {
    const verdict = detectLoop(facts);
    return verdict.choice === "stop" ? verdict.failureMode : null;
  };
  const next = handoff("b");
  expect(modeOf({ chain: [handoff("a")], next, repeats: 10 })).toBe("step-repetition");
  const deep = Array.from({ length: MAX_HANDOFFS }, (_, level) => handoff("a", String(level)));
  expect(modeOf({ chain: deep, next, repeats: 0 })).toBe("unaware-of-termination-conditions");
  expect(modeOf({ chain: [], next, repeats: 0 })).toBeNull();
});

test("ten equal answers in a row to the same command are enough", () => {
  const ask = (repeats: number) => detectLoop({ chain: [handoff("a")], next: handoff("b"), repeats }).choice;
  expect([ask(0), ask(9), ask(10)]).toEqual(["go", "go", "stop"]);
});

import { STEP_KINDS } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compactData, wholeData } from "./compact-data.ts";

test("what is compacted is read as it was, also without a result", () => {
  const step = fc.record(
    {
      path: fc.oneof(
        fc.string(),
        fc.tuple(fc.constantFrom(...STEP_KINDS), fc.string()).map(([kind, name]) => `${kind}:${name}`),
      ),
      kind: fc.constantFrom(...STEP_KINDS),
      inputHash: fc.string(),
      result: fc.jsonValue(),
    },
    { requiredKeys: ["path", "kind"] },
  );
  fc.assert(
    fc.property(step, (data) => {
      const stored = JSON.parse(JSON.stringify(compactData("step.completed", data))) as unknown;
      expect(wholeData("step.completed", stored)).toStrictEqual(JSON.parse(JSON.stringify(data)));
    }),
  );
});

test("the path and the result are all that is kept of a step, everything of other events and of calls with more to say", () => {
  const data = { path: "step:turn@5", kind: "step", result: { n: 1 } };
  expect(compactData("step.completed", data)).toEqual(["step:turn@5", { n: 1 }]);
  expect(compactData("step.started", data)).toBe(data);
  const hashed = { ...data, inputHash: "abc" };
  expect(compactData("step.completed", hashed)).toBe(hashed);
  const other = { ...data, kind: "model" };
  expect(compactData("step.completed", other)).toBe(other);
});

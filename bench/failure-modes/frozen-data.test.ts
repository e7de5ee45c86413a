// The exchanges were written, broken and split before the first detector was. They stay as they are: what is measured later is comparable, and nothing
// can be tuned on the test split unseen.
import { createHash } from "node:crypto";
import { FAILURE_MODES } from "@agentcore/contract";
import { expect, test } from "vitest";
import { readExchanges } from "./exchanges.ts";
import { SPLITS } from "./random.ts";

const FROZEN = {
  dev: { healthy: 178, failing: 468, sha256: "1123a75962be0fa14cc68d77847817106864d4b08a8738ef50a3079c65ddea21" },
  test: { healthy: 167, failing: 457, sha256: "8672327c9e9b95541ef31a2053130f3b55a6a8dcbab122aafb8817368aa9ad49" },
};

test.each(SPLITS)("the exchanges of %s are those that were frozen", (split) => {
  const { healthy, failing } = readExchanges(split);
  const sha256 = createHash("sha256")
    .update(JSON.stringify([healthy, failing]))
    .digest("hex");
  expect({ healthy: healthy.length, failing: failing.length, sha256 }).toEqual(FROZEN[split]);
});

test("there are at least 300 healthy ones of fifteen kinds, and in each split 30 of each mode that is looked for", () => {
  const splits = SPLITS.map(readExchanges);
  const healthy = splits.flatMap((each) => each.healthy);
  expect(healthy.length).toBeGreaterThanOrEqual(300);
  expect(new Set(healthy.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(15);
  const lookedFor = Object.entries(FAILURE_MODES).filter(([, { detected }]) => detected !== "no");
  for (const { failing } of splits)
    for (const [mode] of lookedFor)
      expect(failing.filter((each) => each.mode === mode).length, mode).toBeGreaterThan(30);
});

test("a failure is told of a member that is there, at a turn that is there", () => {
  for (const { id, at, exchange } of SPLITS.flatMap((split) => readExchanges(split).failing)) {
    expect(exchange.turns.length, id).toBeGreaterThan(at);
    expect(exchange.task, id).not.toBe("");
  }
});

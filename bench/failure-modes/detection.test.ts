// Floors on the test split, some way below what was measured (docs/failure-modes.md): they hold that a change to one detector did not break another.
import { detectFailure } from "@agentcore/agents";
import type { FailureMode } from "@agentcore/contract";
import { expect, test } from "vitest";
import { measureDetection } from "./measure-detection.ts";

/** Percent of the failures of a mode. */
const FLOORS: Readonly<Partial<Record<FailureMode, number>>> = {
  "disobey-task-specification": 90,
  "disobey-role-specification": 90,
  "step-repetition": 75,
  "loss-of-conversation-history": 78,
  "unaware-of-termination-conditions": 90,
  "conversation-reset": 80,
  "task-derailment": 38,
  "ignored-other-agents-input": 88,
  "reasoning-action-mismatch": 90,
  "premature-termination": 85,
  "no-or-incomplete-verification": 88,
};
const MOST_FALSE_NOTES = 0.1;

const { modes, falseAlarms } = measureDetection("test", detectFailure);

test("each mode that is looked for is seen as often as its floor says", () => {
  expect(modes.map(({ mode }) => mode).sort()).toEqual(Object.keys(FLOORS).sort());
  for (const { mode, detected, count } of modes)
    expect((100 * detected) / count, mode).toBeGreaterThanOrEqual(FLOORS[mode] ?? 100);
});

test("every endless exchange is stopped, half of them within five turns of the one that shows it", () => {
  for (const { mode, endless, stopped, delays } of modes.filter((each) => each.endless > 0)) {
    expect(stopped, mode).toBe(endless);
    expect(delays[delays.length >> 1], mode).toBeLessThanOrEqual(5);
  }
});

test("no healthy exchange is stopped, and few are noted", () => {
  expect(falseAlarms.told.filter(({ verdict }) => verdict.severity === "stop")).toEqual([]);
  expect(falseAlarms.byExchange.note / falseAlarms.exchanges).toBeLessThan(MOST_FALSE_NOTES);
});

test("a detector that sees nothing, or everything, misses the floors", () => {
  const blind = measureDetection("test", () => null);
  expect(blind.modes.every(({ detected }) => detected === 0)).toBe(true);
  const jumpy = measureDetection("test", ({ turns }) => ({
    ...{ mode: "step-repetition", severity: "stop", member: "", reasons: [] },
    turns: [turns.length - 1],
  }));
  expect(jumpy.falseAlarms.byExchange.stop).toBe(jumpy.falseAlarms.exchanges);
});

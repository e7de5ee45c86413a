import { drawTruth } from "./draw-truth.ts";
import { type Expected, expectedOutcome } from "./expected-outcome.ts";
import type { Random } from "./random.ts";
import type { Scenario } from "./scenarios.ts";
import type { Truth } from "./truth.ts";

export function drawScenario(scenario: Scenario, random: Random): { truth: Truth; expected: Expected } {
  const format = random.pick(scenario.formats ?? (["pdf", "letter", "statement", "json"] as const));
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    const truth = drawTruth(random, format);
    scenario.shape(truth, random);
    const expected = expectedOutcome(truth);
    if (scenario.wanted(expected)) return { truth, expected };
  }
  throw new Error(`No applicant found for "${scenario.name}" as ${format}`);
}

/** Random graphs with random failures, delays, kills and cancels, against the reference. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planOf, type WorkflowPlan } from "./workflows/generate.ts";
import { runPlan } from "./workflows/run-plan.ts";

const RUNS = Number(process.env["AGENTCORE_MODEL_RUNS"] ?? "2000");
const SEED = Number(process.env["AGENTCORE_MODEL_SEED"] ?? Date.now() % 1_000_000_000);
const FOLDER = join(import.meta.dirname, "workflows", "regressions");

test.each(readdirSync(FOLDER).filter((file) => file.endsWith(".json")))("%s no longer fails", async (file) => {
  const plan = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as WorkflowPlan;
  expect((await runPlan(plan)).wrong).toEqual([]);
});

test("whatever the graph and the faults, a workflow comes to what the reference says, does nothing twice and takes back in order", async () => {
  const seen = { runs: 0, events: 0, resumptions: 0, checkpoints: 0, ends: new Map<string, number>() };
  const details = await fc.check(
    fc.asyncProperty(planOf, async (plan) => {
      const { wrong, events, resumptions, checkpoints, end } = await runPlan(plan);
      seen.runs += 1;
      seen.events += events;
      seen.resumptions += resumptions;
      seen.checkpoints += checkpoints;
      seen.ends.set(end, (seen.ends.get(end) ?? 0) + 1);
      expect(wrong).toEqual([]);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: false },
  );
  if (details.failed) {
    const [plan] = details.counterexample ?? [];
    const file = join(FOLDER, `seed-${SEED}.json`);
    writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
    throw new Error(`seed ${SEED}: kept as ${file}\n${String(details.errorInstance)}`);
  }
  const ends = [...seen.ends].map(([end, count]) => `${count} ${end}`).join(", ");
  process.stderr.write(
    `workflows: ${seen.runs} graphs, ${seen.events} events, begun again ${seen.resumptions} times, ${seen.checkpoints} fresh logs; ${ends}\n`,
  );
});

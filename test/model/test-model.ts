/** The test of one store: the plans that once failed, then random ones; a plan that fails is made small, printed and kept. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import { type PlanShape, planOf } from "./generate.ts";
import type { RunResult } from "./run-plan.ts";
import { shrink } from "./shrink.ts";
import type { Plan } from "./world.ts";

const RUNS = Number(process.env["AGENTCORE_MODEL_RUNS"] ?? "2000");
const SEED = Number(process.env["AGENTCORE_MODEL_SEED"] ?? Date.now() % 1_000_000_000);
const FOLDER = join(import.meta.dirname, "regressions");

export interface ModelOptions {
  readonly store: string;
  readonly shape: PlanShape;
  readonly run: (plan: Plan) => Promise<RunResult>;
  readonly shrinkMs: number;
  /** Worlds that are played at the same time. @default 1 */
  readonly atOnce?: number;
  /** Why some faults are others than one would think, for the report. */
  readonly remark?: string;
  readonly timeoutMs: number;
}

const regressions = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .toSorted();

export const testModel = ({ store, shape, run, shrinkMs, atOnce = 1, remark, timeoutMs }: ModelOptions): void => {
  for (const file of regressions())
    test(
      `${store}: ${file} no longer fails`,
      async () => {
        const plan = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Plan;
        expect((await run(plan)).wrong).toEqual([]);
      },
      timeoutMs,
    );

  test(
    `${store}: whatever programs, callers and faults do, nothing is lost or repeated, order is kept, and everything ends or is parked`,
    async () => {
      const report = new Report();
      const worlds = Math.ceil(RUNS / shape.programs);
      const plans = fc.sample(planOf(shape), { numRuns: worlds, seed: SEED });
      const failed: { readonly index: number; readonly plan: Plan; readonly wrong: readonly string[] }[] = [];
      const waiting = [...plans.entries()];
      const play = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined && failed.length === 0; next = waiting.shift()) {
          const [index, plan] = next;
          const result = await run(plan);
          report.add(plan, result);
          if (result.wrong.length > 0) failed.push({ index, plan, wrong: result.wrong });
        }
      };
      await Promise.all(Array.from({ length: atOnce }, play));
      const [first] = failed;
      if (first !== undefined) {
        const { index, plan, wrong } = first;
        process.stdout.write(`${store}: world ${index} of seed ${SEED} fails:\n${wrong.slice(0, 3).join("\n")}\n`);
        const small = await shrink(plan, async (candidate) => (await run(candidate)).wrong.length > 0, shrinkMs);
        const kept = keep(store, small);
        process.stdout.write(`${store}: kept as ${kept}:\n${JSON.stringify(small)}\n${report.line(store, remark)}\n`);
        expect.fail(`world ${index} of AGENTCORE_MODEL_SEED=${SEED} fails, see ${kept}:\n${wrong[0]}`);
      }
      process.stdout.write(`${report.line(store, remark)}\n`);
      expect(report.lost + report.repeatedRecorded).toBe(0);
      // Few programs meet few faults.
      if (RUNS >= 2000) expect(FAULT_KINDS.filter((kind) => !report.struck.has(kind))).toEqual([]);
    },
    timeoutMs,
  );
};

const keep = (store: string, plan: Plan): string => {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${store}-${SEED}.json`;
  writeFileSync(join(FOLDER, file), `${JSON.stringify(plan, null, 1)}\n`);
  return file;
};

class Report {
  readonly struck = new Map<FaultKind, number>();
  lost = 0;
  repeatedRecorded = 0;
  private programs = 0;
  private tasks = 0;
  private inFlight = 0;
  private readonly ends = new Map<string, number>();
  private readonly startedAt = performance.now();

  add(plan: Plan, { tally, struck }: RunResult): void {
    this.programs += plan.programs.length;
    this.tasks += tally.tasks;
    this.lost += tally.lost;
    this.repeatedRecorded += tally.repeatedRecorded;
    this.inFlight += tally.repeatedInFlight;
    for (const [end, count] of tally.ends) this.ends.set(end, (this.ends.get(end) ?? 0) + count);
    for (const [kind, count] of struck) this.struck.set(kind, (this.struck.get(kind) ?? 0) + count);
  }

  line(store: string, remark: string | undefined): string {
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .toSorted(([, one], [, other]) => other - one)
        .map(([name, count]) => `${count} ${name}`)
        .join(", ");
    const seconds = Math.round((performance.now() - this.startedAt) / 1000);
    return (
      `model, ${store}: ${this.programs} programs × ${this.tasks} tasks × faults ${list(this.struck)} × ` +
      `${this.lost} lost × ${this.repeatedRecorded} recorded steps repeated; ${list(this.ends)}; ` +
      `${this.inFlight} steps in flight ran again with their key; seed ${SEED}, ${seconds} s${remark === undefined ? "" : `; ${remark}`}`
    );
  }
}

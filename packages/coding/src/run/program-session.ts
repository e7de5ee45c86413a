/** The runs of one task's program, one after the other, in one session where it can go on with one: how each ended, and what they came to together. */
import { PlatformError } from "@agentcore/contract";
import { bounded } from "../dialects/coding-event.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { dialectOf } from "../dialects/dialects.ts";
import { addSpent, NOTHING_SPENT, type Spent } from "../dialects/run-tally.ts";
import { CODING_DEFAULTS } from "./coding-defaults.ts";
import { endOf } from "./coding-prompts.ts";
import type { CodingTask } from "./coding-task.ts";
import { createProgramTool, type ProgramRun } from "./program-tool.ts";
import { PROGRESS_CHARACTERS } from "./task-progress.ts";

/** How a run of the program ended, for the task. */
export type Ended =
  | { readonly how: "done" | "turns"; readonly run: ProgramRun }
  | { readonly how: "failed" | "stopped"; readonly run: ProgramRun; readonly why: string }
  | { readonly how: "lost" };

const MAX_SHOWN_CHARACTERS = 32 * 1024;
// Batches grow longer with the run, so that an hour of it fits into a log many times.
const WINDOWS = [
  { until: 60, ms: 1_000 },
  { until: 200, ms: 5_000 },
  { until: Number.POSITIVE_INFINITY, ms: 30_000 },
] as const;

export class ProgramSession {
  /** Of all runs. */
  spent: Spent = NOTHING_SPENT;
  turns = 0;
  /** The last that the program said. */
  text = "";
  /** The program's own name for it; null: there is none to go on with. */
  id: string | null = null;
  readonly maxTurns: number;
  readonly dialect: Dialect;
  private readonly coding: CodingTask;
  /** As far as its runs have told. */
  private spentInIt: Spent = NOTHING_SPENT;
  private batches = 0;

  constructor(coding: CodingTask) {
    const { spec } = coding.runtime;
    this.coding = coding;
    this.dialect = dialectOf(spec);
    this.maxTurns = spec.maxTurns ?? CODING_DEFAULTS.maxTurns;
  }

  /** The next run is of a new one. */
  leave(): void {
    this.id = null;
    this.spentInIt = NOTHING_SPENT;
  }

  /** One run, and what it tells meanwhile. A run that was cut off is `lost` (R1). */
  async run(prompt: string): Promise<Ended> {
    const { ctx, progress } = this.coding;
    const maxTurns = Math.max(1, this.maxTurns - this.turns);
    const turn = { prompt, session: this.id, before: this.id === null ? NOTHING_SPENT : this.spentInIt, maxTurns };
    const { queue, program } = createProgramTool(this.coding, this.dialect, turn);
    const running = ctx.tool(program, { prompt: bounded(prompt, MAX_SHOWN_CHARACTERS), session: this.id }).then(
      (run) => ({ run }),
      (error: unknown) => ({ error }),
    );
    // Also where it never began: the events end with it.
    void running.then(() => queue.close());
    let session = this.id;
    for (let isLast = false; !isLast; ) {
      const { ms } = WINDOWS.find(({ until }) => this.batches < until) ?? WINDOWS[2];
      this.batches += 1;
      const batch = await ctx.step("events", ({ signal }) => queue.take(ms, signal));
      ({ isLast } = batch);
      for (const event of batch.events) {
        if (event.type === "session") session = event.id;
        await progress.tell(event);
      }
    }
    const outcome = await running;
    if ("error" in outcome) {
      if (!PlatformError.is(outcome.error) || outcome.error.code !== "OUTCOME_UNKNOWN") throw outcome.error;
      this.id = session;
      return { how: "lost" };
    }
    this.note(outcome.run);
    return endedOf(outcome.run);
  }

  private note(run: ProgramRun): void {
    this.turns += Math.max(1, run.turns);
    this.spent = addSpent(this.spent, run.spent);
    // One that is gone on with need not say its name again.
    const id = run.session ?? this.id;
    this.spentInIt = id === this.id ? addSpent(this.spentInIt, run.spent) : run.spent;
    this.id = id;
    if (run.text !== "") this.text = run.text;
  }
}

const endedOf = (run: ProgramRun): Ended => {
  const { result, stopped, exitCode } = run;
  if (stopped === "turns" || result?.outcome === "turns") return { how: "turns", run };
  if (stopped !== null) return { how: "stopped", run, why: `it ${endOf(run)}` };
  if (result?.outcome === "budget") return { how: "stopped", run, why: "it has spent what one run may cost" };
  if (result?.outcome === "done" || (result === null && exitCode === 0)) return { how: "done", run };
  const said = result?.text || run.problem || run.text || run.stderr.trim();
  return { how: "failed", run, why: bounded(said || `it ended with ${exitCode}`, PROGRESS_CHARACTERS) };
};

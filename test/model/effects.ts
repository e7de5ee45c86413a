/** What steps did to the world outside: kept where no crash reaches it, and judged against what the logs say. */
import type { TaskEvent } from "@agentcore/contract";
import type { StepValue } from "./program.ts";

interface StepRun {
  readonly key: string;
  /** Task, path and round: `continueAs` begins a new one. */
  readonly place: string;
  readonly attempt: number;
  /** The process it runs in, and what else tells where and when. */
  readonly by: string;
}

export class Effects {
  readonly runs: StepRun[] = [];
  readonly faults: string[] = [];
  private readonly placeOf = new Map<string, string>();
  private readonly keyOf = new Map<string, string>();
  /** Places of steps whose end somebody has seen in a log. */
  private readonly recorded = new Map<string, string>();

  /** A step begins. Returns the number of the run. */
  begin(run: StepRun): number {
    const { key, place } = run;
    const seen = this.recorded.get(place);
    if (seen !== undefined) {
      const earlier = this.runs.filter((each) => each.place === place).map((each) => `${each.attempt} ${each.by}`);
      this.faults.push(
        `${place} ran again after it was recorded: ${run.by}; seen ${seen}; before ${earlier.join(", ")}`,
      );
    }
    if ((this.placeOf.get(key) ?? place) !== place)
      this.faults.push(`${place} has the key of ${this.placeOf.get(key)}`);
    if ((this.keyOf.get(place) ?? key) !== key) this.faults.push(`${place} has a second key`);
    this.placeOf.set(key, place);
    this.keyOf.set(place, key);
    this.runs.push(run);
    return this.runs.length - 1;
  }

  /** An event that is certainly in a log. */
  see(event: Pick<TaskEvent, "type" | "data">, by: string): void {
    const run = runOf(event);
    const place = run === null ? undefined : this.runs[run]?.place;
    if (place !== undefined && !this.recorded.has(place)) this.recorded.set(place, `${by} run ${run}`);
  }

  /** Runs that no log knows: they were under way when something happened. */
  get inFlight(): number {
    const attempts = new Set(this.runs.map(({ place, attempt }) => `${place} ${attempt}`));
    return this.runs.length - attempts.size;
  }
}

/** The run whose end an event is: of a step that succeeded, or failed for good. */
const runOf = (event: Pick<TaskEvent, "type" | "data">): number | null => {
  const { kind, result, error, retryAt } = event.data as {
    readonly kind?: string;
    readonly result?: StepValue;
    readonly error?: { readonly message: string };
    readonly retryAt?: number;
  };
  if (kind !== "step") return null;
  if (event.type === "step.completed") return result?.run ?? null;
  const run =
    event.type === "step.failed" && retryAt === undefined ? /run (\d+)/.exec(error?.message ?? "")?.[1] : null;
  return run == null ? null : Number(run);
};

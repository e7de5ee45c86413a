/** Events of a log that are worth a fork: pure, event by event. */
import type { TaskEvent } from "@agentcore/contract";
import type { Digest } from "../ports/index.ts";
import { endsIt } from "./fork-log.ts";

/** Of the results in a log those that fit any of these. @default all of them */
export interface RestorePolicy {
  /** Every so many results. */
  readonly everySteps?: number | undefined;
  /** The first result that came so many milliseconds after the point before. */
  readonly everyMs?: number | undefined;
  /** What a call came to, where it is not what the same call came to before. @default false */
  readonly changed?: boolean | undefined;
}

export interface RestorePoint {
  /** What `fork` takes as `at`. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: TaskEvent["type"];
  /** The call that had its result there. */
  readonly path: string | null;
}

export class RestorePoints {
  private readonly policy: RestorePolicy;
  /** Hashes, by call. */
  private readonly results = new Map<string, string>();
  private readonly digest: Digest;
  private steps = 0;
  private lastAt = Number.NEGATIVE_INFINITY;
  /** What comes after is told to end, or has ended. */
  private isOver = false;

  constructor(policy: RestorePolicy, digest: Digest) {
    this.policy = policy;
    this.digest = digest;
  }

  /** In log order. Null: nothing to go back to. */
  take(event: TaskEvent): RestorePoint | null {
    const { seq, at, type } = event;
    if (endsIt(event)) this.isOver = true;
    if (this.isOver) return null;
    // What was asked is known, whatever else is gone.
    if (event.type === "log.compacted")
      return { seq: 1, at: event.data.submitted.at, type: "task.submitted", path: null };
    const path = resultPath(event);
    const isStart = type === "task.submitted" || type === "checkpoint.created";
    if (path === null && !isStart) return null;
    if (path !== null && !this.fits(event, path)) return null;
    this.lastAt = at;
    return { seq, at, type, path };
  }

  private fits(event: TaskEvent, path: string): boolean {
    const { everySteps, everyMs, changed = false } = this.policy;
    this.steps += 1;
    const hasChanged = changed && this.notesChange(event, path);
    if (everySteps === undefined && everyMs === undefined && !changed) return true;
    if (everySteps !== undefined && this.steps % everySteps === 0) return true;
    return hasChanged || (everyMs !== undefined && event.at - this.lastAt >= everyMs);
  }

  /** The same call in another turn of a loop: `step:score@2` and `step:score#2` as `step:score`. */
  private notesChange({ data }: TaskEvent, path: string): boolean {
    const call = path.replaceAll(/[@#]\d+/g, "");
    const result = JSON.stringify("result" in data ? data.result : "error" in data ? data.error : null) ?? "";
    const hash = this.digest.sha256(result);
    const before = this.results.get(call);
    this.results.set(call, hash);
    return before !== hash;
  }
}

const resultPath = (event: TaskEvent): string | null => {
  if (event.type === "step.completed") return event.data.kind === "patched" ? null : event.data.path;
  return event.type === "step.failed" && event.data.retryAt === undefined ? event.data.path : null;
};

import type { PlatformError } from "@agentcore/contract";
import type { Context, TaskInput } from "@agentcore/contract/authoring";

/** Code that runs elsewhere than in this process: it reacts to what it is handed in its own time. */
export interface ApartCode {
  /** Runs `run`. */
  start(task: TaskInput<unknown>, ctx: Context, events: ApartEvents): ApartAttempt;
}

export interface ApartEvents {
  /** It has become quiet. */
  quiet(): void;
  /** At most once: what it ran in is gone, and no more of this attempt comes. */
  lost(why: PlatformError): void;
}

export interface ApartAttempt {
  /** As what `run` returns. */
  readonly ended: Promise<unknown>;
  /** It has taken in all it was handed, and all that it does about that has come to `ctx`. */
  readonly isQuiet: boolean;
  /** Resolves when it is, or is over. */
  quiet(): Promise<void>;
  /** Nobody waits for it any more; what still runs of it is ended. */
  drop(): void;
}

import type { StepKind } from "@agentcore/contract";
import type { Timer } from "../ports/index.ts";
import type { RecordedWait } from "./journal.ts";

/** A journaled call that has no result yet. */
export interface OpenCall {
  readonly path: string;
  /** What ids are made of that belong to it, and what others know it by: another where the task was migrated by rules. */
  readonly firstPath: string;
  readonly kind: StepKind;
  readonly inputHash: string | undefined;
  /** The code had been told of a cancel, or of its deadline, when it made the call: that does not end what it does about it. */
  readonly isAfterEnd: boolean;
  /** Everything it waits for is in the log, so it needs no memory. */
  durable: boolean;
  dueAt: number | null;
  timer: Timer | null;
  childTaskId: string | null;
  detached: boolean;
  /** Agents that got a child for this call, for rerouting. */
  readonly tried: string[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Set while a signal of the code's may end it. */
  stopListening: (() => void) | null;
  /** Set while somebody has to answer: says so in the log, once more if need be. */
  ask: (() => void) | null;
  /** Set by a `sleep` that a message ends: the code has been told of one. */
  heard: (() => void) | null;
  /**
   * Set by `waitForInput`, `waitForAuthorization`, `waitForDecision`, `waitForSignal`, `waitForEvent` and `command`: takes what the mailbox brings. Null: nothing
   * more is taken in, also when the code has not heard yet how the call ended. A promise: it is not decided yet what that means; `unused`: it was for another call.
   */
  receive: ((payload: unknown) => void | Promise<"unused" | undefined>) | null;
  /** Set while something beside the log stands for it: takes that away, when its code has been handed its end, or the task has ended. */
  forget: (() => void) | null;
}

export interface CallRequest {
  readonly kind: StepKind;
  readonly name: string;
  readonly key?: string | undefined;
  readonly inputHash?: string | undefined;
  /**
   * Begins the call for real; `recorded` is what the log knows of a wait that was open before, `input` what the request has, or what somebody
   * who debugs gave in place of that.
   */
  readonly start: (call: OpenCall, recorded: RecordedWait | undefined, input: unknown) => void;
  /** What the call is given, for who looks into the task; the log has it when the call is held. */
  readonly input?: unknown;
  /** `start` heeds its input. @default false */
  readonly takesInput?: boolean | undefined;
  /** Ends the call when it aborts, also while it is held. */
  readonly signal?: AbortSignal | undefined;
  /** Its child goes on when this task ends. @default false */
  readonly detached?: boolean | undefined;
}

/**
 * A program: what one task, its children and the callers around it do, as plain JSON. The same data is run by the engine
 * (`run-program.ts`) and followed by the reference (`reference.ts`).
 */

/** How long something takes; the world says how many milliseconds that is. */
export type Span = "short" | "medium" | "long";

export type Op =
  /** `times` steps of one name, one after the other; each fails `fails` times before it succeeds, three times is for good. */
  | {
      readonly op: "step";
      readonly times: number;
      readonly fails: number;
      readonly again: Span;
      /** Null: it answers at once, without a promise. */
      readonly takes: Span | null;
    }
  | { readonly op: "sleep"; readonly span: Span }
  /** `checks`: the answer must begin with "ok"; later: by a schema that takes its time. */
  | { readonly op: "input"; readonly checks: "nothing" | "at once" | "later" }
  /** Access that somebody must grant. */
  | { readonly op: "access" }
  /** `loose`: detached, and not awaited. `by` capability: a second agent can take it when the first fails retryably. */
  | {
      readonly op: "child";
      readonly body: readonly Op[];
      readonly mode: "attached" | "detached" | "loose";
      readonly by: "agent" | "capability";
    }
  | { readonly op: "emit" }
  | { readonly op: "artifact" }
  | { readonly op: "all"; readonly branches: readonly (readonly Op[])[] }
  | { readonly op: "race"; readonly branches: readonly (readonly Op[])[] }
  /** Runs `cleanup` when `body` failed or was canceled, and throws on. */
  | { readonly op: "guard"; readonly body: readonly Op[]; readonly cleanup: readonly Op[] }
  /** Goes on when `body` failed, but not when it was canceled. */
  | { readonly op: "catch"; readonly body: readonly Op[] }
  | { readonly op: "throw"; readonly retryable: boolean };

/** What the second version of the code does where the first takes the step `old`. */
export type Change = "rename" | "insert" | "drop" | "patch";

/** What callers do, `after` tenths of the time that a program's outside takes. */
export type Action = { readonly after: number } & (
  | { readonly act: "submit again" }
  | { readonly act: "submit something else" }
  /** To one of the tasks of the program there are then; `text` picks one of few, so that messages are sent twice. */
  | { readonly act: "say"; readonly to: number; readonly text: number; readonly ok: boolean }
  /** Grants or refuses what that task asks for, if it is one thing. */
  | { readonly act: "authorize"; readonly to: number; readonly deny: boolean }
  | { readonly act: "cancel"; readonly to: number }
  | { readonly act: "retry"; readonly to: number }
  | { readonly act: "change the code" }
);

export interface Program {
  readonly body: readonly Op[];
  /** How often it goes on with `continueAs` and runs the body again. */
  readonly rounds: number;
  /** Where in the body the code changes, and what mends a task that is parked for it. */
  readonly change: { readonly at: number; readonly how: Change; readonly mend: "restore" | "cancel" | "leave" } | null;
  /** Tenths of the time that the outside takes; null: none. */
  readonly deadline: number | null;
  /** Tasks of one lane run one at a time. */
  readonly lane: number | null;
  readonly outside: readonly Action[];
}

export const MAX_ATTEMPTS = 3;

/** What a task of the program is given; a child gets its part of the body. */
export interface Payload {
  readonly program: string;
  readonly body: readonly Op[];
  readonly rounds: number;
  readonly change: { readonly at: number; readonly how: Change } | null;
  /** Where in its parent it was sent; two children never ask the same. */
  readonly at: string;
}

/** What a step returns: which of its runs it was, so that the log shows which one was kept. */
export interface StepValue {
  readonly at: string;
  readonly run: number;
}

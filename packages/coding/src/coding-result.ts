import type { Spent } from "./dialects/run-tally.ts";
import type { WorkDescription } from "./git/describe-work.ts";
import type { CheckResult } from "./process/run-check.ts";

/** What a task of a coding agent comes to. Texts are the program's, and so data. */
export interface CodingResult {
  /** `merged`: it is in the base; `offered`: it is on the branch; `unchanged`: there is none. */
  readonly outcome: "merged" | "offered" | "unchanged";
  /** Whether the program said that it was done, and nothing that checks it failed. */
  readonly complete: boolean;
  /** Why it is not complete, or not merged. */
  readonly reasons: readonly string[];
  /** The last that the program said. */
  readonly text: string;
  /** Null where nothing is offered on one. */
  readonly branch: string | null;
  readonly base: string;
  readonly baseCommit: string;
  /** Of the branch, or of the merge. */
  readonly commit: string;
  readonly changes: WorkDescription;
  /** Of the last turn; null: there were none to run. */
  readonly checks: readonly CheckResult[] | null;
  readonly turns: number;
  readonly spent: Spent;
  /** The program's own name for its conversation. */
  readonly session: string | null;
}

/** What is said between the node and a process that runs code, one JSON value a line. What the code prints is that process's stdout. */

export interface GuestError {
  readonly name: string;
  readonly message: string;
  /** Places in the code, a line each. */
  readonly trace?: string | undefined;
}

/** What the node sends first. JSON travels as text, so that each side parses it where it is wanted. */
export interface RunRequest {
  readonly code: string;
  readonly input: string;
  /** Names of functions that the code may call. */
  readonly functions: readonly string[];
  readonly memoryBytes: number;
  readonly outputBytes: number;
}

export type RunEnd =
  | { readonly type: "done"; readonly value: string }
  | { readonly type: "failed"; readonly error: GuestError }
  | { readonly type: "exceeded"; readonly limit: "memoryBytes" | "outputBytes" };

export type GuestMessage =
  | { readonly type: "ready" }
  | { readonly type: "call"; readonly id: number; readonly name: string; readonly input: string }
  | RunEnd;

/** The answer to a call. */
export type CallAnswer = { readonly id: number } & ({ readonly output: string } | { readonly error: string });

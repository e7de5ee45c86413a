import type { Schema } from "./agent-definition.ts";

export interface ToolContext {
  /** Aborts on cancel, deadline, `timeoutMs` and loss of the lease. */
  readonly signal: AbortSignal;
  /** The same on every try of this call: hand it to services that can drop repeats. */
  readonly idempotencyKey: string;
  /**
   * What this try came to in truth, in US dollars, in place of `costUsd`; the last word counts. Throws INVALID_ARGUMENT where the tool says no `costUsd`: nothing
   * was held for it. Absent where nobody counts, as in a test that calls `execute` itself.
   */
  readonly spent?: ((costUsd: number) => void) | undefined;
}

/**
 * Something an agent can do besides talking to agents. Its result is journaled. What it says of itself is enforced wherever a task calls it, by
 * `ctx.tool`: whichever strategy asks.
 */
export interface Tool<Input = unknown, Output = unknown> {
  readonly name: string;
  readonly description: string;
  readonly input: Schema<Input>;
  /** JSON Schema of the input, as models are shown it. */
  readonly inputJsonSchema: Readonly<Record<string, unknown>>;
  /** The result is held against it, and is what it gives back. One that does not fit fails the call with OUTPUT_MISMATCH. @default anything */
  readonly output?: Schema<Output> | undefined;
  /** A scope that whoever the task works for must be good for; operators are for all. @default none */
  readonly permission?: string | undefined;
  /** It changes nothing. @default false */
  readonly readOnly?: boolean | undefined;
  /**
   * Called again under the same `idempotencyKey` it does no harm: a call that a crash cut off, or that failed, is made once more. Any other is begun
   * at most once: cut off it fails with OUTCOME_UNKNOWN, and is tried again only where it threw a RetryableError.
   * @default as `readOnly`
   */
  readonly idempotent?: boolean | undefined;
  /** Milliseconds that one try may take. @default none but the task's deadline */
  readonly timeoutMs?: number | undefined;
  /** US dollars of a try, or the most of one that calls `spent`: reserved in budgets before, spent after whatever comes of it. @default 0 */
  readonly costUsd?: number | undefined;
  /** In one task. One more fails with LIMIT_REACHED. @default as many as there are */
  readonly maxCalls?: number | undefined;
  /** Whether people are asked before it runs, with exactly these arguments. A function must give the same for the same. @default "never" */
  readonly approval?: "never" | "always" | ApprovalRule<Input> | undefined;
  /** Names of callers who may approve. @default whoever may send messages to the task: its caller, and operators */
  readonly approvers?: readonly string[] | undefined;
  execute(input: Input, context: ToolContext): Promise<Output> | Output;
}

// As a method, so that a tool of one input may stand in a list of tools.
type ApprovalRule<Input> = { rule(input: Input): boolean }["rule"];
/** The tools of a Tool manifest, all together, as they are when a task asks for them: known by its name until then. Made by `declaredTools()`. */
export interface DeclaredTools {
  /** Name of the manifest. */
  readonly declared: string;
}

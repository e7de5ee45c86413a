import type { TaskInput } from "./agent-definition.ts";
import type { Context } from "./context.ts";
import type { Tool } from "./tool.ts";

/** A call of a tool that is about to be made. */
export interface ToolUse {
  readonly tool: Pick<Tool, "name" | "description" | "readOnly" | "permission">;
  readonly input: unknown;
}

/** One that came to its end. */
export interface ToolOutcome extends ToolUse {
  readonly result: unknown;
}

/** What a guardrail may look at besides the value. */
export interface GuardedTask {
  /** As it was submitted. */
  readonly task: TaskInput<unknown>;
  readonly instructions?: string | undefined;
  /**
   * What came to the task from outside of it, the oldest first: results of tools, queries, commands, steps, events and signals, what memory held, and
   * the state that `continueAs` handed over. Neither answers of people nor what models said. The newest 16 Mi characters.
   */
  readonly received: readonly unknown[];
  /** More was received than `received` holds. */
  readonly isCut: boolean;
}

/** Let it pass: also `undefined`. */
export interface Pass {
  readonly pass: true;
}
/** Go on with another value. */
export interface Change {
  readonly change: unknown;
  readonly reason: string;
}
export interface Refuse {
  readonly refuse: string;
}
/** Have people approve of it first. `approvers`: @default as of the tool */
export interface Ask {
  readonly ask: string;
  readonly approvers?: readonly string[] | undefined;
}

type Verdict<Kinds> = Pass | Kinds | undefined;
// Whoever returns nothing lets pass.
type Judged<Kinds> = void | Verdict<Kinds> | Promise<void | Verdict<Kinds>>;

/**
 * Looks at what goes in and out of an agent, around its code and every tool that this calls. Its functions are part of the code of the agent: what they
 * wait for goes through `ctx`, and they say the same for the same. One that throws fails what it looks at.
 */
export interface Guardrail {
  readonly name: string;
  /** The task's input, before the code begins. Refused, the task is rejected. */
  input?(value: unknown, ctx: Context, about: GuardedTask): Judged<Change | Refuse>;
  /** A call of a tool, before it is made; `change` is its input. Refused, or not approved of, it fails with PERMISSION_DENIED. */
  tool?(use: ToolUse, ctx: Context, about: GuardedTask): Judged<Change | Refuse | Ask>;
  /** What a tool came to, before the code is given it. Refused, the call fails with PERMISSION_DENIED, though the tool has run. */
  result?(outcome: ToolOutcome, ctx: Context, about: GuardedTask): Judged<Change | Refuse>;
  /** What the code returns. Refused, the task fails with OUTPUT_REFUSED. */
  output?(value: unknown, ctx: Context, about: GuardedTask): Judged<Change | Refuse>;
}

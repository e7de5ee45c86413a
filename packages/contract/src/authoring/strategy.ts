import type { Schema, TaskInput } from "./agent-definition.ts";
import type { Context } from "./context.ts";
import type { Tool } from "./tool.ts";

/** What a strategy knows of the agent that it works for. */
export interface StrategySpec<Output = unknown> {
  readonly name: string;
  /** `provider/model` or a Model manifest's name; a strategy that needs one and has none fails with MODEL_NOT_CONFIGURED. */
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  /** Of names that differ. */
  readonly tools: readonly Tool[];
  /** What the work comes to; without one it is text. */
  readonly output?: Schema<Output> | undefined;
}

/**
 * How an agent works: made of what the agent is, it gives its `run`. It reaches the world through `ctx` alone, so it is durable as any author's
 * code is; whether one is can be held by `strategySuite` of `agentcore/testing`.
 */
export type Strategy = <Output>(
  spec: StrategySpec<Output>,
) => (task: TaskInput<unknown>, ctx: Context) => Promise<Output>;

import type { Schema } from "./agent-definition.ts";

export interface ToolContext {
  readonly signal: AbortSignal;
  /** The same on every try of this call: hand it to services that can drop repeats. */
  readonly idempotencyKey: string;
}

/** Something an agent can do besides talking to agents. Its result is journaled. */
export interface Tool<Input = unknown, Output = unknown> {
  readonly name: string;
  readonly description: string;
  readonly input: Schema<Input>;
  /** JSON Schema of the input, as models are shown it. */
  readonly inputJsonSchema: Readonly<Record<string, unknown>>;
  execute(input: Input, context: ToolContext): Promise<Output> | Output;
}

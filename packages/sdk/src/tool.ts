import type { Schema, Tool, ToolContext } from "@agentcore/contract/authoring";
import { authorMistake, describe } from "./author-mistake.ts";
import { deriveJsonSchema } from "./derive-json-schema.ts";
import { isSchema } from "./schema.ts";

export interface ToolOptions<Input, Output> {
  /** Unique within an agent; 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /** Tells a model when to use the tool. */
  readonly description: string;
  readonly input: Schema<Input>;
  /** @default derived from `input`, when its library can (zod 4, valibot, arktype) */
  readonly inputJsonSchema?: Readonly<Record<string, unknown>>;
  execute(input: Input, context: ToolContext): Promise<Output> | Output;
}

// What the model APIs accept as a function's name.
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** Throws INVALID_ARGUMENT for a definition that could not work. */
export const tool = <Input, Output>(options: ToolOptions<Input, Output>): Tool<Input, Output> => {
  const { name, description, input } = options;
  const what = `tool ${typeof name === "string" ? `"${name}"` : "without a name"}`;
  if (typeof name !== "string" || !TOOL_NAME.test(name)) {
    throw authorMistake(what, "name", `expected 1 to 64 letters, digits, "_" or "-", got ${describe(name)}`);
  }
  if (typeof description !== "string" || description.trim() === "") {
    throw authorMistake(what, "description", "expected some words on what the tool does; models choose by them");
  }
  if (!isSchema(input)) {
    throw authorMistake(what, "input", `expected a Standard Schema (zod, valibot, arktype …), got ${describe(input)}`);
  }
  if (typeof options.execute !== "function") {
    throw authorMistake(what, "execute", "expected a function that does the work");
  }
  return Object.freeze({
    name,
    description,
    input,
    inputJsonSchema: Object.freeze(options.inputJsonSchema ?? jsonSchemaOrThrow(what, input)),
    // A closure, so that a tool written as an object with `this` keeps it.
    execute: (value: Input, context: ToolContext) => options.execute(value, context),
  });
};

const jsonSchemaOrThrow = (what: string, input: Schema): Readonly<Record<string, unknown>> => {
  let derived: Readonly<Record<string, unknown>> | undefined;
  try {
    derived = deriveJsonSchema(input);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw authorMistake(what, "inputJsonSchema", `expected, as it cannot be derived from \`input\`: ${reason}`, cause);
  }
  if (derived !== undefined) return derived;
  const vendor = input["~standard"].vendor;
  throw authorMistake(what, "inputJsonSchema", `expected, as a schema of "${vendor}" does not tell its JSON Schema`);
};

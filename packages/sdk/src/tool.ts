import type { Schema, Tool, ToolContext } from "@agentcore/contract/authoring";
import { authorMistake, describe } from "./author-mistake.ts";
import { deriveJsonSchema } from "./derive-json-schema.ts";
import { isSchema } from "./schema.ts";

export interface ToolOptions<Input, Output> extends Omit<Tool<Input, Output>, "inputJsonSchema" | "execute"> {
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
// As scopes of credentials are written; the contract's rule is repeated, because that module loads zod.
const SCOPE = /^[!#-+\--[\]-~]{1,128}$/;

const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;
const isName = (value: unknown): boolean => typeof value === "string" && value !== "" && value.length <= 256;

type Field = Exclude<keyof ToolOptions<never, never>, "name" | "description" | "input" | "inputJsonSchema" | "execute">;

/** Each may be left out. */
const RULES: Readonly<Record<Field, readonly [string, (value: unknown) => boolean]>> = {
  output: ["a Standard Schema (zod, valibot, arktype …)", isSchema],
  permission: [
    "a scope, as in mail:send: no spaces, commas, quotes",
    (value) => typeof value === "string" && SCOPE.test(value),
  ],
  readOnly: ["true or false", isBoolean],
  idempotent: ["true or false", isBoolean],
  timeoutMs: ["a whole number above 0", isCount],
  costUsd: [
    "US dollars, 0 to 1,000,000",
    (value) => typeof value === "number" && Number.isFinite(value) && value >= 0 && value <= 1_000_000,
  ],
  maxCalls: ["a whole number above 0", isCount],
  approval: [
    '"never", "always" or a function of the input',
    (value) => value === "never" || value === "always" || typeof value === "function",
  ],
  approvers: [
    "1 to 100 names of callers",
    (value) => Array.isArray(value) && value.length > 0 && value.length <= 100 && value.every(isName),
  ],
};

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
  const rules = rulesIn(what, options);
  return Object.freeze({
    name,
    description,
    input,
    inputJsonSchema: Object.freeze(options.inputJsonSchema ?? jsonSchemaOrThrow(what, input)),
    ...rules,
    // A closure, so that a tool written as an object with `this` keeps it.
    execute: (value: Input, context: ToolContext) => options.execute(value, context),
  });
};

/** Those that are given. An object may have members of its own beside them. */
const rulesIn = <Input, Output>(
  what: string,
  options: ToolOptions<Input, Output>,
): Partial<Pick<Tool<Input, Output>, Field>> => {
  const rules = Object.keys(RULES).flatMap((name) => {
    const field = name as Field;
    const value = options[field];
    if (value === undefined) return [];
    const [expected, fits] = RULES[field];
    if (!fits(value)) throw authorMistake(what, field, `expected ${expected}, got ${describe(value)}`);
    return [[field, value]];
  });
  if (options.readOnly === true && options.idempotent === false)
    throw authorMistake(what, "idempotent", "expected nothing: what changes nothing may be called again");
  return Object.fromEntries(rules) as Partial<Pick<Tool<Input, Output>, Field>>;
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

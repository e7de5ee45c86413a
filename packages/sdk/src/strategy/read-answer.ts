/** The answer of a model as a value: what it is asked for, how it is read, and what it is told when it does not fit. */
import type { Schema } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { deriveJsonSchema } from "../derive-json-schema.ts";
import { formatViolations, type Validated, validate } from "../schema.ts";
import { unfenced } from "./unfenced.ts";

type Violations = Extract<Validated<unknown>, { ok: false }>["violations"];

/** Among the instructions of a model whose answer is read. */
export const answerRule = (output: Schema): string => {
  const schema = jsonSchemaOf(output);
  const hint = schema === undefined ? "" : `, fitting this JSON Schema: ${JSON.stringify(schema)}`;
  return `Give your final answer as JSON and nothing else${hint}.`;
};

/** Undefined where its library cannot tell it, or JSON Schema has no words for the type: the violations will tell the model. */
export const jsonSchemaOf = (output: Schema): Readonly<Record<string, unknown>> | undefined => {
  try {
    return deriveJsonSchema(output);
  } catch {
    return undefined;
  }
};

export const readAnswer = <Output>(
  output: Schema<Output>,
  text: string,
): Validated<Output> | Promise<Validated<Output>> => {
  let json: unknown;
  try {
    json = JSON.parse(unfenced(text));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, violations: [{ field: "", description: `expected JSON: ${reason}` }] };
  }
  return validate(output, json);
};

export const repairRequest = (violations: Violations): string =>
  `Your answer does not fit:\n${formatViolations(violations)}\nAnswer again with JSON and nothing else.`;

export const outputMismatch = (violations: Violations): PlatformError => {
  const first = violations[0];
  const where = first === undefined ? "" : `: ${first.field === "" ? "" : `${first.field}: `}${first.description}`;
  return new PlatformError("OUTPUT_MISMATCH", `the model's answer does not fit the output schema${where}`, {
    violations,
  });
};

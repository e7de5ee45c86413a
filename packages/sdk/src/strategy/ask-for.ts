import type { Context, ModelMessage, Schema } from "@agentcore/contract/authoring";
import { type AskOptions, askModel } from "./ask-model.ts";
import { jsonSchemaOf, outputMismatch, readAnswer, repairRequest } from "./read-answer.ts";

export interface AskForOptions extends Pick<AskOptions, "model" | "key"> {
  /** What it is called, for providers that want to know. 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
}

/**
 * Asks the model for a value: its answer is held against the schema and repaired once, by telling it what does not fit. Throws OUTPUT_MISMATCH, and what
 * `askModel` throws. `messages` say in words what is wanted, also that it is JSON: not every provider can be told of a schema.
 */
export const askFor = async <Output>(
  ctx: Context,
  messages: readonly ModelMessage[],
  schema: Schema<Output>,
  { name, ...options }: AskForOptions,
): Promise<Output> => {
  const json = jsonSchemaOf(schema);
  const output = { name, ...(json === undefined ? {} : { schema: json }) };
  const first = await askModel(ctx, messages, { ...options, output });
  const answer = await readAnswer(schema, first.text);
  if (answer.ok) return answer.value;
  const again = await askModel(
    ctx,
    [
      ...messages,
      { role: "assistant", content: first.text },
      { role: "user", content: repairRequest(answer.violations) },
    ],
    { ...options, output },
  );
  const repaired = await readAnswer(schema, again.text);
  if (repaired.ok) return repaired.value;
  throw outputMismatch(repaired.violations);
};

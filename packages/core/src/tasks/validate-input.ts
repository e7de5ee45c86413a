import { invalidArgument } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { violationsOf } from "./schema-issues.ts";

/** The input as the agent's schema gives it back (defaults filled in). Throws INVALID_ARGUMENT with a violation per field. */
export const validateInput = async (definition: AgentDefinition, input: unknown): Promise<unknown> => {
  if (definition.input === undefined) return input;
  const validated = definition.input["~standard"].validate(input);
  const result = validated instanceof Promise ? await validated : validated;
  if (result.issues !== undefined) {
    throw invalidArgument(`the input for agent ${definition.name}`, violationsOf(result.issues));
  }
  assertSerialisable(result.value, `the input for agent ${definition.name}`);
  return result.value;
};

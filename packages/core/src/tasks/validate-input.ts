import { formatFieldPath, invalidArgument } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { assertSerialisable } from "./serialisable.ts";

/** The input as the agent's schema gives it back (defaults filled in). Throws INVALID_ARGUMENT with a violation per field. */
export const validateInput = async (definition: AgentDefinition, input: unknown): Promise<unknown> => {
  if (definition.input === undefined) return input;
  const validated = definition.input["~standard"].validate(input);
  const result = validated instanceof Promise ? await validated : validated;
  if (result.issues !== undefined) {
    const violations = result.issues.slice(0, 20).map((issue) => ({
      field: formatFieldPath(
        (issue.path ?? []).map((segment) => (typeof segment === "object" ? segment.key : segment)),
      ),
      description: issue.message,
    }));
    throw invalidArgument(`the input for agent ${definition.name}`, violations);
  }
  assertSerialisable(result.value, `the input for agent ${definition.name}`);
  return result.value;
};

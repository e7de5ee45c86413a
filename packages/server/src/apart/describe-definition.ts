import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";

/** What the node has to know of an agent whose code it does not load. Its tools are its code's own matter. */
export type DescribedAgent = Omit<AgentDefinition, "run" | "answer" | "workflow" | "tools"> & {
  readonly runs: boolean;
  readonly answers: boolean;
};

export const describeDefinition = (definition: AgentDefinition): DescribedAgent => {
  const { run, answer, workflow: _, tools: __, ...rest } = definition;
  return { ...rest, runs: run !== undefined, answers: answer !== undefined };
};

/** Throws INVALID_ARGUMENT. */
export function assertRunsApart(value: unknown, exportName: string): asserts value is AgentDefinition {
  const refuse = (description: string, field: string): never => {
    throw new PlatformError("INVALID_ARGUMENT", description, { violations: [{ field, description }] });
  };
  const isDefinition =
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    "skills" in value &&
    ("run" in value || "answer" in value);
  if (!isDefinition) refuse(`export "${exportName}" is not an agent; write it with agent({ … })`, "spec.code.export");
  const { workflow, compensates } = value as AgentDefinition;
  if (workflow !== undefined)
    refuse(
      "a workflow runs in the node; leave isolation out, and put what is to run apart into agents of their own",
      "spec.isolation",
    );
  if (compensates === true)
    refuse("an agent that compensates runs in the node: nothing but its own code ends it", "spec.isolation");
}

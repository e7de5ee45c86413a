import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";

/** What the node has to know of an agent whose code it does not load. Of its tools, those that are declared: the others are its code's own matter. */
export type DescribedAgent = Omit<AgentDefinition, "run" | "answer" | "workflow" | "guardrails"> & {
  readonly runs: boolean;
  readonly answers: boolean;
};

export const describeDefinition = (definition: AgentDefinition): DescribedAgent => {
  const { run, answer, workflow: _, guardrails: __, ...rest } = definition;
  const tools = rest.tools.filter((tool) => "declared" in tool);
  return { ...rest, tools, runs: run !== undefined, answers: answer !== undefined };
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
  const { workflow, compensates, guardrails = [] } = value as AgentDefinition;
  if (guardrails.length > 0)
    refuse("guardrails of code run in the node; name those of the manifest (spec.guardrails)", "spec.isolation");
  if (workflow !== undefined)
    refuse(
      "a workflow runs in the node; leave isolation out, and put what is to run apart into agents of their own",
      "spec.isolation",
    );
  if (compensates === true)
    refuse("an agent that compensates runs in the node: nothing but its own code ends it", "spec.isolation");
}

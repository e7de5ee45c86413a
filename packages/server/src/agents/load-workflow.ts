import type { WorkflowManifest } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { WorkflowGraph } from "@agentcore/contract/workflow";
import { runnable } from "@agentcore/core/workflows";
import { agent } from "@agentcore/sdk";
import { schemaOfJson } from "./schema-of-json.ts";

export { runnable };

/** The agent that a Workflow manifest declares. Throws INVALID_ARGUMENT with every place that is wrong. */
export const ofManifest = ({ metadata: { name }, spec }: WorkflowManifest): AgentDefinition => {
  const { description, version, skills, subscribes, input, output, start, nodes } = spec;
  const declared = agent({
    name,
    description: description ?? `The workflow ${name}`,
    ...(version === undefined ? {} : { version }),
    ...(skills === undefined ? {} : { skills }),
    ...(subscribes === undefined ? {} : { subscribes }),
    ...(input === undefined ? {} : { input: schemaOfJson(input, "spec.input") }),
    workflow: { graph: WorkflowGraph.parse({ start, nodes }), functions: {} },
  });
  return runnable(output === undefined ? declared : { ...declared, output: schemaOfJson(output, "spec.output") });
};

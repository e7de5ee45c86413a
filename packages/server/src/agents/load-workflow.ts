import type { WorkflowManifest } from "@agentcore/contract";
import type { AgentDefinition, Schema } from "@agentcore/contract/authoring";
import { WorkflowGraph } from "@agentcore/contract/workflow";
import { runnable } from "@agentcore/core/workflows";
import { agent } from "@agentcore/sdk";
import { deriveJsonSchema } from "@agentcore/sdk/json-schema";
import type { WorkflowShape } from "./in-process-host.ts";
import { schemaOfJson } from "./schema-of-json.ts";

export { runnable };

/** The agent that a Workflow manifest declares. Throws INVALID_ARGUMENT with every place that is wrong. */
export const ofManifest = ({ metadata: { name }, spec }: WorkflowManifest): AgentDefinition => {
  const { description, version, skills, subscribes, input, output, start, nodes, migrate } = spec;
  const declared = agent({
    name,
    description: description ?? `The workflow ${name}`,
    ...(version === undefined ? {} : { version }),
    ...(skills === undefined ? {} : { skills }),
    ...(subscribes === undefined ? {} : { subscribes }),
    ...(input === undefined ? {} : { input: schemaOfJson(input, "spec.input") }),
    workflow: {
      ...{ graph: WorkflowGraph.parse({ start, nodes }), functions: {} },
      ...(migrate === undefined ? {} : { migrate }),
    },
  });
  return runnable(output === undefined ? declared : { ...declared, output: schemaOfJson(output, "spec.output") });
};

export const shapeOfManifest = ({ spec }: WorkflowManifest): WorkflowShape => {
  const { start, nodes, input, output } = spec;
  return { graph: WorkflowGraph.parse({ start, nodes }), input, output };
};

/** As it is kept: a template may hold what JSON has no words for, and a schema says only what its library can tell. */
export const shapeOfDefinition = ({ workflow, input, output }: AgentDefinition): WorkflowShape | undefined =>
  workflow && {
    graph: WorkflowGraph.parse(JSON.parse(JSON.stringify(workflow.graph))),
    input: input && describedAs(input),
    output: output && describedAs(output),
  };

const describedAs = (schema: Schema): WorkflowShape["input"] => {
  try {
    return deriveJsonSchema(schema);
  } catch {
    return undefined;
  }
};

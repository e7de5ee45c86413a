/** Whether what the nodes of a workflow give fits the agents they give it to, as far as those declare it. Loaded with the first workflow. */
import { type FieldViolation, invalidArgument, type WorkflowManifest } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { WorkflowGraph } from "@agentcore/contract/workflow";
import { checkGraph, type GraphSchemas } from "@agentcore/core/workflows";
import { certainInput, certainOutput } from "../agents/certain-schemas.ts";

/** What an agent takes and gives, as JSON Schemas; a member is absent where nothing is certain. */
export interface AgentSchemas {
  readonly input?: GraphSchemas["input"];
  readonly output?: GraphSchemas["input"];
}

export const schemasOfManifest = ({ spec: { input, output } }: WorkflowManifest): AgentSchemas => ({ input, output });

export const schemasOfDefinition = (definition: AgentDefinition): AgentSchemas => ({
  input: certainInput(definition),
  output: certainOutput(definition),
});

// Of an answer, as for what else can be wrong with a graph.
const MAX_VIOLATIONS = 50;

/** Throws INVALID_ARGUMENT with every place; `what` names the manifest. `schemasOf`: null for an agent of which nothing is known. */
export const checkDataFlow = async (
  { metadata: { name }, spec }: WorkflowManifest,
  what: string,
  schemasOf: (agent: string) => Promise<AgentSchemas | null>,
): Promise<void> => {
  const inputs: Record<string, NonNullable<AgentSchemas["input"]>> = {};
  const outputs: typeof inputs = {};
  const { start, nodes, input } = spec;
  const graph = WorkflowGraph.parse({ start, nodes });
  const known = new Map<string, AgentSchemas | null>();
  for (const [id, node] of Object.entries(graph.nodes)) {
    const agent = agentOf(node);
    if (agent === null) continue;
    if (!known.has(agent)) known.set(agent, await schemasOf(agent));
    const schemas = known.get(agent);
    if (schemas?.input !== undefined) inputs[id] = schemas.input;
    if (schemas?.output !== undefined) outputs[id] = schemas.output;
  }
  const faults: readonly FieldViolation[] = checkGraph(graph, {}, { name, input, inputs, outputs });
  if (faults.length === 0) return;
  throw invalidArgument(
    what,
    faults.slice(0, MAX_VIOLATIONS).map(({ field, description }) => ({ field: `spec.${field}`, description })),
  );
};

/** Null where it is chosen later. */
const agentOf = (node: WorkflowGraph["nodes"][string]): string | null => {
  if (node.type === "workflow") return node.workflow;
  return node.type === "task" && typeof node.target === "object" && "agent" in node.target ? node.target.agent : null;
};

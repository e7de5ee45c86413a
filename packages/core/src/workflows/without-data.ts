/** A graph for a machine that is told what was chosen and what came to an end, and evaluates nothing: no code of the workflow is needed for it. */
import type { WorkflowGraph } from "@agentcore/contract/authoring";
import { type CompiledWorkflow, compileNodes } from "./compile-workflow.ts";

const nothing = (): null => null;

export const withoutData = (graph: WorkflowGraph): CompiledWorkflow => ({
  graph,
  functions: {},
  nodes: compileNodes(graph, {
    ...{ value: () => nothing, template: () => nothing, time: () => nothing, bindings: () => nothing },
    target: () => null,
    items: () => (_scope, count) => Array.from({ length: count ?? 0 }, nothing),
  }),
});

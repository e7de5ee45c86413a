import type { AgentDefinition } from "@agentcore/contract/authoring";
import { compileWorkflow } from "./compile-workflow.ts";
import { interpret } from "./interpret.ts";

/** An agent whose work is a graph, with the `run` that walks it. Throws INVALID_ARGUMENT with every place of the graph that is wrong. */
export const runnable = (definition: AgentDefinition): AgentDefinition =>
  definition.workflow === undefined
    ? definition
    : { ...definition, run: interpret(compileWorkflow(definition.workflow)), compensates: true };

import type { AgentDefinition } from "@agentcore/contract/authoring";
import { compileWorkflow } from "./compile-workflow.ts";
import { type InterpretOptions, interpret } from "./interpret.ts";

/** An agent whose work is a graph, with the `run` that walks it. Throws INVALID_ARGUMENT with every place of the graph that is wrong. */
export const runnable = (definition: AgentDefinition, options?: InterpretOptions): AgentDefinition =>
  definition.workflow === undefined
    ? definition
    : {
        ...definition,
        run: interpret(compileWorkflow(definition.workflow, definition.name), {
          ...options,
          output: definition.output,
        }),
        compensates: true,
      };

import type { AgentDefinition } from "@agentcore/contract/authoring";

/** A workflow as an agent that runs; the interpreter is loaded for those who test one. */
export const runnableAgent = async (definition: AgentDefinition): Promise<AgentDefinition> =>
  definition.workflow === undefined || definition.run !== undefined
    ? definition
    : (await import("@agentcore/core/workflows")).runnable(definition);

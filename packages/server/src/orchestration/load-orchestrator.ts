/** Loaded with the first run of a pattern: most nodes start without. */
import type { AgentDefinition, WorkflowGraph } from "@agentcore/contract/authoring";
import { runnable } from "@agentcore/core/workflows";
import { agent } from "@agentcore/sdk";
import { ORCHESTRATOR } from "./orchestrator.ts";

/** Judged before it was submitted (orchestration-service.ts), and nobody else submits. */
export interface PatternRun {
  readonly pattern: string;
  readonly graph: WorkflowGraph;
  readonly input: unknown;
}

export const orchestrator: AgentDefinition = agent({
  name: ORCHESTRATOR,
  description: "Runs patterns",
  compensates: true,
  run: async (task, ctx) => {
    const { graph, input } = task.input as PatternRun;
    const { run } = runnable({ ...orchestrator, workflow: { graph, functions: {} } });
    return run?.({ ...task, input }, ctx);
  },
}) as AgentDefinition;

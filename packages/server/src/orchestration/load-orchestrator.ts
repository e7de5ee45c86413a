/** Loaded with the first run of a pattern: most nodes start without. */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, WorkflowGraph } from "@agentcore/contract/authoring";
import { runnable } from "@agentcore/core/workflows";
import { agent } from "@agentcore/sdk";
import { ORCHESTRATOR } from "./orchestrator.ts";

// Here, since a run may wait for nothing but `ctx`.
const { patternCatalogue } = await import("@agentcore/agents");

/** Judged before it was submitted (orchestration-service.ts), and nobody else submits. */
export type PatternRun = GraphRun | ConversationRun;

export interface GraphRun {
  readonly pattern: string;
  readonly graph: WorkflowGraph;
  readonly input: unknown;
}

/** Of a pattern that is no graph: who is next is known only then. */
export interface ConversationRun {
  readonly pattern: string;
  /** Whom it gives work to is found as it runs. */
  readonly findsAgents?: true;
  readonly configuration: unknown;
  readonly input: unknown;
}

export const orchestrator: AgentDefinition = agent({
  name: ORCHESTRATOR,
  description: "Runs patterns",
  compensates: true,
  run: async (task, ctx) => {
    const { input, ...given } = task.input as PatternRun;
    const { run } =
      "graph" in given
        ? runnable({ ...orchestrator, workflow: { graph: given.graph, functions: {} } })
        : conversation(given);
    return run?.({ ...task, input }, ctx);
  },
}) as AgentDefinition;

const conversation = ({ pattern, configuration }: Omit<ConversationRun, "input">): AgentDefinition => {
  const found = patternCatalogue.get(pattern);
  if (found === undefined) throw new PlatformError("INTERNAL", `there is no pattern "${pattern}" any more`);
  return found.define(configuration);
};

import type { AnyAgentManifest, Trigger } from "@agentcore/contract";

/** What stands in the manifest; of a standard agent that says nothing of events, those that it is there for. */
export const triggersOf = async ({ kind, spec }: AnyAgentManifest): Promise<readonly Trigger[]> => {
  const standard = kind === "Agent" ? spec.standard : undefined;
  if (spec.triggers !== undefined || standard === undefined) return spec.triggers ?? [];
  const { standardCatalogue } = await import("@agentcore/agents");
  try {
    return standardCatalogue.get(standard.name)?.triggers(standard.options) ?? [];
  } catch {
    // What is wrong with it is told where the agent is made of it.
    return [];
  }
};

/** A bus without a chain: the first agent that fits. */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { TaskRouter } from "@agentcore/core/tasks";

export const createDirectRouter = (agents: ReadonlyMap<string, AgentDefinition>): TaskRouter => ({
  command: async ({ target, exclude = [] }, accept) => {
    const found = [...agents.values()].find(
      ({ name, skills }) =>
        !exclude.includes(name) &&
        ("agent" in target
          ? name === target.agent
          : "capability" in target && skills.some(({ id }) => id === target.capability)),
    );
    if (found === undefined) throw new PlatformError("NO_CANDIDATE", `nobody for ${JSON.stringify(target)}`);
    return accept({ agent: found.name, revision: "r1", scores: [], reasons: ["the first that fits"] });
  },
  query: () => Promise.resolve(null),
  emit: () => {},
  subscribers: () => (topic) =>
    [...agents.values()]
      .filter(({ subscribes }) => subscribes.includes(topic))
      .map(({ name }) => ({ agent: name, revision: "r1" })),
  revisionOf: () => null,
  reportEnd: () => {},
});

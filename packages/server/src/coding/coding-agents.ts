/** Agents of `spec.coding` on this node: what they share, and how they learn which tasks are over. */
import { type AgentManifest, isTerminal, PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { Logger, TaskHead, TaskKey } from "@agentcore/core/ports";
import { loadOnce } from "../load-once.ts";
import { PRIVATE, refuseReach, type ToolRules } from "../tools/tool-policy.ts";
import { loadCoding } from "./load-coding.ts";

export interface CodingAgents {
  define(manifest: AgentManifest): Promise<AgentDefinition>;
  /** Once no program runs any more. */
  idle(): Promise<void>;
}

export const createCodingAgents = (options: {
  readonly stateFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly head: (key: TaskKey) => Promise<TaskHead | null>;
  readonly logger: Logger;
  readonly rules: ToolRules;
}): CodingAgents => {
  const { stateFolder, env, head, logger, rules } = options;
  const load = loadOnce(async () => {
    const { codingAgent, CodingShared } = await loadCoding();
    return { codingAgent, shared: new CodingShared() };
  });
  return {
    async define({ metadata: { name, labels }, spec: { coding, description, skills } }) {
      if (coding === undefined) throw new PlatformError("INTERNAL", `agent ${name} is no coding agent`);
      const { codingAgent, shared } = await load();
      // What is missing on this machine is told now, and not with the first task.
      if (coding.isolation === "sandbox") await shared.sandbox();
      return codingAgent({
        ...coding,
        ...{ name, description: description ?? `Works with ${coding.program} in a git repository` },
        ...(labels === undefined ? {} : { labels }),
        ...(skills === undefined ? {} : { skills }),
        host: {
          ...{ stateFolder, variables: env, shared, homePolicy: null },
          isOver: async (tenantId, taskId) => {
            const found = await head({ tenantId, taskId });
            return found === null || isTerminal(found.state);
          },
          refuse: (tenantId, repository) =>
            refuseReach(tenantId, { kind: "folder", field: "repository", value: repository }, rules),
          log: (message, about = {}) => logger.log("info", message, { agent: name, ...about }),
          // This machine is never theirs: what listens here asks for no key, seeing that it comes from here.
          hostPolicy: { allowPrivate: rules.allowPrivate, option: PRIVATE, loopbackOption: "network: host" },
        },
      }) as AgentDefinition;
    },
    async idle() {
      await (await load.current()?.catch(() => null))?.shared.idle();
    },
  };
};

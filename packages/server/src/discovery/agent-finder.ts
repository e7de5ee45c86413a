import type { Bus } from "@agentcore/core/bus";
import type { AgentFinder } from "../gateway/deps/agent-finder.ts";

/** Asks the bus whom it would choose: what is shown is what a command would do. */
export const createAgentFinder = (bus: () => Bus): AgentFinder => ({
  async find({ tenantId, caller, permissions }, target, signal) {
    const { decision, ranked, nearest, isPartial } = await bus().find(
      { tenantId, source: "gateway", target, payload: null },
      { caller: { tenantId, caller, ...(permissions === undefined ? {} : { permissions: [...permissions] }) }, signal },
    );
    return {
      found: ranked.map(({ agent, cost, why = "", ...score }) => ({ agent, ...score, costUsd: cost, why })),
      reasons: decision.reasons,
      ...{ nearest, isPartial },
    };
  },
});

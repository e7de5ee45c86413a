import { PlatformError, type Target } from "@agentcore/contract";
import type { AgentRecord, RegistryView } from "../registry/index.ts";
import type { Candidate } from "./routing-facts.ts";

/**
 * Who the target means, in one tenant (I7). Empty when nobody does. Throws TARGET_UNSUPPORTED for `need:` (there is no
 * semantic discovery on this node yet) and for `topic:`, which has subscribers instead of candidates.
 */
export const resolveTarget = (view: RegistryView, tenantId: string, target: Target): readonly Candidate[] => {
  if ("agent" in target) {
    const record = view.byName(tenantId, target.agent);
    return record === undefined ? [] : [{ record, similarity: 1 }];
  }
  if ("capability" in target) return view.bySkill(tenantId, target.capability).map(exact);
  if ("labels" in target) return view.byLabels(tenantId, target.labels).map(exact);
  if ("need" in target) {
    throw new PlatformError(
      "TARGET_UNSUPPORTED",
      `this node cannot find agents by meaning yet ("need:${target.need}"); name an agent (agent:…) or a skill (capability:…)`,
    );
  }
  throw new PlatformError(
    "TARGET_UNSUPPORTED",
    `topic:${target.topic} has subscribers, not an agent that could answer; emit an event instead`,
  );
};

const exact = (record: AgentRecord): Candidate => ({ record, similarity: 1 });

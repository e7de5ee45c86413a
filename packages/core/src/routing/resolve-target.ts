import { type NeedTarget, PlatformError, type Target } from "@agentcore/contract";
import type { AgentRecord, RegistryView } from "../registry/index.ts";
import type { Candidate } from "./routing-facts.ts";

/**
 * Who the target means, in one tenant (I7). Empty when nobody does. Throws TARGET_UNSUPPORTED for `topic:`, which has
 * subscribers instead of candidates. Who can do what a `need:` says has to be searched for: that is the matter of discovery.
 */
export const resolveTarget = (
  view: RegistryView,
  tenantId: string,
  target: Exclude<Target, NeedTarget>,
): readonly Candidate[] => {
  if ("agent" in target) {
    const record = view.byName(tenantId, target.agent);
    return record === undefined ? [] : [{ record, similarity: 1 }];
  }
  if ("capability" in target) return view.bySkill(tenantId, target.capability).map(exact);
  if ("labels" in target) return view.byLabels(tenantId, target.labels).map(exact);
  throw new PlatformError(
    "TARGET_UNSUPPORTED",
    `topic:${target.topic} has subscribers, not an agent that could answer; emit an event instead`,
  );
};

const exact = (record: AgentRecord): Candidate => ({ record, similarity: 1 });

import type { FailureMode } from "@agentcore/contract";
import type { Metrics } from "../metrics.ts";

/** On the page of metrics: how often this node wrote that agents failed so, by tenant and mode. */
export const countFailureModes = (metrics: Metrics): ((tenantId: string, mode: FailureMode) => void) => {
  const tenants = new Map<string, Map<FailureMode, number>>();
  metrics.tenantCounter(
    "agentcore_failure_modes",
    "Failures of agents that work together, as this node wrote them into logs of tasks.",
    (tenantId) => [...(tenants.get(tenantId) ?? [])].map(([mode, count]) => [`mode="${mode}"`, count]),
  );
  return (tenantId, mode) => {
    const counts = tenants.get(tenantId) ?? new Map<FailureMode, number>();
    tenants.set(tenantId, counts.set(mode, (counts.get(mode) ?? 0) + 1));
  };
};

import type { FailureMode } from "@agentcore/contract";
import type { Clock } from "@agentcore/core/ports";
import type { SeenFailure } from "@agentcore/core/tasks";
import type { Metrics } from "../metrics.ts";
import type { FinishedSpan } from "./model-telemetry.ts";

export interface FailureTelemetryOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Never throws. @default no spans */
  readonly addSpan?: ((span: FinishedSpan) => void) | undefined;
}

/**
 * Counts by tenant and mode how often this node wrote that agents failed so, and makes a span of each, beside those of the run's calls of models. Reasons
 * are not in it: they quote what was said.
 */
export const createFailureTelemetry = ({
  metrics,
  clock,
  addSpan,
}: FailureTelemetryOptions): ((seen: SeenFailure) => void) => {
  const tenants = new Map<string, Map<FailureMode, number>>();
  metrics.tenantCounter(
    "agentcore_failure_modes",
    "Failures of agents that work together, as this node wrote them into logs of tasks.",
    (tenantId) => [...(tenants.get(tenantId) ?? [])].map(([mode, count]) => [`mode="${mode}"`, count]),
  );
  return ({ tenantId, agent, taskId, runId, mode, traceparent }) => {
    const counts = tenants.get(tenantId) ?? new Map<FailureMode, number>();
    tenants.set(tenantId, counts.set(mode, (counts.get(mode) ?? 0) + 1));
    const now = clock.now();
    addSpan?.({
      name: `failure_mode ${mode}`,
      kind: "internal",
      attributes: {
        "agentcore.failure.mode": mode,
        "agentcore.tenant": tenantId,
        "agentcore.agent": agent,
        "agentcore.task.id": taskId,
        "agentcore.run.id": runId,
      },
      ...{ isError: false, traceparent, runId, startedAt: now, endedAt: now },
    });
  };
};

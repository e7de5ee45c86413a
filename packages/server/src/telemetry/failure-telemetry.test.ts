import type { FailureMode } from "@agentcore/contract";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { Metrics } from "../metrics.ts";
import { createFailureTelemetry } from "./failure-telemetry.ts";
import type { FinishedSpan } from "./model-telemetry.ts";

const seen = (tenantId: string, mode: FailureMode) => ({
  ...{ tenantId, mode, agent: "desk", taskId: "t1", runId: "r1" },
  traceparent: undefined,
});

test("the page of metrics counts failure modes of the tenant that asks for it, and no other's", () => {
  const metrics = new Metrics();
  const tell = createFailureTelemetry({ metrics, clock: new ManualClock() });
  tell(seen("acme", "step-repetition"));
  tell(seen("acme", "step-repetition"));
  tell(seen("acme", "task-derailment"));
  tell(seen("other", "conversation-reset"));
  const linesOf = (tenantId: string) =>
    metrics
      .render(tenantId)
      .split("\n")
      .filter((line) => line.startsWith("agentcore_failure_modes_total{"));
  expect(linesOf("acme")).toEqual([
    'agentcore_failure_modes_total{tenant="acme",mode="step-repetition"} 2',
    'agentcore_failure_modes_total{tenant="acme",mode="task-derailment"} 1',
  ]);
  expect(linesOf("other")).toEqual(['agentcore_failure_modes_total{tenant="other",mode="conversation-reset"} 1']);
  expect(linesOf("third")).toEqual([]);
});

test("each is a span of the run's trace, with whose it is and without what was said", () => {
  const spans: FinishedSpan[] = [];
  const clock = new ManualClock();
  const tell = createFailureTelemetry({ metrics: new Metrics(), clock, addSpan: (span) => spans.push(span) });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  tell({ ...seen("acme", "step-repetition"), traceparent });
  expect(spans).toEqual([
    {
      ...{ name: "failure_mode step-repetition", kind: "internal", isError: false, traceparent, runId: "r1" },
      ...{ startedAt: clock.now(), endedAt: clock.now() },
      attributes: {
        "agentcore.failure.mode": "step-repetition",
        "agentcore.tenant": "acme",
        "agentcore.agent": "desk",
        "agentcore.task.id": "t1",
        "agentcore.run.id": "r1",
      },
    },
  ]);
});

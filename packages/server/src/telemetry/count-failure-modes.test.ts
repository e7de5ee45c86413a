import { expect, test } from "vitest";
import { Metrics } from "../metrics.ts";
import { countFailureModes } from "./count-failure-modes.ts";

test("the page of metrics counts failure modes of the tenant that asks for it, and no other's", () => {
  const metrics = new Metrics();
  const count = countFailureModes(metrics);
  count("acme", "step-repetition");
  count("acme", "step-repetition");
  count("acme", "task-derailment");
  count("other", "conversation-reset");
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

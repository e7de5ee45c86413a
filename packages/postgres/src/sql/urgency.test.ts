import { PRIORITY_STEP_MS } from "@agentcore/core/ports";
import { expect, test } from "vitest";
import { URGENCY } from "./0011-urgency.ts";
import { CLAIM_TASKS } from "./functions/claim-tasks.ts";

test("the order of claims is the order of the index: the step of a priority is the same in both", () => {
  expect(URGENCY).toContain(`(due_at - priority * ${PRIORITY_STEP_MS}::bigint)`);
  expect(CLAIM_TASKS).toContain(`order by (h.due_at - h.priority * ${PRIORITY_STEP_MS}::bigint), h.id`);
});

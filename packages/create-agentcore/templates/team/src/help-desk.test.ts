import assert from "node:assert/strict";
import { test } from "node:test";
import { testAgent } from "agentcore/testing";
import { triage } from "./agents/triage.ts";
import { helpDesk } from "./help-desk.ts";

test("what is about money goes to billing", async () => {
  const world = await testAgent([helpDesk, triage], {
    peers: { billing: () => "paid back", technician: () => "switched off and on" },
  });
  const { answer, by } = (await world.run("My invoice is wrong")).output as { answer: string; by: string };
  assert.deepEqual([answer, by], ["paid back", "billing"]);
});

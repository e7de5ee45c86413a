import assert from "node:assert/strict";
import { test } from "node:test";
import { testAgent } from "agentcore/testing";
import { orderDesk } from "./order-desk.ts";

test("a plain question is answered by a rule, and no model is asked", async () => {
  const world = await testAgent(orderDesk);
  assert.equal((await world.run({ question: "Where is order 7?", order: 7 })).output, "Order 7 is on its way.");
  assert.deepEqual(world.effects, ["tool:find_order"]);
});

test("the model finds out by the tool what it is asked, and a crash costs no second answer", async () => {
  const world = await testAgent(orderDesk, {
    crashAt: { at: "tool:find_order[call-1]", when: "after" },
    model: [
      { toolCalls: [{ id: "call-1", name: "find_order", input: { order: 8 } }] },
      "Order 8 has a chair and a table.",
    ],
  });
  assert.equal((await world.run({ question: "What is in order 8?" })).output, "Order 8 has a chair and a table.");
  await world.close();
});

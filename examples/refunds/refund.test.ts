import type { AgentDefinition } from "agentcore";
import { testAgent } from "agentcore/testing";
import { expect, test } from "vitest";
import { readManifests } from "../../packages/cli/src/manifests/read-manifests.ts";
import { WorkflowManifest } from "../../packages/contract/src/manifest.ts";
import { ofManifest } from "../../packages/server/src/agents/load-workflow.ts";
import { carrier } from "./src/agents/carrier.ts";
import { cashier } from "./src/agents/cashier.ts";
import { fraudDesk } from "./src/agents/fraud-desk.ts";
import { inspector } from "./src/agents/inspector.ts";
import { letters } from "./src/agents/letters.ts";

const order = {
  ...{ order: "A17", customer: "Ann", address: "1 Mill Lane", returnsThisYear: 2 },
  pieces: [
    { name: "lamp", price: 40, condition: "unopened" },
    { name: "desk", price: 900, condition: "used" },
  ],
};

const start = async () => {
  const [first] = await readManifests(["agentcore.yaml"], import.meta.dirname);
  const workers = [carrier, cashier, fraudDesk, inspector, letters] as AgentDefinition[];
  return testAgent([ofManifest(WorkflowManifest.parse(first?.manifest)), ...workers]);
};

const commands = (events: readonly { readonly type: string; readonly data: object }[]): readonly string[] =>
  events.flatMap(({ type, data }) =>
    type === "step.started" && "path" in data && String(data.path).startsWith("command:agent:c")
      ? [String(data.path)]
      : [],
  );

test("what came back is looked at and paid for, much of it after a while", async () => {
  const run = await (await start()).run(order);
  expect(run.state).toBe("working");
  await run.advance(5_000);
  expect(run.output).toEqual({ paid: 670, letter: expect.stringContaining("We have paid you 670 for order A17.") });
});

test("what cannot be told is not paid: the payment is taken back, then the pickup canceled", async () => {
  const run = await (await start()).run({ ...order, address: "nowhere", pieces: order.pieces.slice(0, 1) });
  expect(run.error).toMatchObject({ details: { undone: [{ node: "pay" }, { node: "pickup" }], stands: [] } });
  expect(commands(run.events)).toEqual([
    ...["command:agent:carrier[pickup]", "command:agent:cashier[pay]"],
    ...["command:agent:cashier[pay~undo]", "command:agent:carrier[pickup~undo]"],
  ]);
});

test("who sends back too much is not paid", async () => {
  const run = await (await start()).run({ ...order, returnsThisYear: 9 });
  expect(run.error?.message).toBe("node refuse: not paid: Ann has sent back 9 orders this year");
  expect(commands(run.events)).toEqual(["command:agent:carrier[pickup]", "command:agent:carrier[pickup~undo]"]);
});

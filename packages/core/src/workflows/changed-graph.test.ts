/** Runs that stand at a checkpoint, and graphs that were changed meanwhile. */
import type { WorkflowGraph } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { runnable } from "./index.ts";

const undone: string[] = [];
const graphOf = (
  names: { readonly book?: string; readonly pay?: string; readonly undo?: boolean } = {},
): WorkflowGraph => {
  const { book = "book", pay = "pay", undo = true } = names;
  return {
    start: book,
    nodes: {
      [book]: { type: "custom", function: "book", next: pay, ...(undo ? { undo: { function: "cancel" } } : {}) },
      [pay]: { type: "custom", function: "pay", next: "done" },
      done: { type: "end" },
    },
  };
};
const flow = (graph: WorkflowGraph) => {
  const functions = {
    book: () => "booked",
    cancel: () => void undone.push("booked"),
    pay: () => new Promise<never>(() => {}),
  };
  const { run: _, ...agent } = define("flow", async () => null);
  return runnable({ ...agent, workflow: { graph, functions } }, { checkpointAfter: 1 });
};

test("a run does not go on with a graph that has not the node it stands at, nor the undo of what it did, and takes nothing back for that", async () => {
  const world = new EngineWorld([flow(graphOf())]);
  const taskId = await world.submit("flow");
  expect((await world.log(taskId)).map(({ type }) => type)).toContain("checkpoint.created");
  const { service } = await world.alive();
  const survivalOf = async (graph: WorkflowGraph) => {
    const agent = { definition: flow(graph), env: {}, concurrency: 1 };
    const report = service.replayOpen({ ...SCOPE, operator: true }, "flow", { revision: { revision: "r2", agent } });
    await world.advance(0);
    return (await report).tasks[0];
  };
  expect(await survivalOf(graphOf())).toMatchObject({ survives: true, error: null });
  for (const [change, said] of [
    [{ pay: "charge" }, 'it stands at node "pay", which there is not'],
    [{ book: "reserve" }, 'it has node "book" to take back, which has no undo'],
    [{ undo: false }, 'it has node "book" to take back, which has no undo'],
  ] as const)
    expect(await survivalOf(graphOf(change))).toMatchObject({
      survives: false,
      error: { message: expect.stringContaining(said) },
    });
  expect(undone).toEqual([]);
});

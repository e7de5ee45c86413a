import { join } from "node:path";
import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { openStore } from "./mastra-store.mjs";

const NodeResult = z.object({ node: z.string(), value: z.number(), text: z.string() });
const TurnResult = z.object({ turn: z.number(), text: z.string() });
const Checks = z.object({ credit: NodeResult, identity: NodeResult, fraud: NodeResult });
/** What a branch gives: the result under the name of the step that was taken. */
const Taken = z.record(z.string(), NodeResult.optional());

/** Mastra's default engine. */
export const startWorkflows = async ({ place, work, full }) => {
  const storage = await openStore(join(place, "mastra.db"), full);
  const workflows = { graph: graphOf(work), loop: loopOf(work) };
  const mastra = new Mastra({ storage, workflows, logger: false });
  await storage.init();
  const [graph, loop] = [mastra.getWorkflow("graph"), mastra.getWorkflow("loop")];
  const run = async (workflow, inputData) => {
    const result = await (await workflow.createRun()).start({ inputData });
    if (result.status !== "success") throw new Error(`Mastra run ended as ${result.status}: ${result.error?.message}`);
    return result.result;
  };
  const workflowsStore = await storage.getStore("workflows");
  return {
    notes: [
      `Mastra: default engine, LibSQL file, WAL, synchronous=${full ? "FULL" : "NORMAL, as its store sets it (a commit is not synced: weaker than ours)"}; a node writes the whole run's state over the one before, the results of nodes at once when the last of them is done`,
    ],
    runGraph: async (order) => (await run(graph, { order })).value,
    runLoop: async () => (await run(loop, work.begin())).turn,
    countResults: async () => {
      const { runs } = await workflowsStore.listWorkflowRuns({ workflowName: "graph" });
      const stepsOf = ({ snapshot }) => Object.entries(snapshot.context).filter(([id]) => id !== "input");
      return runs.flatMap(stepsOf).filter(([, step]) => step.status === "success").length;
    },
    close: async () => {
      await mastra.shutdown?.();
      await storage.close?.();
    },
  };
};

const graphOf = (work) => {
  const step = (id, inputSchema, inputOf = (input) => input) =>
    createStep({
      id,
      inputSchema,
      outputSchema: NodeResult,
      execute: async ({ inputData }) => work[id](inputOf(inputData)),
    });
  const afterBranch = (id) => step(id, Taken, (taken) => Object.values(taken).find(Boolean));
  const either = (holds, yes, no) => [
    [async ({ inputData }) => holds(inputData), step(yes, NodeResult)],
    [async ({ inputData }) => !holds(inputData), step(no, NodeResult)],
  ];
  return createWorkflow({ id: "graph", inputSchema: z.object({ order: z.number() }), outputSchema: NodeResult })
    .then(step("receive", z.object({ order: z.number() }), ({ order }) => order))
    .then(step("parse", NodeResult))
    .branch(either(work.isDetailed, "detailed", "simple"))
    .parallel([afterBranch("credit"), afterBranch("identity"), afterBranch("fraud")])
    .then(step("merge", Checks))
    .then(step("score", NodeResult))
    .branch(either(work.isAccepted, "accept", "refuse"))
    .then(afterBranch("finish"))
    .commit();
};

const loopOf = (work) => {
  const turn = createStep({
    id: "turn",
    inputSchema: TurnResult,
    outputSchema: TurnResult,
    execute: async ({ inputData }) => work.turn(inputData),
  });
  return createWorkflow({ id: "loop", inputSchema: TurnResult, outputSchema: TurnResult })
    .dountil(turn, async ({ inputData }) => work.isLast(inputData))
    .commit();
};

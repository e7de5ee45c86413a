import { runnable } from "@agentcore/core/workflows";
import { type AgentDefinition, workflow } from "@agentcore/sdk";
import { z } from "zod";
import { openWorld, scope } from "../engine.ts";
import type { NodeResult, TurnResult, Work } from "./work.ts";
import type { WorkflowsModule } from "./workflow-process.ts";

const numbers = z.number();
const turnResults = z.object({ turn: z.number(), text: z.string() });

export const startWorkflows: WorkflowsModule["startWorkflows"] = async ({ place, work, turns }) => {
  const agents = [runnable(graphOf(work) as AgentDefinition), runnable(loopOf(work, turns) as AgentDefinition)];
  const { service, output, close } = await openWorld({ directory: place, agents });
  const graphs: string[] = [];
  const run = async (agent: string, input: unknown): Promise<{ readonly taskId: string; readonly value: unknown }> => {
    const { taskId } = await service.submit(scope, { target: { agent }, input });
    return { taskId, value: await output(taskId) };
  };
  return {
    notes: [
      "ours: node:sqlite, WAL, synchronous=FULL, every node's result and every decision on disk before the run goes on",
    ],
    runGraph: async (order) => {
      const { taskId, value } = await run("graph", order);
      graphs.push(taskId);
      return (value as NodeResult).value;
    },
    runLoop: async () => ((await run("loop", work.begin())).value as TurnResult).turn,
    countResults: async () => {
      let results = 0;
      for (const taskId of graphs)
        for (const { type } of await service.log(scope, taskId)) if (type === "step.completed") results++;
      return results;
    },
    close,
  };
};

const graphOf = (work: Work): AgentDefinition<number> =>
  workflow("graph")
    .input(numbers)
    .step("receive", work.receive)
    .step("parse", work.parse)
    .decide(
      "kind",
      [{ when: ({ previous }) => work.isDetailed(previous), do: (path) => path.step("detailed", work.detailed) }],
      (path) => path.step("simple", work.simple),
    )
    .parallel("checks", {
      credit: (path) => path.step("credit", work.credit),
      identity: (path) => path.step("identity", work.identity),
      fraud: (path) => path.step("fraud", work.fraud),
    })
    .step("merge", work.merge)
    .step("score", work.score)
    .decide(
      "verdict",
      [{ when: ({ previous }) => work.isAccepted(previous), do: (path) => path.step("accept", work.accept) }],
      (path) => path.step("refuse", work.refuse),
    )
    .step("finish", work.finish)
    .build();

const loopOf = (work: Work, maxTurns: number): AgentDefinition<TurnResult> =>
  workflow("loop")
    .input(turnResults)
    .loop("turns", (path) => path.step("turn", work.turn), {
      until: ({ previous }) => work.isLast(previous),
      maxTurns,
    })
    .build();

import { type AgentDefinition } from "@agentcore/contract/authoring";
import { openWorld, scope } from "../engine.ts";
import { buyer } from "./agents.ts";
import type { LoopsModule } from "./loop-process.ts";
import { scriptedModels } from "./scripted-models.ts";

/** `react()` on the engine, without the rest of a node. */
export const startLoops: LoopsModule["startLoops"] = async ({ place, loop }) => {
  const world = await openWorld({ directory: place, agents: [buyer as AgentDefinition], models: scriptedModels });
  const { service, output, close } = world;
  const tasks: string[] = [];
  return {
    notes: [
      "ours: react() on node:sqlite, WAL, synchronous=FULL, every answer, every start of the tool and every result on disk before the loop goes on",
    ],
    run: async () => {
      const { taskId } = await service.submit(scope, { target: { agent: buyer.name }, input: loop.QUESTION });
      tasks.push(taskId);
      return (await output(taskId)) as string;
    },
    countSteps: async () => {
      let steps = 0;
      for (const taskId of tasks)
        for (const { type } of await service.log(scope, taskId)) if (type === "step.completed") steps++;
      return steps;
    },
    close,
  };
};

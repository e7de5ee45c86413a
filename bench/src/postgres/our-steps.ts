import { openPostgres } from "@agentcore/postgres";
import { define, scope, startEngine } from "../engine.ts";
import { query } from "./server.ts";
import type { StepsModule } from "./step-process.ts";

export const startSteps: StepsModule["startSteps"] = async ({ url, resultOf }) => {
  const agent = define("steps", async (task, ctx) => {
    let characters = 0;
    for (let step = 0; step < Number(task.input); step++) {
      characters += (await ctx.step(`step-${step}`, () => resultOf(step))).length;
    }
    return characters;
  });
  const { service, output, close } = await startEngine(await openPostgres({ url, node: "bench" }), { agents: [agent] });
  return {
    notes: [
      "ours: the task engine on @agentcore/postgres, at most 10 connections; a step's result is committed before the code goes on",
    ],
    runTask: async (steps) => {
      const { taskId } = await service.submit(scope, { target: { agent: "steps" }, input: steps });
      return Number(await output(taskId));
    },
    countStored: async () => {
      const [row] = await query<{ count: string }>(
        url,
        "select count(*) from agentcore.events where type = 'step.completed' and length(data) >= $1",
        [resultOf(0).length],
      );
      return Number(row?.count);
    },
    close,
  };
};

/** A process to be killed: 200 tasks of 10 steps, each noted in a file the moment its result was acknowledged. */
import { openSync, writeSync } from "node:fs";
import { define, openWorld, scope } from "../engine.ts";
import { STEPS, stepResult } from "../steps.ts";

export const acknowledgingAgent = (acknowledge: (taskId: string, step: number) => void): ReturnType<typeof define> =>
  define("ten-steps", async (task, ctx) => {
    let characters = 0;
    for (let step = 0; step < STEPS; step++) {
      characters += (await ctx.step(`step-${step}`, () => stepResult(step))).length;
      acknowledge(task.id, step);
    }
    return characters;
  });

if (process.argv[1] === import.meta.filename) {
  const [directory = "", tasks = "", file = ""] = process.argv.slice(2);
  // Synchronous, and before the code goes on: what stands in the file was acknowledged, and outlives the process.
  const notes = openSync(file, "a");
  const world = await openWorld({
    directory,
    agents: [acknowledgingAgent((taskId, step) => writeSync(notes, `${taskId} ${step}\n`))],
  });
  await Promise.all(
    Array.from({ length: Number(tasks) }, async () => {
      const { taskId } = await world.service.submit(scope, { target: { agent: "ten-steps" }, input: null });
      writeSync(notes, `${taskId} submitted\n`);
    }),
  );
  // Stays until it is killed.
  setInterval(() => {}, 1000);
}

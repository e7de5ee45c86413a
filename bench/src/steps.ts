/** The work of the durable benchmarks, the same for everyone measured. */
import { type define as Define, define, scope, type World } from "./engine.ts";

export const STEPS = 10;
export const RESULT_BYTES = 1024;

/** A 1 KB string that differs from step to step. */
export const stepResult = (step: number): string => String(step).padEnd(RESULT_BYTES, "x");

/** Ten steps awaited one after another; the output counts what came back. */
export const tenSteps = (): ReturnType<typeof Define> =>
  define("ten-steps", async (_, ctx) => {
    let characters = 0;
    for (let step = 0; step < STEPS; step++) {
      characters += (await ctx.step(`step-${step}`, () => stepResult(step))).length;
    }
    return characters;
  });

/** Runs `tasks` of them at once; resolves with milliseconds. */
export const runTenSteps = async ({ service, output }: World, tasks: number): Promise<number> => {
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: tasks }, async () => {
      const { taskId } = await service.submit(scope, { target: { agent: "ten-steps" }, input: null });
      const characters = await output(taskId);
      if (characters !== STEPS * RESULT_BYTES) throw new Error(`task ${taskId} gave ${String(characters)}`);
    }),
  );
  return performance.now() - startedAt;
};

import { join } from "node:path";
import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import { openStore } from "./mastra-store.mjs";

/**
 * A workflow of `steps` steps on Mastra's default engine, its snapshots in a LibSQL file of `folder`, `full` or as they come.
 */
export const startMastra = async (folder, { steps, resultOf, full }) => {
  const storage = await openStore(join(folder, full ? "mastra-full.db" : "mastra.db"), full);
  const schema = z.object({ text: z.string() });
  let workflow = createWorkflow({ id: "ten-steps", inputSchema: schema, outputSchema: schema });
  for (let step = 0; step < steps; step++) {
    workflow = workflow.then(
      createStep({
        id: `step-${step}`,
        inputSchema: schema,
        outputSchema: schema,
        execute: async () => ({ text: resultOf(step) }),
      }),
    );
  }
  workflow.commit();
  const mastra = new Mastra({ storage, workflows: { tenSteps: workflow }, logger: false });
  await storage.init();
  const registered = mastra.getWorkflow("tenSteps");
  return {
    run: async () => {
      const run = await registered.createRun();
      const result = await run.start({ inputData: { text: "" } });
      if (result.status !== "success") throw new Error(`Mastra run ended as ${result.status}`);
      return result.result.text;
    },
    close: async () => {
      await mastra.shutdown?.();
      await storage.close?.();
    },
  };
};

import { join } from "node:path";
import { createClient } from "@libsql/client";
import { Mastra } from "@mastra/core/mastra";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { z } from "zod";

/**
 * A workflow of `steps` steps on Mastra's default engine, its snapshots in a LibSQL file of `folder`. `full`: the store as
 * it comes sets synchronous=NORMAL, which syncs nothing on commit; this makes that FULL and leaves the rest.
 */
export const startMastra = async (folder, { steps, resultOf, full }) => {
  const url = `file:${join(folder, full ? "mastra-full.db" : "mastra.db")}`;
  const storage = new LibSQLStore(full ? { id: "bench", client: await fullClient(url) } : { id: "bench", url });
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

const fullClient = async (url) => {
  const client = createClient({ url });
  const execute = client.execute.bind(client);
  client.execute = (statement, ...rest) =>
    typeof statement === "string" && /synchronous/i.test(statement)
      ? execute("PRAGMA synchronous = FULL;")
      : execute(statement, ...rest);
  // What LibSQLStore does itself when it makes the client.
  const pragmas = [
    "journal_mode = WAL",
    "busy_timeout = 5000",
    "synchronous = FULL",
    "temp_store = MEMORY",
    "cache_size = -16000",
  ];
  for (const pragma of pragmas) await execute(`PRAGMA ${pragma};`);
  return client;
};

import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";

const POOL_SIZE = 20;

// Pools of 10 and 50, LISTEN off, runStep, and calls without startWorkflow were no faster; a queue, which polls, is half as fast.
/** Workflows of registered steps, started directly. */
export const startSteps = async ({ url, resultOf }) => {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: url,
    systemDatabasePoolSize: POOL_SIZE,
    logLevel: "error",
    enableOTLP: false,
    tracingEnabled: false,
  });
  const step = DBOS.registerStep(async (number) => resultOf(number), { name: "step" });
  const workflow = DBOS.registerWorkflow(
    async (steps) => {
      let characters = 0;
      for (let number = 0; number < steps; number++) characters += (await step(number)).length;
      return characters;
    },
    { name: "steps" },
  );
  await DBOS.launch();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    notes: [
      `DBOS: startWorkflow directly, without a queue, registered steps, pool ${POOL_SIZE}, tracing off; a step's result is committed before the code goes on, as ours, each with a statement of its own`,
      "DBOS keeps a workflow's status and steps; ours also numbers every event, fences writers by lease, and keeps the log that streams are read from",
    ],
    runTask: async (steps) => (await DBOS.startWorkflow(workflow)(steps)).getResult(),
    countStored: async () => {
      const { rows } = await client.query(
        "select count(*) from dbos.operation_outputs where error is null and length(output) >= $1",
        [resultOf(0).length],
      );
      return Number(rows[0].count);
    },
    close: async () => {
      await client.end();
      await DBOS.shutdown();
    },
  };
};

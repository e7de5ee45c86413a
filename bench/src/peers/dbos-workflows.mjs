import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";

const POOL_SIZE = 20;

/** Registered steps, called by workflows that are code: decisions and joins cost no write. */
export const startWorkflows = async ({ place: url, work }) => {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: url,
    systemDatabasePoolSize: POOL_SIZE,
    logLevel: "error",
    enableOTLP: false,
    tracingEnabled: false,
  });
  const step = (name) => DBOS.registerStep(work[name], { name });
  const [receive, parse, simple, detailed] = ["receive", "parse", "simple", "detailed"].map(step);
  const [credit, identity, fraud, merge] = ["credit", "identity", "fraud", "merge"].map(step);
  const [score, accept, refuse, finish, turn] = ["score", "accept", "refuse", "finish", "turn"].map(step);
  const graph = DBOS.registerWorkflow(
    async (order) => {
      const parsed = await parse(await receive(order));
      const taken = await (work.isDetailed(parsed) ? detailed(parsed) : simple(parsed));
      const checks = await Promise.all([credit(taken), identity(taken), fraud(taken)]);
      const scored = await score(await merge({ credit: checks[0], identity: checks[1], fraud: checks[2] }));
      return (await finish(await (work.isAccepted(scored) ? accept(scored) : refuse(scored)))).value;
    },
    { name: "graph" },
  );
  const loop = DBOS.registerWorkflow(
    async () => {
      let last = work.begin();
      while (!work.isLast(last)) last = await turn(last);
      return last.turn;
    },
    { name: "loop" },
  );
  await DBOS.launch();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    notes: [
      `DBOS on PostgreSQL: startWorkflow directly, without a queue, registered steps, pool ${POOL_SIZE}, tracing off; every step's result is committed and synced before the code goes on`,
    ],
    runGraph: async (order) => (await DBOS.startWorkflow(graph)(order)).getResult(),
    runLoop: async () => (await DBOS.startWorkflow(loop)()).getResult(),
    countResults: async () => {
      const { rows } = await client.query("select count(*) from dbos.operation_outputs where error is null");
      return Number(rows[0].count);
    },
    close: async () => {
      await client.end();
      await DBOS.shutdown();
    },
  };
};

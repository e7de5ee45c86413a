import { graphSpeed } from "../workflows/graph-speed.ts";

const RUNS = 200;

export const benchmark = graphSpeed({
  name: "workflow-throughput",
  what: `runs/s of a graph of 10 nodes, ${RUNS} at once, against the best of LangGraph.js on SQLite, Mastra on LibSQL and DBOS on PostgreSQL`,
  unit: "runs/s",
  floor: { of: "ratio", atLeast: 5 },
  best: "highest",
  runs: RUNS,
  atOnce: true,
  numberOf: (ms) => (RUNS * 1000) / ms,
});

import { graphSpeed } from "../workflows/graph-speed.ts";

const RUNS = 50;

export const benchmark = graphSpeed({
  name: "workflow-serial",
  what: "milliseconds a run of a graph of 10 nodes, one at a time, against the best of LangGraph.js on SQLite, Mastra on LibSQL and DBOS on PostgreSQL",
  unit: "ms/run",
  floor: { of: "ratio", atMost: 1 },
  best: "lowest",
  runs: RUNS,
  atOnce: false,
  numberOf: (ms) => ms / RUNS,
});

import { stepsAgainst } from "../postgres/steps-at-once.ts";

export const benchmark = stepsAgainst({
  name: "postgres-durable-steps-langgraph",
  peer: "langgraph",
  title: 'LangGraph.js with its PostgreSQL saver, durability "sync"',
});

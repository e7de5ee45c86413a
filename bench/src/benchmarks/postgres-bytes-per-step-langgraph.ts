import { storedBytesAgainst } from "../postgres/bytes.ts";

export const benchmark = storedBytesAgainst({
  name: "postgres-bytes-per-step-langgraph",
  peer: "langgraph",
  title: "LangGraph.js with its PostgreSQL saver",
  floor: { of: "ratio", atMost: 1 },
});

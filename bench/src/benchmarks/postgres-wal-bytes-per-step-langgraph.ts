import { walBytesAgainst } from "../postgres/bytes.ts";

export const benchmark = walBytesAgainst({
  name: "postgres-wal-bytes-per-step-langgraph",
  peer: "langgraph",
  title: "LangGraph.js with its PostgreSQL saver",
  floor: null,
});

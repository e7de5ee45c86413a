export type { GraphSchemas } from "./check-expressions.ts";
export { checkGraph } from "./check-graph.ts";
export { runnable } from "./runnable.ts";

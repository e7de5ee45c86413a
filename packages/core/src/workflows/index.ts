export { checkGraph } from "./check-graph.ts";
export { runnable } from "./runnable.ts";

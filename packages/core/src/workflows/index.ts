export type { GraphSchemas } from "./check-expressions.ts";
export { checkGraph } from "./check-graph.ts";
export { toMermaid } from "./mermaid.ts";
export { NODE_STATES, type NodeProgress, type NodeState } from "./node-progress.ts";
export { PROGRESS_UNSEEN, ProgressFold, type WorkflowProgress } from "./progress.ts";
export { runnable } from "./runnable.ts";

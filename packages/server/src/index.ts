export { type DatabaseFinding, inspectDatabase } from "./inspect-database.ts";
export { type NodeOptions, type RunningNode, startNode } from "./start-node.ts";

export { type NodeOptions, type RunningNode, startNode } from "./start-node.ts";

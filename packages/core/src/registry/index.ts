export { type AgentRecord, type ConcurrencyLimits, createReplica, isLive, type Replica } from "./agent-record.ts";
export { AgentRegistry, type AgentRegistryOptions, type HeartbeatFacts } from "./agent-registry.ts";
export { NodeDirectory, type NodeDirectoryOptions } from "./node-directory.ts";
export type { RegistryEvent, RegistryView } from "./registry-view.ts";
export { patternsOf, TopicIndex } from "./topic-index.ts";

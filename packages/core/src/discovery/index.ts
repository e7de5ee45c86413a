export { AgentDiscovery, type AgentDiscoveryOptions, type DiscoveryModel } from "./agent-discovery.ts";
export type { Discovery, Finding, NearAgent } from "./finding.ts";
export { createRegistryAgent, type RegistryAgentOptions } from "./registry-agent.ts";
export { STOP_WORDS } from "./stop-words.ts";

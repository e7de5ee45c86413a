export {
  AgentDiscovery,
  type AgentDiscoveryOptions,
  type DiscoveryDecider,
  type DiscoveryModel,
} from "./agent-discovery.ts";
export type { Asker, Decider, DeciderQuestion, ShownAgent, Verdict } from "./decider.ts";
export type { Deciding, Discovery, Finding, NearAgent } from "./finding.ts";
export { createRegistryAgent, type RegistryAgentOptions } from "./registry-agent.ts";
export { STOP_WORDS } from "./stop-words.ts";

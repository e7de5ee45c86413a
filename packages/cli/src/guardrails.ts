/** `agentcore/guardrails`: what stands around an agent and its tools, each a value for `agent({ guardrails })`. */
export {
  type BlockedPatternsOptions,
  blockedPatterns,
  type InjectionMarkersOptions,
  injectionMarkers,
  markersIn,
  type NoVerbatimTargetsOptions,
  noVerbatimTargets,
  type RedactionOptions,
  redaction,
  type SafeLinksOptions,
  type SizeLimitsOptions,
  safeLinks,
  sizeLimits,
} from "@agentcore/agents";

export { Bulkhead, type BulkheadOptions } from "./bulkhead.ts";
export { CircuitBreaker, type CircuitBreakerOptions, type CircuitState } from "./circuit-breaker.ts";
export { detectLoop, type LoopFacts, type LoopVerdict } from "./detect-loop.ts";
export { type FilterResult, filterCandidates, type RouteRules, ruledOut } from "./filter-candidates.ts";
export { type PickFacts, pickReplica } from "./pick-replica.ts";
export { resolveTarget } from "./resolve-target.ts";
export { route } from "./route.ts";
export { RoutingDecision } from "./routing-decision.ts";
export {
  type BreakerView,
  type Candidate,
  type CandidateScore,
  DEFAULT_WEIGHTS,
  type FilteredOut,
  type FilterReason,
  type RouteChoice,
  type RouteConstraints,
  type RouteFacts,
  type ScoreWeights,
} from "./routing-facts.ts";
export { scoreCandidates } from "./score-candidates.ts";

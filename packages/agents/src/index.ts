export { type BreakdownOptions, type BreakdownResult, breakdown } from "./breakdown/breakdown.ts";
export { type CrewOptions, type CrewResult, type CrewRole, type CrewTask, crew } from "./conversations/crew.ts";
export { detectFailure } from "./conversations/detect-failure.ts";
export type { Exchange, ExchangeMember, FailureVerdict } from "./conversations/exchange.ts";
export {
  type GroupChatOptions,
  type GroupChatResult,
  groupChat,
  type ModelManager,
} from "./conversations/group-chat.ts";
export { type HandoffOptions, type HandoffResult, handoff } from "./conversations/handoff.ts";
export { type NetworkOptions, type NetworkResult, network } from "./conversations/network.ts";
export { type SwarmOptions, swarm } from "./conversations/swarm.ts";
export type { Turn } from "./conversations/turn.ts";
export { type BlockedPatternsOptions, blockedPatterns } from "./guardrails/blocked-patterns.ts";
export { type GuardrailDescription, guardrailCatalogue } from "./guardrails/guardrail-catalogue.ts";
export { type InjectionMarkersOptions, injectionMarkers, markersIn } from "./guardrails/injection-markers.ts";
export { type NoVerbatimTargetsOptions, noVerbatimTargets } from "./guardrails/no-verbatim-targets.ts";
export { type RedactionOptions, redaction } from "./guardrails/redaction.ts";
export { type SafeLinksOptions, safeLinks } from "./guardrails/safe-links.ts";
export { type SizeLimitsOptions, sizeLimits } from "./guardrails/size-limits.ts";
export { type OrchestrationEntry, orchestrationLog } from "./orchestration-log.ts";
export { type PatternDescription, patternCatalogue } from "./pattern-catalogue.ts";
export { type DebateOptions, debate } from "./patterns/debate.ts";
export { type EvaluatorLoopOptions, evaluatorLoop } from "./patterns/evaluator-loop.ts";
export { type MapReduceOptions, mapReduce } from "./patterns/map-reduce.ts";
export { type ParallelOptions, parallel } from "./patterns/parallel.ts";
export { type SequentialOptions, sequential } from "./patterns/sequential.ts";
export {
  type HierarchicalOptions,
  hierarchical,
  type SupervisorOptions,
  supervisor,
  type Team,
} from "./patterns/supervisor.ts";
export { type VoteOptions, vote } from "./patterns/vote.ts";
export type { PatternOptions, Performer, Role } from "./role.ts";
export {
  type CacheAnswer,
  type CacheManagerOptions,
  cached,
  cacheManagerAgent,
} from "./standard/cache-manager/cache-manager.ts";
export { type ContextBuilderOptions, contextBuilderAgent } from "./standard/context-builder/context-builder.ts";
export {
  type ErrorGroup,
  type ErrorKeeperOptions,
  errorKeeperAgent,
  type KeptError,
} from "./standard/error-keeper/error-keeper.ts";
export { type HttpAgentOptions, type HttpAnswer, httpAgent } from "./standard/http/http.ts";
export {
  type IntentParserOptions,
  intentParserAgent,
  type ParsedIntent,
} from "./standard/intent-parser/intent-parser.ts";
export { type KeptEntry, type LogKeeperOptions, logKeeperAgent } from "./standard/log-keeper/log-keeper.ts";
export { type ModelAgentOptions, type ModelAnswer, modelAgent } from "./standard/model/model.ts";
export { type MonitorOptions, monitorAgent, type OpenAlert } from "./standard/monitor/monitor.ts";
export {
  type FormattedResponse,
  type ResponseFormatterOptions,
  responseFormatterAgent,
} from "./standard/response-formatter/response-formatter.ts";
export {
  DENIAL_TOPIC,
  type SecurityFinding,
  type SecurityOptions,
  type SecurityVerdict,
  securityAgent,
} from "./standard/security/security.ts";
export { type SqlAnswer, type SqlOptions, sqlAgent } from "./standard/sql/sql.ts";
export {
  type StandardAgentDescription,
  type StandardParts,
  standardCatalogue,
} from "./standard/standard-catalogue.ts";
export { type Translated, type TranslatorOptions, translatorAgent } from "./standard/translator/translator.ts";
export type { DeliveryId, SignatureForm } from "./standard/webhook/signature-form.ts";
export { callerOfHook, type Hook, type HookDelivery, hookOf } from "./standard/webhook/webhook.ts";
export { type WebSocketAgentOptions, type WebSocketAnswer, websocketAgent } from "./standard/websocket/websocket.ts";
export {
  callerOfFeed,
  type Feed,
  type FeedMessage,
  feedOf,
} from "./standard/websocket-feed/websocket-feed.ts";
export { type AutonomousOptions, autonomous } from "./strategies/autonomous.ts";
export {
  type ChainOfThoughtOptions,
  chainOfThought,
  type StepCheck,
  type ThoughtStep,
} from "./strategies/chain-of-thought.ts";
export { type DeliberativeOptions, deliberative } from "./strategies/deliberative.ts";
export { type HybridOptions, hybrid } from "./strategies/hybrid.ts";
export { type PlanAndExecuteOptions, planAndExecute } from "./strategies/plan-and-execute.ts";
export { type ReactiveOptions, reactive } from "./strategies/reactive.ts";
export type { CompileRule, DeclaredRule, Rule } from "./strategies/rules.ts";
export { type StrategyDescription, type StrategyTools, strategyCatalogue } from "./strategies/strategy-catalogue.ts";

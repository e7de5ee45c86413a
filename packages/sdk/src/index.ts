/** What an author imports. Loads no schema library and no Node built-in, so it starts fast and runs in a browser. */
export type {
  AgentAnswer,
  AgentDefinition,
  AgentProfile,
  AgentSkill,
  Ask,
  Authorization,
  AuthorizationRequest,
  Change,
  Context,
  Credential,
  Decision,
  DecisionRequest,
  DeclaredTools,
  GuardedTask,
  Guardrail,
  InferOutput,
  ModelMessage,
  ModelResponse,
  ModelToolCall,
  Pass,
  Priority,
  QueryContext,
  QueryInput,
  Refuse,
  RetryPolicy,
  Schema,
  SignalOptions,
  StepContext,
  StepOptions,
  Strategy,
  StrategySpec,
  Target,
  TaskInput,
  Tool,
  ToolContext,
  ToolOutcome,
  ToolUse,
  WorkflowDefinition,
  WorkflowGraph,
} from "@agentcore/contract/authoring";
export {
  CancelledError,
  type ErrorCode,
  type FieldViolation,
  PlatformError,
  RejectedError,
  RetryableError,
  TerminalError,
} from "@agentcore/contract/errors";
export type {
  AgentIntroduction,
  AgentsFound,
  AgentsListed,
  RankedAgent,
  RegistryQuery,
} from "@agentcore/contract/registry-query";
export { type AgentOptions, agent, type SkillOptions } from "./agent.ts";
export { type Client, type ClientOptions, createClient } from "./client/index.ts";
export type { AgentContext } from "./context/agent-context.ts";
export { type BuiltPrompt, buildPrompt, type PromptParts, type PromptWindow } from "./context/build-prompt.ts";
export { type EarlierOptions, earlierMessages } from "./context/earlier-messages.ts";
export { type SummariseOptions, summarise } from "./context/summarise.ts";
export { declaredTools, toolsOf } from "./declared-tools.ts";
export { guardrail } from "./guardrail.ts";
export { type ReportedOptions, reported } from "./report/reported.ts";
export type { Reporter } from "./report/reporter.ts";
export {
  ERROR_TOPIC,
  type ErrorReport,
  LOG_TOPIC,
  type LogEntry,
  type LogLevel,
  type LogReport,
  MEASURE_TOPIC,
  type Measure,
  type MeasureReport,
  type ReportedError,
  type ReportingTask,
} from "./report/reports.ts";
export { type AskForOptions, askFor } from "./strategy/ask-for.ts";
export { type AskOptions, askModel } from "./strategy/ask-model.ts";
export { type ConverseOptions, converse } from "./strategy/converse.ts";
export { inputText, type OpeningOptions, opening } from "./strategy/opening.ts";
export { asData, OUTSIDE_TEXT_RULE } from "./strategy/outside-text.ts";
export { type ReactOptions, react } from "./strategy/react.ts";
export { unfenced } from "./strategy/unfenced.ts";
export { type ToolOptions, tool } from "./tool.ts";
export {
  type OutboundCall,
  type OutboundMessage,
  type OutboundSocket,
  type OutboundSocketCall,
  type OutboundSocketEnd,
  type Reach,
  type ToolLibrary,
  type ToolSurroundings,
  toolLibrary,
} from "./tool-library.ts";
export type { Scope as WorkflowScope } from "./workflow/types.ts";
export { type Path as WorkflowPath, type WorkflowOptions, workflow } from "./workflow/workflow.ts";
export { expression, template, type Written } from "./workflow/written.ts";

/** What an author imports. Loads no schema library and no Node built-in, so it starts fast and runs in a browser. */
export type {
  AgentAnswer,
  AgentDefinition,
  AgentSkill,
  Authorization,
  AuthorizationRequest,
  Context,
  Credential,
  Decision,
  DecisionRequest,
  InferOutput,
  ModelMessage,
  ModelResponse,
  ModelToolCall,
  Priority,
  QueryContext,
  QueryInput,
  RetryPolicy,
  Schema,
  SignalOptions,
  StepContext,
  StepOptions,
  Target,
  TaskInput,
  Tool,
  ToolContext,
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
export { type AgentOptions, agent, type SkillOptions } from "./agent.ts";
export { type Client, type ClientOptions, createClient } from "./client/index.ts";
export { type ToolOptions, tool } from "./tool.ts";
export { type ToolLoopOptions, toolLoop } from "./tool-loop.ts";
export type { Scope as WorkflowScope } from "./workflow/types.ts";
export { type Path as WorkflowPath, type WorkflowOptions, workflow } from "./workflow/workflow.ts";
export { expression, template, type Written } from "./workflow/written.ts";

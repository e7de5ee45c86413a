/** The pure types an agent is written against. No runtime code, so importing them costs nothing. */
export type { StandardSchemaV1 } from "@standard-schema/spec";
export type { A2AMessage, AgentSkill, Artifact, Part } from "../a2a.ts";
export type { Credential } from "../authorization.ts";
export type { Priority } from "../events.ts";
export type { Target } from "../target.ts";
export type { WorkflowGraph, WorkflowNode, WorkflowNodeOf, WorkflowNodeType } from "../workflow.ts";
export type { AgentDefinition, AgentProfile, InferOutput, QueryInput, Schema, TaskInput } from "./agent-definition.ts";
export type {
  AgentAnswer,
  ArtifactInput,
  Authorization,
  AuthorizationRequest,
  CommandOptions,
  Context,
  Decision,
  DecisionRequest,
  DurableEvent,
  EarlierTurn,
  EventOptions,
  ForgetWhich,
  Forgotten,
  InputRequest,
  Log,
  Memory,
  MemoryOptions,
  ModelMessage,
  ModelRequest,
  ModelResponse,
  ModelToolCall,
  ModelUsage,
  NewMemory,
  QueryContext,
  QueryOptions,
  Reasoned,
  Recalled,
  RecallOptions,
  Recollection,
  Remembered,
  RetryPolicy,
  SignalOptions,
  StepContext,
  StepOptions,
} from "./context.ts";
export type { Ask, Change, GuardedTask, Guardrail, Pass, Refuse, ToolOutcome, ToolUse } from "./guardrail.ts";
export type { Strategy, StrategySpec } from "./strategy.ts";
export type { DeclaredTools, Tool, ToolContext } from "./tool.ts";
export type { WorkflowDefinition, WorkflowScope } from "./workflow.ts";

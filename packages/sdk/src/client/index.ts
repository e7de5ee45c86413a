export { type Client, createClient } from "./client.ts";
export type {
  AgentSummary,
  AuthorizationDecision,
  CallOptions,
  ClientOptions,
  EventsOptions,
  ListTasksOptions,
  MessageContent,
  RunOptions,
  RunResult,
  SubmitTask,
  TaskPage,
  TaskSnapshot,
  TaskSummary,
} from "./types.ts";

/** What is asked at a door and what comes of it: the same for every form of OpenAI's API, for models and for agents. */
import type { PlatformError, Priority } from "@agentcore/contract";
import type { ModelRequest, ModelResponse, ModelToolCall, ModelUsage, Reasoned } from "@agentcore/contract/authoring";

/** Names of agents begin with it, others are of models. */
export const AGENT_PREFIX = "agent/";

export interface Question {
  /** `model` is the name of a model, or of an agent behind `agent/`. */
  readonly request: ModelRequest & { readonly model: string };
  readonly priority: Priority;
  /** For agents: the task that the last message goes to, and the conversation that a new one belongs to. */
  readonly task: { readonly taskId?: string | undefined; readonly contextId?: string | undefined };
}

export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly finishReason: ModelResponse["finishReason"];
  /** Absent of an agent: what its models took is counted elsewhere. */
  readonly usage?: ModelUsage | undefined;
  /** Which answered. */
  readonly model: string;
  readonly agentcore: AnswerDetails;
}

/** What OpenAI's API has no word for. */
export interface AnswerDetails {
  /** Of an agent. */
  readonly taskId?: string;
  readonly contextId?: string | undefined;
  readonly state?: string;
  /** Of a model: US dollars, the level of the cache, and why it was chosen. */
  readonly costUsd?: number | undefined;
  readonly cache?: ModelResponse["cache"];
  readonly decision?: Reasoned | undefined;
}

/** Of one request. `now` in seconds since 1970. */
export interface AnswerForm {
  readonly id: string;
  readonly now: number;
}

/** A piece of an answer. The last one is the answer as a whole, or why there is none. */
export type AnswerEvent = { readonly text: string } | { readonly answer: Answer } | { readonly error: PlatformError };

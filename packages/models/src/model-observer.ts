import type { ModelProviderName } from "@agentcore/contract";
import type { ModelRequest, ModelResponse, ModelUsage } from "@agentcore/contract/authoring";
import type { ModelCall } from "@agentcore/core/ports";

/** What is known when a target is asked, or an answer is taken from the cache. */
export interface ObservedCall {
  readonly operation: "chat" | "embeddings";
  readonly call: Pick<ModelCall, "tenantId" | "agent" | "task" | "traceparent">;
  /** As the caller named it. */
  readonly name: string;
  readonly provider: ModelProviderName;
  /** At the provider. */
  readonly model: string;
  /** Undefined where nobody was called. */
  readonly baseUrl?: string | undefined;
  /** Of a chat. */
  readonly request?: ModelRequest | undefined;
  readonly isStreamed: boolean;
}

export interface ObservedOutcome {
  /** Of a chat that was answered. */
  readonly response?: ModelResponse | undefined;
  /** Of vectors, and of a failed call that is billed. @default that of the response */
  readonly usage?: ModelUsage | undefined;
  /** US dollars. @default that of the response */
  readonly costUsd?: number | undefined;
  /** Milliseconds until the first token of a stream. */
  readonly firstTokenMs?: number | undefined;
  /** What was thrown. @default it succeeded */
  readonly error?: unknown;
}

/** Hears of each try to get an answer: one for each target that is asked, or one for an answer of the cache. Never throws. */
export interface ModelObserver {
  /** The call begins now, and ends when what is given back is called, once. */
  begin(call: ObservedCall): (outcome: ObservedOutcome) => void;
}

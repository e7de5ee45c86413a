import type { ModelLimits, ModelPrice, ModelProviderName, ModelSpec } from "@agentcore/contract";
import type { ModelResponse, ModelUsage } from "@agentcore/contract/authoring";

/** One place that can answer: a model at a provider, on a host, with a key. A name leads to one or more of them. */
export interface ModelTarget {
  /** Tells targets of a tenant apart, for breakers, limits and what was measured: `<name>`, with `#<n>` where a name has several. */
  readonly id: string;
  /** What callers and reasons call it: the Model manifest, or `provider/model`. */
  readonly name: string;
  readonly provider: ModelProviderName;
  /** At the provider. */
  readonly model: string;
  /** @default the provider's own */
  readonly baseUrl?: string | undefined;
  /** Names the environment variable that holds the key; without one no key is sent. */
  readonly apiKeyEnv?: string | undefined;
  readonly headers?: Readonly<Record<string, string | { readonly env: string }>> | undefined;
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Whether a manifest says where it is, so that its address is judged; the node's own environment is its operator's. */
  readonly isDeclared: boolean;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly price?: ModelPrice | undefined;
  readonly contextWindow?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly quality?: number | undefined;
  readonly limits?: ModelLimits | undefined;
  /** Which of several hosts. @default none: the less busy of two taken at random */
  readonly prefer?: ModelSpec["prefer"];
}

/** What one call of a target came to. */
export interface TargetAnswer {
  readonly response: ModelResponse;
  /** Milliseconds up to the first token, where it was streamed, and to the end. */
  readonly firstTokenMs?: number | undefined;
  readonly durationMs: number;
  /** Settings of the request that the provider does not take, in its package's words. @default none */
  readonly ignored?: readonly string[] | undefined;
}

/** A failed or aborted call that the provider may bill nevertheless: what is known of that. */
export interface FailedUsage {
  readonly usage: ModelUsage;
}

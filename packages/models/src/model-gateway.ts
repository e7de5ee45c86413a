import type { ModelPrice } from "@agentcore/contract";
import type { ModelUsage } from "@agentcore/contract/authoring";
import type { ModelCache } from "@agentcore/core/caching";
import type { ModelCall, ModelProvider } from "@agentcore/core/ports";

/** All models of a node: what agents ask through their tasks, and doors for others. */
export interface ModelGateway extends ModelProvider {
  /** Vectors of texts, one each, in their order; 1 to 2,048 texts. Limits and budgets hold as for `generate`, whose errors it throws. */
  embed(request: EmbedRequest, call: ModelCall): Promise<Embeddings>;
  /** What calls of the tenant may name: its Model manifests, and names that the node's environment has keys for. */
  list(tenantId: string): Promise<readonly ListedModel[]>;
  /** Whether the model of that name is known to cost nothing, now. False for names that lead nowhere, and where nobody knows a price. */
  isFree(tenantId: string, name: string): Promise<boolean>;
  /** Answers that are given again. */
  readonly cache: Pick<ModelCache, "statistics" | "clear">;
  close(): Promise<void>;
}

export interface EmbedRequest {
  readonly model: string;
  readonly texts: readonly string[];
}

export interface Embeddings {
  readonly vectors: readonly (readonly number[])[];
  readonly usage: ModelUsage;
  /** Which answered, as `provider/model`. */
  readonly model: string;
  readonly costUsd?: number | undefined;
}

export interface ListedModel {
  /** Of the manifest; `provider/…` for all models of a provider of the environment. */
  readonly name: string;
  readonly declaredBy: "manifest" | "environment";
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** Names that it chooses among, and falls back to. */
  readonly candidates?: readonly string[] | undefined;
  readonly fallback?: readonly string[] | undefined;
  readonly price?: ModelPrice | undefined;
  readonly contextWindow?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  /** Why it cannot be asked now, in words; null: nothing is known against it. */
  readonly trouble: string | null;
}

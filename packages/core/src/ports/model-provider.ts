import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";

/** One call of a language model. No retries of its own: those belong to the step that calls (design: one layer each). */
export interface ModelProvider {
  /** Throws MODEL_NOT_CONFIGURED, UPSTREAM_FAILED (retryable when the provider says so, with `retryAfterMs`). */
  generate(
    request: ModelRequest & { readonly model: string },
    options: { readonly tenantId: string; readonly signal: AbortSignal },
  ): Promise<ModelResponse>;
}

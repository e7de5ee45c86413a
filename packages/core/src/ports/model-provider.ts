import type { Priority } from "@agentcore/contract";
import type { ModelRequest, ModelResponse, Reasoned } from "@agentcore/contract/authoring";
import type { BudgetGrant, Settlement } from "./ledger.ts";

/** Who asks a model, and what stands around the call. */
export interface ModelCall {
  readonly tenantId: string;
  /** Unique in the tenant, and the same on every try of one call. At most 512 characters. */
  readonly id: string;
  /** "" when no agent asks. */
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly caller: string;
  /** The task, and the one that the whole run began with. Without one nobody has a log to write, and the call is settled before its answer is given. */
  readonly task?: { readonly id: string; readonly runId: string } | undefined;
  /** Of a call that no task's log settles: the run whose budget it counts in all the same. @default of `task`, else none */
  readonly runId?: string | undefined;
  readonly priority: Priority;
  readonly traceparent?: string | undefined;
  readonly signal: AbortSignal;
  /** Hears text as it comes, if it is to be streamed. An answer that begins anew after a failure says so. */
  readonly onText?: ((text: string, begin: boolean) => void) | undefined;
}

export interface ModelAnswer {
  readonly response: ModelResponse;
  /** Which model was asked, where there was a choice. */
  readonly decision?: Reasoned | undefined;
  /** To be committed with the answer. */
  readonly settlement?: Settlement | undefined;
}

/**
 * Language models. A call asks each model that may answer at most once: to try again is the caller's, which waits durably where it can (design: one layer
 * each). What a failed call cost is settled when it rejects.
 */
export interface ModelProvider {
  /**
   * Throws MODEL_NOT_CONFIGURED, INVALID_ARGUMENT, BUDGET_EXCEEDED, CONFIG_INVALID, NOT_INSTALLED, and UPSTREAM_FAILED or OVERLOADED, retryable when trying
   * again may help, with `retryAfterMs` when it is known when.
   */
  generate(request: ModelRequest & { readonly model: string }, call: ModelCall): Promise<ModelAnswer>;
  /** Settlements of answers are committed: what was held and not spent is free for calls that wait. @default nobody waits */
  settled?(tenantId: string, settlements: readonly Settlement[]): void;
  /** Adds to the limits of a budget what people have granted, where too little is left for the call that they were asked for; once for each `id`. */
  grant(tenantId: string, grant: BudgetGrant, id: string): Promise<void>;
}

import type { ModelRequest } from "@agentcore/contract/authoring";
import type { RequestKeys } from "./request-keys.ts";
import type { SemanticSettings } from "./semantic-level.ts";

export interface CacheSettings {
  /** How long an answer is kept. @default 3600000 */
  readonly ttlMs?: number | undefined;
  /** @default none: the semantic level is off */
  readonly semantic?: SemanticSettings | undefined;
}

export interface CacheQuestion {
  readonly tenantId: string;
  /** As `Asked.model`: what answers, however the request calls it. */
  readonly model: string;
  readonly request: ModelRequest;
  readonly settings: CacheSettings;
  readonly signal: AbortSignal;
}

/** A question on its way through the levels. */
export interface Ask {
  readonly question: CacheQuestion;
  readonly tenantId: string;
  readonly keys: RequestKeys;
  /** Of the tenant's clearings, when it came. */
  readonly epoch: number;
}

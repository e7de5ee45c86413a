import type { AgentRecord, Replica } from "../registry/index.ts";

/** What the router may know of a breaker; asking changes nothing. */
export interface BreakerView {
  /** True when a call would be let through now; `now` is monotonic. */
  wouldPass(now: number): boolean;
  /** Milliseconds until a probe is let through; 0 when calls pass. */
  retryAfterMs(now: number): number;
}

export interface Candidate {
  readonly record: AgentRecord;
  /** 0 to 1 or any scale of a search: scores divide by the largest. 1 for exact name, capability and labels. */
  readonly similarity: number;
  readonly breaker?: BreakerView | undefined;
  /** How a search found it, to go after its name. */
  readonly why?: string | undefined;
}

export interface ScoreWeights {
  readonly similarity: number;
  readonly latency: number;
  readonly cost: number;
  readonly quality: number;
}

export const DEFAULT_WEIGHTS: ScoreWeights = { similarity: 0.4, latency: 0.3, cost: 0.2, quality: 0.1 };

/** What a caller asks of whoever answers; everything optional. */
export interface RouteConstraints {
  readonly maxLatencyMs?: number | undefined;
  /** US dollars. */
  readonly maxCost?: number | undefined;
  /** Labels the agent must carry, for example `{ region: "eu" }` for data residency. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Names of agents that were tried for this work before. */
  readonly exclude?: readonly string[] | undefined;
}

/** Everything a decision depends on: the same facts give the same decision. */
export interface RouteFacts {
  readonly tenantId: string;
  /** The target's wire spelling, for reasons and errors. */
  readonly target: string;
  readonly candidates: readonly Candidate[];
  /** How they were searched for, a sentence each, for reasons. */
  readonly how?: readonly string[] | undefined;
  /** The agent that asks, where it must not be its own answer. */
  readonly asking?: string | undefined;
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly heartbeatTimeoutMs: number;
  /** 0 ≤ random < 1; picks the replicas that are compared. */
  readonly random: number;
  readonly weights?: ScoreWeights | undefined;
  readonly constraints?: RouteConstraints | undefined;
  /** Work with one key goes to one replica as long as it lives. */
  readonly stickyKey?: string | undefined;
  /** Durable work may wait: when only health or breakers stand in the way, the agent is chosen nevertheless. */
  readonly durable?: boolean | undefined;
  /** Agents that failed this call already. */
  readonly exclude?: ReadonlySet<AgentRecord> | undefined;
  /** Why the caller may not use the agent; undefined when it may. */
  readonly refuse?: ((record: AgentRecord) => string | undefined) | undefined;
}

export type FilterReason = "tenant" | "excluded" | "permission" | "constraint" | "health" | "breaker";

export interface FilteredOut {
  readonly agent: string;
  readonly why: FilterReason;
  readonly detail: string;
  /** With `breaker`: milliseconds until a probe is let through. */
  readonly retryAfterMs?: number | undefined;
}

export interface CandidateScore {
  readonly agent: string;
  /** 0 to 1 with the default weights; higher is better. */
  readonly score: number;
  readonly similarity: number;
  readonly latencyMs: number;
  readonly cost: number;
  readonly quality: number;
  /** As of its candidate. */
  readonly why?: string | undefined;
}

export interface RouteChoice {
  readonly record: AgentRecord;
  /** Undefined only for durable work that waits for a replica. */
  readonly replica: Replica | undefined;
}

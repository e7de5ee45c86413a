import { type AgentRecord, isLive } from "../registry/index.ts";
import type { Candidate, FilteredOut, RouteConstraints, RouteFacts } from "./routing-facts.ts";
import { costOf, latencyOf } from "./score-candidates.ts";

export interface FilterResult {
  readonly kept: readonly Candidate[];
  readonly out: readonly FilteredOut[];
}

const NOBODY: readonly FilteredOut[] = [];

/** Splits the candidates into those that may get the call now and those that may not, each with its reason. */
export const filterCandidates = (facts: RouteFacts): FilterResult => {
  const { candidates } = facts;
  let out: FilteredOut[] | undefined;
  let kept: Candidate[] | undefined;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Candidate;
    const refused = refusal(candidate, facts);
    if (refused === undefined) {
      kept?.push(candidate);
      continue;
    }
    // Copies only once somebody is filtered out: the usual answer is "all of them".
    kept ??= candidates.slice(0, i);
    (out ??= []).push(refused);
  }
  return { kept: kept ?? candidates, out: out ?? NOBODY };
};

/** Of `RouteFacts`: what holds of an agent however it is at the moment. */
export type RouteRules = Pick<RouteFacts, "tenantId" | "constraints" | "asking" | "exclude" | "refuse">;

/** Why the agent may not have the call, well or ill. */
export const ruledOut = (record: AgentRecord, facts: RouteRules): FilteredOut | undefined => {
  // Look-ups are per tenant already; this is the second lock on the same door (I7). It names no foreign agent.
  if (record.tenantId !== facts.tenantId)
    return { agent: "(of another tenant)", why: "tenant", detail: "belongs to another tenant" };
  if (facts.exclude?.has(record) === true)
    return { agent: record.name, why: "excluded", detail: "has failed this call already" };
  if (facts.asking === record.name) return { agent: record.name, why: "excluded", detail: "is the one that asks" };
  const forbidden = facts.refuse?.(record);
  if (forbidden !== undefined) return { agent: record.name, why: "permission", detail: forbidden };
  if (facts.constraints !== undefined) {
    const detail = unmet(record, facts.constraints);
    if (detail !== undefined) return { agent: record.name, why: "constraint", detail };
  }
  return undefined;
};

const refusal = ({ record, breaker }: Candidate, facts: RouteFacts): FilteredOut | undefined => {
  const barred = ruledOut(record, facts);
  if (barred !== undefined) return barred;
  if (!hasLiveReplica(record, facts)) {
    const detail =
      record.replicas.length === 0
        ? "has no replica"
        : `none of its ${record.replicas.length} replicas is healthy and was heard within ${facts.heartbeatTimeoutMs} ms`;
    return { agent: record.name, why: "health", detail };
  }
  if (breaker !== undefined && !breaker.wouldPass(facts.now)) {
    const retryAfterMs = Math.ceil(breaker.retryAfterMs(facts.now));
    return {
      agent: record.name,
      why: "breaker",
      detail: `its circuit breaker is open for another ${retryAfterMs} ms`,
      retryAfterMs,
    };
  }
  return undefined;
};

const hasLiveReplica = (record: AgentRecord, facts: RouteFacts): boolean => {
  for (const replica of record.replicas) if (isLive(replica, facts.now, facts.heartbeatTimeoutMs)) return true;
  return false;
};

const unmet = (record: AgentRecord, constraints: RouteConstraints): string | undefined => {
  const { maxLatencyMs, maxCost, labels, exclude } = constraints;
  if (exclude?.includes(record.name) === true) return "was tried for this work before";
  const latency = latencyOf(record);
  if (maxLatencyMs !== undefined && latency > maxLatencyMs)
    return `answers in ${latency.toFixed(0)} ms, above ${maxLatencyMs} ms`;
  if (maxCost !== undefined && costOf(record) > maxCost) return `costs $${costOf(record)}, above $${maxCost}`;
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (record.labels[key] !== value) return `lacks the label ${key}=${value}`;
  }
  return undefined;
};

import { filterCandidates } from "./filter-candidates.ts";
import { pickReplica } from "./pick-replica.ts";
import { RoutingDecision } from "./routing-decision.ts";
import type { Candidate, CandidateScore, FilteredOut, RouteFacts } from "./routing-facts.ts";
import { scoreCandidates } from "./score-candidates.ts";

const NO_SCORES: readonly CandidateScore[] = [];

/** Filter, score, pick: pure, so the same facts give the same decision. `choice` is undefined when nobody is left. */
export const route = (facts: RouteFacts): RoutingDecision => {
  const { kept, out } = filterCandidates(facts);
  if (kept.length > 0) return choose(kept, out, facts, false);
  if (facts.durable === true) {
    const waiting = new Set(out.filter(({ why }) => why === "health" || why === "breaker").map(({ agent }) => agent));
    const able = facts.candidates.filter(
      ({ record }) => record.tenantId === facts.tenantId && waiting.has(record.name),
    );
    if (able.length > 0) return choose(able, out, facts, true);
  }
  return new RoutingDecision(facts.target, undefined, NO_SCORES, out, false, facts.how);
};

const choose = (
  candidates: readonly Candidate[],
  out: readonly FilteredOut[],
  facts: RouteFacts,
  waits: boolean,
): RoutingDecision => {
  const sole = candidates[0] as Candidate;
  const scored = candidates.length === 1 ? NO_SCORES : scoreCandidates(candidates, facts.weights);
  const index = bestOf(candidates, scored);
  const { record } = candidates[index] ?? sole;
  const choice = { record, replica: pickReplica(record.replicas, facts) };
  // The chosen one leads even among equals, so that `scores[0]` is always the choice.
  const chosen = scored[index];
  const sorted =
    chosen === undefined ? scored : [chosen, ...scored.toSpliced(index, 1).sort((a, b) => b.score - a.score)];
  return new RoutingDecision(facts.target, choice, sorted, out, waits, foundBy(facts, candidates[index]));
};

const foundBy = ({ how }: RouteFacts, chosen: Candidate | undefined): readonly string[] | undefined =>
  how === undefined || chosen?.why === undefined ? how : [...how, `${chosen.record.name}: ${chosen.why}`];

// Equal scores go to the less loaded, then by name: all being unknown must not mean that the first gets everything.
const bestOf = (candidates: readonly Candidate[], scores: readonly CandidateScore[]): number => {
  let best = 0;
  for (let i = 1; i < scores.length; i++) {
    const difference = (scores[i]?.score ?? 0) - (scores[best]?.score ?? 0);
    if (difference > 0 || (difference === 0 && comesBefore(candidates[i], candidates[best]))) best = i;
  }
  return best;
};

const comesBefore = (a: Candidate | undefined, b: Candidate | undefined): boolean => {
  if (a === undefined || b === undefined) return false;
  const difference = loadOf(a) - loadOf(b);
  return difference < 0 || (difference === 0 && a.record.name < b.record.name);
};

const loadOf = ({ record }: Candidate): number => record.replicas.reduce((sum, replica) => sum + replica.inflight, 0);

/** Who of those that match can do what was asked, in which order: a pure function of what the searches gave. */
import type { Candidate } from "../routing/index.ts";
import type { NearText } from "./agent-vectors.ts";
import type { Finding, NearAgent } from "./finding.ts";
import type { Match, TenantIndex } from "./tenant-index.ts";
import type { Word } from "./words-of.ts";

export interface MatchFacts {
  readonly asked: readonly Word[];
  readonly index: Pick<TenantIndex, "search" | "why">;
  /** By a model; null: none was asked. */
  readonly near: { readonly texts: readonly NearText[]; readonly model: string } | null;
  /** Of what a model finds by meaning alone. */
  readonly minSimilarity: number;
  readonly how: string;
  readonly isPartial: boolean;
}

export const MAX_CANDIDATES = 50;
const MAX_NEAREST = 5;
const MAX_LOOKED_AT = 20;
/** The share of what is asked for, by weight, that an agent must say in the same words; and how many of them, unless only one is asked for. */
const SUFFICIENT = 0.4;
const SUFFICIENT_WORDS = 2;
/** What words count beside a model's similarity in the order: on the half of the requests that this was tuned on, half did better than none and all. */
const WORDS_BESIDE_MODEL = 0.5;
/** Who is that much worse than the best does something else: cheap and quick is no reason to give it the work. */
const ALIKE = 0.85;

interface Judged extends Match {
  /** By the model, and as it counts in the routing score. */
  readonly near: number;
  readonly similarity: number;
  /** What it comes first by: words and the model together, since either knows what the other does not. */
  readonly merit: number;
}

export const judgeMatches = ({ asked, index, near, minSimilarity, how, isPartial }: MatchFacts): Finding => {
  const bySimilarity = new Map((near?.texts ?? []).map(({ name, similarity }) => [name, similarity]));
  const judged = index
    .search(asked, bySimilarity)
    .map((match): Judged => {
      const similarity = bySimilarity.get(match.agent.record.name) ?? 0;
      const merit = near === null ? match.meaning : similarity + WORDS_BESIDE_MODEL * match.meaning;
      return { ...match, near: similarity, similarity: Math.max(match.meaning, similarity), merit };
    })
    .sort(byMerit);
  // When the one that comes first falls short, the words that another says are beside the point.
  const isMet = judged[0] !== undefined && says(judged[0], asked);
  const able = judged.filter((match) => match.near >= minSimilarity || (isMet && says(match, asked)));
  const best = able[0];
  const why = (match: Judged): string =>
    [...(near === null ? [] : [`similarity ${match.near.toFixed(2)} by ${near.model}`]), index.why(asked, match)]
      .filter((part) => part !== "")
      .join("; ");
  if (best === undefined)
    return {
      candidates: [],
      how: [how],
      nearest: nearest(judged, why),
      isPartial,
    };
  const candidates = able
    .filter(({ similarity }) => similarity >= ALIKE * best.similarity)
    .slice(0, MAX_CANDIDATES)
    .map((match): Candidate => ({ record: match.agent.record, similarity: match.similarity, why: why(match) }));
  return { candidates, how: [how], nearest: [], isPartial };
};

/** By equal words alone: how alike words are that are not equal is good for an order, and too rough to rest on. */
const says = ({ covered, said, titles }: Match, asked: readonly Word[]): boolean =>
  covered >= SUFFICIENT && said >= Math.min(SUFFICIENT_WORDS, distinct(asked)) && (said > 1 || titles > 0);

const distinct = (asked: readonly Word[]): number => new Set(asked.map(({ stem }) => stem)).size;

const nearest = (judged: readonly Judged[], why: (match: Judged) => string): readonly NearAgent[] => {
  const named: NearAgent[] = [];
  for (const match of judged.slice(0, MAX_LOOKED_AT)) {
    const reason = why(match);
    if (reason !== "") named.push({ agent: match.agent.record.name, why: reason });
    if (named.length === MAX_NEAREST) break;
  }
  return named;
};

const byMerit = (a: Judged, b: Judged): number =>
  b.merit - a.merit || b.words - a.words || (a.agent.record.name < b.agent.record.name ? -1 : 1);

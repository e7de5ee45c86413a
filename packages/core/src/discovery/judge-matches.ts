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

export interface RankedMatch extends Match {
  /** By the model, and as it counts in the routing score. */
  readonly near: number;
  readonly similarity: number;
  /** What it comes first by: words and the model together, since either knows what the other does not. */
  readonly merit: number;
}

/** All that have anything to do with what was asked, nearest first; with a model that is everybody. */
export interface Ranking {
  readonly asked: readonly Word[];
  readonly matches: readonly RankedMatch[];
  /** What it has in common with what was asked; "" where that cannot be told in words. */
  readonly why: (match: RankedMatch) => string;
}

export const rankMatches = ({ asked, index, near }: MatchFacts): Ranking => {
  const bySimilarity = new Map((near?.texts ?? []).map(({ name, similarity }) => [name, similarity]));
  const matches = index
    .search(asked, bySimilarity)
    .map((match): RankedMatch => {
      const similarity = bySimilarity.get(match.agent.record.name) ?? 0;
      const merit = near === null ? match.meaning : similarity + WORDS_BESIDE_MODEL * match.meaning;
      return { ...match, near: similarity, similarity: Math.max(match.meaning, similarity), merit };
    })
    .sort(byMerit);
  const why = (match: RankedMatch): string =>
    [...(near === null ? [] : [`similarity ${match.near.toFixed(2)} by ${near.model}`]), index.why(asked, match)]
      .filter((part) => part !== "")
      .join("; ");
  return { asked, matches, why };
};

export interface Judging {
  /** Of what a model finds by meaning alone. */
  readonly minSimilarity: number;
  readonly how: string;
  readonly isPartial: boolean;
}

export const judgeMatches = ({ asked, matches, why }: Ranking, { minSimilarity, how, isPartial }: Judging): Finding => {
  // When the one that comes first falls short, the words that another says are beside the point.
  const isMet = matches[0] !== undefined && says(matches[0], asked);
  const able = matches.filter((match) => match.near >= minSimilarity || (isMet && says(match, asked)));
  const best = able[0];
  if (best === undefined) return { candidates: [], how: [how], nearest: nearest(matches, why), isPartial };
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

const nearest = (matches: readonly RankedMatch[], why: (match: RankedMatch) => string): readonly NearAgent[] => {
  const named: NearAgent[] = [];
  for (const match of matches.slice(0, MAX_LOOKED_AT)) {
    const reason = why(match);
    if (reason !== "") named.push({ agent: match.agent.record.name, why: reason });
    if (named.length === MAX_NEAREST) break;
  }
  return named;
};

const byMerit = (a: RankedMatch, b: RankedMatch): number =>
  b.merit - a.merit || b.words - a.words || (a.agent.record.name < b.agent.record.name ? -1 : 1);

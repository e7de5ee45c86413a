/**
 * The words of a tenant's agents: which agent says which, and which words mean alike. Kept as agents come and go; nothing here is asynchronous.
 * An agent's place is a number, so that a search adds up into arrays.
 */
import type { WordVectors } from "../ports/index.ts";
import type { AgentWord } from "./agent-words.ts";
import type { Word } from "./words-of.ts";

interface Term {
  readonly text: string;
  /** By place. */
  readonly counts: Map<number, AgentWord>;
  readonly vector: Float32Array | undefined;
}

export interface WordMatch {
  readonly place: number;
  /** Okapi's BM25 over the words that both say. */
  readonly words: number;
  /** 0 to 1: how much of what is asked for is met, by the same word or one that means alike. */
  readonly meaning: number;
  /** 0 to 1: the same by equal words alone. */
  readonly covered: number;
  /** How many of the words asked for it says. */
  readonly said: number;
  /** How many of these stand in its name, a skill or a tag. */
  readonly titles: number;
}

// As usual for BM25 over short texts.
const K1 = 1.2;
const B = 0.5;
const MAX_SAID = 6;
// Among few agents each word is usual; as if there were others who do not say it.
const FEWEST_AGENTS = 100;
// Below it two words have nothing to do with each other: most pairs lie there.
const LEAST_COSINE = 0.2;
// From there on people see why, mostly.
const PLAIN_LIKENESS = 0.4;

export class WordIndex {
  readonly #vectors: WordVectors | null;
  readonly #terms = new Map<string, Term>();
  /** By place: how many words an agent says. 0: nobody's. */
  readonly #lengths: number[] = [];
  readonly #free: number[] = [];
  #agents = 0;
  #total = 0;

  constructor(vectors: WordVectors | null) {
    this.#vectors = vectors;
  }

  get size(): number {
    return this.#agents;
  }

  /** Returns the agent's place. */
  add(words: ReadonlyMap<string, AgentWord>): number {
    const place = this.#free.pop() ?? this.#lengths.length;
    let length = 0;
    for (const word of words.values()) {
      const { stem, text, count } = word;
      let term = this.#terms.get(stem);
      if (term === undefined)
        this.#terms.set(stem, (term = { text, counts: new Map(), vector: this.#vectors?.vectorOf(text) }));
      term.counts.set(place, word);
      length += count;
    }
    this.#lengths[place] = length;
    this.#total += length;
    this.#agents += 1;
    return place;
  }

  remove(place: number, words: ReadonlyMap<string, AgentWord>): void {
    for (const stem of words.keys()) {
      const term = this.#terms.get(stem);
      term?.counts.delete(place);
      if (term?.counts.size === 0) this.#terms.delete(stem);
    }
    this.#total -= this.#lengths[place] ?? 0;
    this.#lengths[place] = 0;
    this.#free.push(place);
    this.#agents -= 1;
  }

  search(asked: readonly Word[]): WordMatch[] {
    const places = this.#lengths.length;
    const words = new Float64Array(places);
    const meaning = new Float64Array(places);
    const covered = new Float64Array(places);
    const said = new Uint16Array(places);
    const titles = new Uint16Array(places);
    const near = new Float64Array(places);
    const average = this.#total / Math.max(this.#agents, 1);
    const agents = Math.max(this.#agents, FEWEST_AGENTS);
    let all = 0;
    for (const word of new Map(asked.map((one) => [one.stem, one])).values()) {
      const own = this.#terms.get(word.stem);
      const users = own?.counts.size ?? 0;
      const rarity = Math.log(1 + (agents - users + 0.5) / (users + 0.5));
      const weight = rarity * (this.#vectors?.weightOf(word.text) ?? 1);
      all += weight;
      near.fill(0);
      const vector = this.#vectors?.vectorOf(word.text);
      if (vector !== undefined)
        for (const term of this.#terms.values()) {
          if (term.vector === undefined || term === own) continue;
          const likeness = likenessOf(dot(vector, term.vector));
          if (!(likeness > 0)) continue;
          for (const place of term.counts.keys()) if (likeness > (near[place] ?? 0)) near[place] = likeness;
        }
      if (own !== undefined)
        for (const [place, { count, isTitle }] of own.counts) {
          const length = 1 - B + (B * (this.#lengths[place] ?? 0)) / average;
          words[place] = (words[place] ?? 0) + (rarity * count * (K1 + 1)) / (count + K1 * length);
          covered[place] = (covered[place] ?? 0) + weight;
          said[place] = (said[place] ?? 0) + 1;
          if (isTitle) titles[place] = (titles[place] ?? 0) + 1;
          near[place] = 1;
        }
      for (let place = 0; place < places; place += 1)
        meaning[place] = (meaning[place] ?? 0) + weight * (near[place] ?? 0);
    }
    const found: WordMatch[] = [];
    for (let place = 0; place < places; place += 1) {
      if ((this.#lengths[place] ?? 0) === 0 || (meaning[place] ?? 0) === 0) continue;
      found.push({
        place,
        words: words[place] ?? 0,
        meaning: (meaning[place] ?? 0) / all,
        covered: (covered[place] ?? 0) / all,
        said: said[place] ?? 0,
        titles: titles[place] ?? 0,
      });
    }
    return found;
  }

  /** What an agent of these words has in common with what was asked, for people. */
  why(asked: readonly Word[], words: ReadonlyMap<string, AgentWord>): string {
    const same: string[] = [];
    const alike: string[] = [];
    for (const word of new Map(asked.map((one) => [one.stem, one])).values()) {
      if (words.has(word.stem)) same.push(word.text);
      else {
        const vector = this.#vectors?.vectorOf(word.text);
        let best: { readonly text: string; readonly likeness: number } | null = null;
        for (const stem of vector === undefined ? [] : words.keys()) {
          const term = this.#terms.get(stem);
          const likeness = term?.vector === undefined ? 0 : likenessOf(dot(vector as Float32Array, term.vector));
          if (term !== undefined && likeness > (best?.likeness ?? PLAIN_LIKENESS)) best = { text: term.text, likeness };
        }
        if (best !== null) alike.push(`${word.text} like ${best.text}`);
      }
    }
    return [
      ...(same.length === 0 ? [] : [`says ${same.slice(0, MAX_SAID).join(", ")}`]),
      ...(alike.length === 0 ? [] : [`means ${alike.slice(0, MAX_SAID).join(", ")}`]),
    ].join("; ");
  }
}

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] as number) * (b[at] as number);
  return sum;
};

const likenessOf = (cosine: number): number => Math.max(0, (cosine - LEAST_COSINE) / (1 - LEAST_COSINE));

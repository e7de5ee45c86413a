/** Which texts have these words, by BM25 (Robertson and Zaragoza 2009, with k1 1.2 and b 0.75). Keeps words and no texts. */
import { NearestList } from "../storage/nearest-list.ts";
import { wordsOf } from "./words.ts";

const K1 = 1.2;
const B = 0.75;
/** Of a query: the rarest. */
const MAX_QUERY_WORDS = 64;
// A posting is one number: the text's place, and in the last bits how often it has the word.
const COUNT_BITS = 64;
// About, by what V8 takes for an element of an array of numbers, with room to grow.
const BYTES_PER_POSTING = 12;
const BYTES_PER_WORD = 120;
const NO_METADATA = {};

export interface WordHit {
  readonly id: string;
  readonly score: number;
}

export class TextIndex {
  private readonly places = new Map<string, number>();
  /** By place; null: it is gone. */
  private ids: (string | null)[] = [];
  private lengths: number[] = [];
  private readonly postings = new Map<string, number[]>();
  private totalLength = 0;
  private postingCount = 0;

  get size(): number {
    return this.places.size;
  }

  /** About what it holds. */
  get bytes(): number {
    return this.postingCount * BYTES_PER_POSTING + this.postings.size * BYTES_PER_WORD;
  }

  set(id: string, text: string): void {
    this.delete(id);
    const counts = new Map<string, number>();
    const words = wordsOf(text);
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const place = this.ids.length;
    this.places.set(id, place);
    this.ids.push(id);
    this.lengths.push(words.length);
    this.totalLength += words.length;
    for (const [word, count] of counts) {
      const posting = place * COUNT_BITS + Math.min(count, COUNT_BITS - 1);
      const known = this.postings.get(word);
      if (known === undefined) this.postings.set(word, [posting]);
      else known.push(posting);
    }
    this.postingCount += counts.size;
  }

  delete(id: string): boolean {
    const place = this.places.get(id);
    if (place === undefined) return false;
    this.places.delete(id);
    this.ids[place] = null;
    this.totalLength -= this.lengths[place] ?? 0;
    // What is gone stands in the postings until it is a quarter of them.
    if (this.ids.length > 64 && this.places.size < this.ids.length * 0.75) this.compact();
    return true;
  }

  /** Best first, equals by id; those that `accepts` refuses are passed over. */
  search(query: string, limit: number, accepts: (id: string) => boolean): readonly WordHit[] {
    // By place: a Map would cost more than all the rest for words that most texts have.
    const scores = new Float64Array(this.ids.length);
    const touched: number[] = [];
    const average = this.totalLength / Math.max(1, this.size);
    for (const list of this.listsOf(query)) {
      const rarity = Math.log(1 + (this.size - Math.min(this.size, list.length) + 0.5) / (list.length + 0.5));
      for (const posting of list) {
        const place = Math.floor(posting / COUNT_BITS);
        const count = posting % COUNT_BITS;
        const share = 1 - B + (B * (this.lengths[place] ?? 0)) / average;
        const before = scores[place] ?? 0;
        if (before === 0) touched.push(place);
        scores[place] = before + (rarity * count * (K1 + 1)) / (count + K1 * share);
      }
    }
    const best = new NearestList(limit);
    let { worst } = best;
    for (const place of touched) {
      const id = this.ids[place];
      const score = scores[place] ?? 0;
      if (id == null || score < worst || !accepts(id)) continue;
      best.offer(score, { id, metadata: NO_METADATA });
      worst = best.worst;
    }
    return best.sorted().map(({ id, similarity }) => ({ id, score: similarity }));
  }

  private listsOf(query: string): readonly (readonly number[])[] {
    return [...new Set(wordsOf(query))]
      .flatMap((word) => {
        const list = this.postings.get(word);
        return list === undefined ? [] : [list];
      })
      .sort((left, right) => left.length - right.length)
      .slice(0, MAX_QUERY_WORDS);
  }

  private compact(): void {
    const moved: number[] = [];
    const ids: (string | null)[] = [];
    const lengths: number[] = [];
    for (const [place, id] of this.ids.entries()) {
      if (id === null) continue;
      moved[place] = ids.length;
      this.places.set(id, ids.length);
      ids.push(id);
      lengths.push(this.lengths[place] ?? 0);
    }
    this.postingCount = 0;
    for (const [word, list] of this.postings) {
      const kept = list.flatMap((posting) => {
        const to = moved[Math.floor(posting / COUNT_BITS)];
        return to === undefined ? [] : [to * COUNT_BITS + (posting % COUNT_BITS)];
      });
      if (kept.length === 0) this.postings.delete(word);
      else this.postings.set(word, kept);
      this.postingCount += kept.length;
    }
    this.ids = ids;
    this.lengths = lengths;
  }
}

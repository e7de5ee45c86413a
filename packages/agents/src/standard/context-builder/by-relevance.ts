/** Texts in the order of how much they have to do with a question, by its words (BM25: Robertson and Zaragoza, 2009). Those alike stay in their order. Pure. */
import { singular } from "../singular.ts";

const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;
// Of a text: what stands further behind is not looked at.
const MAX_CHARACTERS = 100_000;

export const byRelevance = <Item>(
  items: readonly Item[],
  textOf: (item: Item) => string,
  question: string,
): readonly Item[] => {
  const asked = new Set(wordsIn(question));
  const texts = items.map((item) => {
    const counts = new Map<string, number>();
    const words = wordsIn(textOf(item).slice(0, MAX_CHARACTERS));
    for (const word of words) if (asked.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return { item, counts, length: words.length };
  });
  const mean = texts.reduce((sum, { length }) => sum + length, 0) / Math.max(1, texts.length);
  const weight = new Map(
    [...asked].map((word) => {
      const having = texts.filter(({ counts }) => counts.has(word)).length;
      return [word, Math.log(1 + (texts.length - having + 0.5) / (having + 0.5))] as const;
    }),
  );
  return texts
    .map(({ item, counts, length }) => {
      let score = 0;
      for (const [word, count] of counts) {
        const norm = count + SATURATION * (1 - LENGTH_SHARE + (LENGTH_SHARE * length) / Math.max(1, mean));
        score += ((weight.get(word) ?? 0) * count * (SATURATION + 1)) / norm;
      }
      return { item, score };
    })
    .toSorted((one, other) => other.score - one.score)
    .map(({ item }) => item);
};

const wordsIn = (text: string): readonly string[] => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(singular);

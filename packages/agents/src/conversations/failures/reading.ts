/** A turn as the detectors read it: words of any language, without knowing which. */
import type { Turn } from "../turn.ts";

export interface Reading {
  readonly speaker: string;
  readonly to?: string;
  readonly text: string;
  /** Place in the exchange, from 0. */
  readonly place: number;
  /** Lower-case words cut to their stem, and numbers, in order; of a text without spaces, pairs of characters. */
  readonly words: readonly string[];
  /** `words`, without numbers and what says little by itself. */
  readonly content: ReadonlySet<string>;
  /** Equal for two texts that differ in case, punctuation and spaces only. */
  readonly key: string;
  /** Too long to be read word by word: only what is equal to the letter is the same. */
  readonly isLong: boolean;
}

// What is read again after each turn must stay small. Some 700 words; more is a document.
const MAX_READ_CHARACTERS = 4_000;
// Endings are cut off instead of being known: "export", "exports" and "exported" are one, in most languages that have endings.
const STEM = 6;
// In letters that stand alone for a word, two make one; others are articles and the like in most languages.
const LEAST_CONTENT = 4;

const PARTS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Hangul}ー]+|[\p{L}\p{M}'’]+|\p{N}+(?:[.,:/-]\p{N}+)*/gu;
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Hangul}ー]/u;
const NUMBER = /^\p{N}/u;
const PLURAL = /(?<=[^s])s$/;

const stemOf = (word: string): string =>
  (word.length >= LEAST_CONTENT ? word.replace(PLURAL, "") : word).slice(0, STEM);

/** English words of four letters and more that link any two texts. Of other languages they count, which makes texts look nearer, not farther. */
const COMMON = new Set(
  (
    "about after again also another because been before being between both cannot come comes could does done down each else even every first from give going " +
    "have here into just know like made make many more most much must need next nothing once only other over please same shall should since some something " +
    "still such take than that their them then there these they thing things this those through under until upon very want well were what when where which " +
    "while will with without would your yours yes back good right think tell ours says said look sure okay last left"
  )
    .split(" ")
    .map(stemOf),
);

export const isNumber = (word: string): boolean => NUMBER.test(word);

/** All of a text, or its first 4,000 characters. */
export const wordsOf = (text: string): readonly string[] => {
  const words: string[] = [];
  for (const [part] of text.slice(0, MAX_READ_CHARACTERS).normalize("NFKC").toLowerCase().matchAll(PARTS)) {
    if (!UNSPACED.test(part)) words.push(NUMBER.test(part) ? part : stemOf(part));
    else if (part.length === 1) words.push(part);
    else for (let place = 0; place < part.length - 1; place++) words.push(part.slice(place, place + 2));
  }
  return words;
};

export const contentOf = (words: readonly string[]): ReadonlySet<string> =>
  new Set(
    words.filter(
      (word) => !NUMBER.test(word) && (word.length >= LEAST_CONTENT || UNSPACED.test(word)) && !COMMON.has(word),
    ),
  );

export const readTurn = (turn: Turn, place: number): Reading => {
  const { speaker, to, text } = turn;
  const isLong = text.length > MAX_READ_CHARACTERS;
  const words = wordsOf(text);
  return {
    ...{ speaker, text, place, words, content: contentOf(words), isLong },
    ...(to === undefined ? {} : { to }),
    key: isLong ? text : words.join(" "),
  };
};

/** From 0, nothing in common, to 1, the same words. */
export const likeness = (one: Iterable<string>, other: Iterable<string>): number => {
  const left = new Set(one);
  const right = new Set(other);
  if (left.size === 0 || right.size === 0) return 0;
  let shared = 0;
  for (const word of left) if (right.has(word)) shared += 1;
  return shared / (left.size + right.size - shared);
};

/** How much of the one is in the other, from 0 to 1. */
export const shareIn = (part: Iterable<string>, whole: ReadonlySet<string>): number => {
  const words = new Set(part);
  if (words.size === 0) return 0;
  let found = 0;
  for (const word of words) if (whole.has(word)) found += 1;
  return found / words.size;
};

export const sharesWord = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean => {
  for (const word of one) if (other.has(word)) return true;
  return false;
};

/** The same, in other punctuation or with a word more or less, and the same numbers. */
export const isNearlySame = (one: Reading, other: Reading, least = 0.85): boolean => {
  if (one.key === other.key) return true;
  if (one.isLong || other.isLong) return false;
  const numbers = (reading: Reading): string => reading.words.filter(isNumber).join(" ");
  return numbers(one) === numbers(other) && likeness(one.words, other.words) >= least;
};

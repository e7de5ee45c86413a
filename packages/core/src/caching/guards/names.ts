import { isTimeWord } from "./times.ts";
import { isUnit } from "./units.ts";
import { isFunctionWord, type Word } from "./words.ts";

const SAME: Readonly<Record<string, string>> = { dr: "doctor", prof: "professor", st: "saint", mt: "mount" };

const plainName = ({ lower }: Word): string => SAME[lower] ?? lower;

const isIdentifier = ({ raw }: Word): boolean =>
  (/\p{L}/u.test(raw) && /\p{N}/u.test(raw)) || /\p{Ll}\p{Lu}/u.test(raw) || /[_@]|\p{L}\.\p{L}/u.test(raw);

/** What stands for one thing or person: words with a capital letter, quotations, identifiers. */
const isName = (word: Word): boolean => {
  if (isIdentifier(word) || word.isQuoted) return true;
  if (!/^\p{Lu}/u.test(word.raw) || word.raw === "I" || isTimeWord(word) || isUnit(word)) return false;
  if (/^\p{Lu}{2,}$/u.test(word.raw)) return true;
  return !word.isFirst && !isFunctionWord(word);
};

/** A name that the other text has too, perhaps without its capital, or as an adjective (`Vietnam`, `Vietnamese`). */
const isSameName = (name: string, other: Word): boolean => {
  const candidate = plainName(other);
  if (candidate === name || other.stem === name || candidate.replace(/s$/, "") === name.replace(/s$/, "")) return true;
  const [short, long] = name.length < candidate.length ? [name, candidate] : [candidate, name];
  return (
    short.length >= 5 && long.startsWith(short) && long.length - short.length <= 4 && /(?:ese|n|ian|ish|ic)$/.test(long)
  );
};

/** Whether each name of either is in the other, in one order. */
export const haveSameNames = (left: readonly Word[], right: readonly Word[]): boolean => {
  const places = (words: readonly Word[], others: readonly Word[]): readonly number[] =>
    words.filter(isName).map((name) => others.findIndex((other) => isSameName(plainName(name), other)));
  const [there, back] = [places(left, right), places(right, left)];
  return ![...there, ...back].includes(-1) && isRising(there) && isRising(back);
};

const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));

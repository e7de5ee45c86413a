/**
 * Whether the answer to one question may be the answer to another whose vector is near: vectors are near too when one asks for the opposite, for another
 * number or for somebody else. Each guard looks for one such difference. They are pure, take microseconds, and know English; a guard that cannot judge refuses.
 */
import { areEnglish } from "./language.ts";
import { haveSameNames } from "./names.ts";
import { hasNegatedWord, negationsOf } from "./negation.ts";
import { numbersOf } from "./numbers.ts";
import { areOpposite } from "./opposites.ts";
import { askForDifferentKinds } from "./question-kind.ts";
import { timesOf } from "./times.ts";
import { unitsOf } from "./units.ts";
import { differWhereItMatters } from "./wording.ts";
import { type Word, wordsOf } from "./words.ts";

export type GuardName =
  | "language"
  | "negation"
  | "numbers"
  | "names"
  | "units"
  | "times"
  | "opposites"
  | "kind"
  | "wording";

type Guard = (left: Sides, right: Sides) => boolean;

interface Sides {
  readonly text: string;
  readonly words: readonly Word[];
}

const areEqual = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index]);

/** Each says whether it objects. */
const GUARDS: readonly (readonly [GuardName, Guard])[] = [
  ["language", (left, right) => !areEnglish([left, right])],
  [
    "negation",
    ({ words }, { words: others }) =>
      negationsOf(words) % 2 !== negationsOf(others) % 2 ||
      hasNegatedWord(words, others) ||
      hasNegatedWord(others, words),
  ],
  ["numbers", ({ words }, { words: others }) => !areEqual(numbersOf(words), numbersOf(others))],
  ["units", ({ words }, { words: others }) => !areEqual(unitsOf(words), unitsOf(others))],
  ["times", ({ words }, { words: others }) => !areEqual(timesOf(words), timesOf(others))],
  ["names", ({ words }, { words: others }) => !haveSameNames(words, others)],
  ["opposites", ({ words }, { words: others }) => areOpposite(words, others)],
  ["kind", ({ text }, { text: other }) => askForDifferentKinds(text, other, false)],
  ["wording", differWhereItMatters],
];

/** The first guard that objects, or null. The order of the two does not matter. */
export const judgePair = (kept: string, asked: string): GuardName | null => {
  const [left, right] = [kept, asked].map((text) => ({ text, words: wordsOf(text) }));
  if (left === undefined || right === undefined) return null;
  return GUARDS.find(([, objects]) => objects(left, right))?.[0] ?? null;
};

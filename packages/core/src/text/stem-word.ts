/**
 * The stem of an English word by Porter's rules (M. F. Porter, "An algorithm for suffix stripping", 1980): the same for "route", "routes", "routing". A
 * stem need be no word. What is not a lower-case Latin word comes back as it is.
 */
export const stemWord = (word: string): string => {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word;
  let stem = word;
  for (const step of STEPS) stem = step(stem);
  return stem;
};

const isConsonant = (word: string, at: number): boolean => {
  const letter = word[at] ?? "";
  if ("aeiou".includes(letter)) return false;
  return letter !== "y" || at === 0 || !isConsonant(word, at - 1);
};

/** How often a vowel is followed by a consonant: Porter's m. */
const measure = (stem: string): number => {
  let count = 0;
  for (let at = 1; at < stem.length; at += 1) if (isConsonant(stem, at) && !isConsonant(stem, at - 1)) count += 1;
  return count;
};

const hasVowel = (stem: string): boolean => {
  for (let at = 0; at < stem.length; at += 1) if (!isConsonant(stem, at)) return true;
  return false;
};

const endsDouble = (word: string): boolean =>
  word.length > 1 && word.at(-1) === word.at(-2) && isConsonant(word, word.length - 1);

/** Ends consonant, vowel, consonant, the last not w, x or y. */
const endsShort = (word: string): boolean => {
  const last = word.length - 1;
  if (last < 2 || "wxy".includes(word[last] ?? "")) return false;
  return isConsonant(word, last) && !isConsonant(word, last - 1) && isConsonant(word, last - 2);
};

type Rule = readonly [suffix: string, by: string];

/** Of the rules the one with the longest suffix that fits, if what is left measures more than `least`. */
const replaceBy =
  (rules: readonly Rule[], least: number, mayGo: (stem: string, suffix: string) => boolean = () => true) =>
  (word: string): string => {
    for (const [suffix, by] of rules) {
      if (!word.endsWith(suffix)) continue;
      const stem = word.slice(0, -suffix.length);
      return measure(stem) > least && mayGo(stem, suffix) ? stem + by : word;
    }
    return word;
  };

const longestFirst = (rules: readonly Rule[]): readonly Rule[] => rules.toSorted(([a], [b]) => b.length - a.length);

const pairs = (text: string): readonly Rule[] =>
  longestFirst(
    text.split(" ").map((pair) => {
      const [suffix = "", by = ""] = pair.split(">");
      return [suffix, by];
    }),
  );

const plural = (word: string): string => {
  if (word.endsWith("sses") || word.endsWith("ies")) return word.slice(0, -2);
  if (word.endsWith("ss") || !word.endsWith("s")) return word;
  return word.slice(0, -1);
};

const past = (word: string): string => {
  if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = word.endsWith("ed") ? 2 : word.endsWith("ing") ? 3 : 0;
  const stem = word.slice(0, word.length - suffix);
  if (suffix === 0 || !hasVowel(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsDouble(stem) && !/[lsz]$/.test(stem)) return stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
};

const finalY = (word: string): string =>
  word.endsWith("y") && hasVowel(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;

const finalE = (word: string): string => {
  let stem = word;
  if (stem.endsWith("e")) {
    const without = stem.slice(0, -1);
    const size = measure(without);
    if (size > 1 || (size === 1 && !endsShort(without))) stem = without;
  }
  return stem.endsWith("ll") && measure(stem) > 1 ? stem.slice(0, -1) : stem;
};

const STEPS: readonly ((word: string) => string)[] = [
  plural,
  past,
  finalY,
  replaceBy(
    pairs(
      "ational>ate tional>tion enci>ence anci>ance izer>ize abli>able alli>al entli>ent eli>e ousli>ous ization>ize ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble",
    ),
    0,
  ),
  replaceBy(pairs("icate>ic ative> alize>al iciti>ic ical>ic ful> ness>"), 0),
  replaceBy(
    pairs("al> ance> ence> er> ic> able> ible> ant> ement> ment> ent> ion> ou> ism> ate> iti> ous> ive> ize>"),
    1,
    (stem, suffix) => suffix !== "ion" || /[st]$/.test(stem),
  ),
  finalE,
];

/** Words as they are compared: without case, accents and endings of English. Of scripts without spaces, pairs of characters. */
import { stemWord } from "./stem-word.ts";

const WORD = /[\p{L}\p{N}]+/gu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const MARKS = /\p{M}+/gu;
// Nobody searches for more of a number, a hash or a line without spaces.
const MAX_WORD = 64;

// Most texts, and several times faster.
const PLAIN = /^[\t\n\r -~]*$/;
const PLAIN_WORD = /[a-z0-9]+/g;

export const wordsOf = (text: string): string[] => {
  if (PLAIN.test(text))
    return (text.toLowerCase().match(PLAIN_WORD) ?? []).map((word) => stemWord(word.slice(0, MAX_WORD)));
  const words: string[] = [];
  for (const [found] of text.normalize("NFKD").replace(MARKS, "").toLowerCase().matchAll(WORD)) {
    if (UNSPACED.test(found)) words.push(...pairsOf(found));
    else words.push(stemWord(found.slice(0, MAX_WORD)));
  }
  return words;
};

const pairsOf = (run: string): string[] => {
  const characters = Array.from(run);
  return characters.length < 2 ? characters : characters.slice(1).map((next, index) => `${characters[index]}${next}`);
};

import { stemWord } from "../text/stem-word.ts";
import { STOP_WORDS } from "./stop-words.ts";

export interface Word {
  /** What counts as the same word. */
  readonly stem: string;
  /** As it was written, in lower case. */
  readonly text: string;
}

const WORD = /\p{L}+(?:'\p{L}+)?|\p{N}+/gu;

/** The words of a text that say something, in order; `camelCase` and `kebab-case` are several. */
export const wordsOf = (text: string): Word[] => {
  const words: Word[] = [];
  for (const [match] of text
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .matchAll(WORD)) {
    if (STOP_WORDS.has(match)) continue;
    const word = match.replace(/'s?$|'s$/, "");
    words.push({ stem: stemWord(word), text: word });
  }
  return words;
};

/** Without what does not tell two spellings of a name apart: `loan-triage` and "Loan triage" are the same. */
export const plainWords = (text: string): string => (text.toLowerCase().match(WORD) ?? []).join(" ");

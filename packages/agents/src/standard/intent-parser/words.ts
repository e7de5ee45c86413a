/** The words of what somebody says, each as it is written and as it is compared. */
import { normalText } from "../../guardrails/normal-text.ts";

export interface Word {
  /** As it is written. */
  readonly text: string;
  /** Without case, and in one of several ways to write a letter. */
  readonly normal: string;
  /** Where it stands in the text: from, and up to. */
  readonly start: number;
  readonly end: number;
}

// What holds a word together: A-7, 1,234.50, 2026-01-31, me@shop.example, don't.
const WORD = /[$€£#+-]?[\p{L}\p{N}]+(?:[.,'’@:/_&+-]+[\p{L}\p{N}]+)*%?/gu;

export const wordsOf = (text: string): readonly Word[] =>
  [...text.matchAll(WORD)].map((match) => ({
    text: match[0],
    normal: normalText(match[0]).replaceAll("’", "'"),
    start: match.index,
    end: match.index + match[0].length,
  }));

const FILLERS = new Set(
  "a an the please kindly hi hello hey thanks thank you so well just now then can could would will i we want need to like me us my our your d'like i'd ok okay".split(
    " ",
  ),
);
/** Words that say nothing of what is wanted. */
export const isFiller = ({ normal }: Word): boolean => FILLERS.has(normal);

const NEGATIONS = new Set(
  "not no never without don't doesn't didn't cannot can't won't isn't nor stop avoid".split(" "),
);
/** Words that turn around what the others say. */
export const isNegation = ({ normal }: Word): boolean => NEGATIONS.has(normal) || normal.endsWith("n't");

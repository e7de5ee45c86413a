import { readFileSync } from "node:fs";

/** One row of data/*.jsonl. */
export interface QuestionRow {
  readonly domain: string;
  /** What makes `negative` another question. */
  readonly changed: string;
  readonly question: string;
  /** Wants the same answer. */
  readonly paraphrase: string;
  /** Looks alike and wants another. */
  readonly negative: string;
}

export const readQuestions = (half: "train" | "test"): readonly QuestionRow[] =>
  readFileSync(new URL(`data/${half}.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as QuestionRow);

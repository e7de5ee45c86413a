import { createHash } from "node:crypto";
import type { SalesIntent } from "./intent.ts";
import { intentKey } from "./intent.ts";

/** Where answers are kept; the platform's memory fits it. What comes back is checked before it is used. */
export interface AnswerCache {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

/** Raise it when the wording or the shape of an answer changes: cached answers of the old kind are then never met. */
const answerFormat = 1;

/** One key for one meaning over one state of the data. New data means new keys, so nothing has to be removed to be correct. */
export function answerKey(intent: SalesIntent, dataVersion: string): string {
  const meaning = createHash("sha256").update(intentKey(intent)).digest("hex").slice(0, 32);
  return `answer/${answerFormat}/${dataVersion}/${meaning}`;
}

import type { AnswerCache } from "./answer-cache.ts";
import { answerKey } from "./answer-cache.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Answer } from "./format-answer.ts";
import { AnswerSchema, formatAnswer } from "./format-answer.ts";
import type { SalesIntent } from "./intent.ts";
import type { SalesQuery } from "./query-builder.ts";
import { buildQueries } from "./query-builder.ts";
import type { SalesResult } from "./sales-database.ts";

/** What answering needs of the data; `SalesDatabase` is one. */
export interface SalesSource {
  run(query: SalesQuery): SalesResult;
  catalogue(): Catalogue;
  version(): string;
}

export interface IntentAnswer {
  readonly answer: Answer;
  readonly fromCache: boolean;
}

/** Cache, then SQL, then words. The same meaning over the same data is computed once, however it is asked. */
export async function answerIntent(
  intent: SalesIntent,
  source: SalesSource,
  cache: AnswerCache,
): Promise<IntentAnswer> {
  const key = answerKey(intent, source.version());
  const known = AnswerSchema.safeParse(await cache.get(key));
  if (known.success) return { answer: known.data, fromCache: true };
  const answer = formatAnswer(
    intent,
    buildQueries(intent).map((query) => source.run(query)),
    source.catalogue(),
  );
  await cache.set(key, answer);
  return { answer, fromCache: false };
}

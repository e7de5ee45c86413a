// How often the semantic level answers, and how often wrongly, by threshold, with and without guards. See README.md.
import { parseArgs } from "node:util";
import { judgePair, wilsonBounds } from "@agentcore/core/caching";
import { createMemoryVectorIndex } from "@agentcore/core/inprocess";
import type { Embedder } from "@agentcore/core/ports";
import { createEnglishEmbedder } from "@agentcore/embeddings-english";
import { endpointEmbedder } from "./endpoint-embedder.ts";
import { type QuestionRow, readQuestions } from "./questions.ts";
import { readWordVectors } from "./word-vectors.ts";

const USAGE = `Usage: measure.ts --english | --vectors FILE | --url URL --model NAME [--key-env VARIABLE]   [--bound 0.01]`;

const { values } = parseArgs({
  options: {
    english: { type: "boolean", default: false },
    vectors: { type: "string" },
    url: { type: "string" },
    model: { type: "string" },
    "key-env": { type: "string" },
    bound: { type: "string", default: "0.01" },
  },
});
const bound = Number(values.bound);
const embedder = chooseEmbedder();
const BATCH = 100;
const NEAREST = 5;
const SCOPE = { tenantId: "measured", namespace: "questions" };
const STEPS = Array.from({ length: 50 }, (_, index) => (50 + index) / 100);

/** One lookup: the questions that are near, nearest first. */
interface Lookup {
  readonly asked: string;
  /** Whose answer is the right one; null when no kept answer is. */
  readonly right: string | null;
  readonly near: readonly { readonly question: string; readonly similarity: number; readonly passes: boolean }[];
}

interface Point {
  readonly threshold: number;
  readonly hits: number;
  /** Paraphrases that got the answer to another question. */
  readonly strays: number;
  /** Hard negatives that got an answer. */
  readonly wrong: number;
}

const halves = { train: await lookUpAll(readQuestions("train")), test: await lookUpAll(readQuestions("test")) };
console.log(`Embedder: ${embedder.name}\n`);
for (const half of ["train", "test"] as const) {
  const rows = readQuestions(half);
  const passing = (other: "paraphrase" | "negative"): number =>
    rows.filter((row) => judgePair(row.question, row[other]) === null).length;
  console.log(
    `The guards alone, ${half} half: ${passing("paraphrase")} of ${rows.length} paraphrases pass, and ` +
      `${passing("negative")} hard negatives.`,
  );
}
console.log();
for (const guarded of [false, true]) {
  const curve = STEPS.map((threshold) => pointOf(halves.train, threshold, guarded));
  console.log(`Train half, ${guarded ? "with" : "without"} guards:\n`);
  console.log(
    table(
      halves.train,
      curve.filter(({ threshold }) => (threshold * 100) % 5 === 0 || threshold > 0.9),
    ),
  );
  const chosen = curve.find((point) => isSafe(halves.train, point));
  if (chosen === undefined) {
    console.log(`\nNo threshold keeps wrong hits at or below ${percent(bound)} (upper bound).\n`);
  } else {
    console.log(
      `\nThe least threshold with wrong hits at or below ${percent(bound)} (upper bound): ${chosen.threshold}. Test half there:\n`,
    );
    console.log(table(halves.test, [pointOf(halves.test, chosen.threshold, guarded)]));
  }
  console.log(`\nTest half at the default of 0.85:\n\n${table(halves.test, [pointOf(halves.test, 0.85, guarded)])}\n`);
}

function isSafe(lookups: readonly Lookup[], { wrong, strays }: Point): boolean {
  const half = lookups.length / 2;
  return wilsonBounds(wrong, half).upper <= bound && wilsonBounds(strays, half).upper <= bound;
}

function pointOf(lookups: readonly Lookup[], threshold: number, guarded: boolean): Point {
  const counts = { hits: 0, strays: 0, wrong: 0 };
  for (const { right, near } of lookups) {
    const hit = near.find(({ similarity, passes }) => similarity >= threshold && (passes || !guarded));
    if (hit === undefined) continue;
    if (right === null) counts.wrong += 1;
    else if (hit.question === right) counts.hits += 1;
    else counts.strays += 1;
  }
  return { threshold, ...counts };
}

function table(lookups: readonly Lookup[], points: readonly Point[]): string {
  const half = lookups.length / 2;
  const share = (count: number): string => `${percent(count / half)} (${count})`;
  const rows = points.map(({ threshold, hits, strays, wrong }) =>
    [threshold.toFixed(2), share(hits), share(strays), share(wrong), percent(wilsonBounds(wrong, half).upper)].join(
      " | ",
    ),
  );
  const head = `| threshold | paraphrases answered, of ${half} | answered with another's | hard negatives answered, of ${half} | upper bound |`;
  return [head, "| --- | --- | --- | --- | --- |", ...rows.map((row) => `| ${row} |`)].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** As the cache does: all questions of the half are kept; its paraphrases and hard negatives are asked. */
async function lookUpAll(rows: readonly QuestionRow[]): Promise<readonly Lookup[]> {
  const index = createMemoryVectorIndex();
  const kept = await embedAll(rows.map(({ question }) => question));
  for (const [place, { question }] of rows.entries())
    await index.upsert(SCOPE, [{ id: question, vector: kept[place] ?? [] }]);
  const asked = rows.flatMap(({ question, paraphrase, negative }) => [
    { asked: paraphrase, right: question },
    { asked: negative, right: null },
  ]);
  const vectors = await embedAll(asked.map((question) => question.asked));
  return Promise.all(
    asked.map(async (question, place) => {
      const near = await index.nearest(SCOPE, { vector: vectors[place] ?? [], limit: NEAREST });
      return {
        ...question,
        near: near.map(({ id, similarity }) => ({
          question: id,
          similarity,
          passes: judgePair(id, question.asked) === null,
        })),
      };
    }),
  );
}

async function embedAll(texts: readonly string[]) {
  const vectors = [];
  for (let start = 0; start < texts.length; start += BATCH)
    vectors.push(
      ...(await embedder.embed("measured", texts.slice(start, start + BATCH), {
        signal: new AbortController().signal,
      })),
    );
  return vectors;
}

function chooseEmbedder(): Embedder {
  const { english, vectors, url, model } = values;
  if (english) return createEnglishEmbedder();
  if (vectors !== undefined) return readWordVectors(vectors);
  if (url === undefined || model === undefined) {
    console.error(USAGE);
    process.exit(2);
  }
  const key = values["key-env"];
  return endpointEmbedder(url, model, key === undefined ? undefined : process.env[key]);
}

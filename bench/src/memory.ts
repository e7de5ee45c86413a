/** Long-term memory on SQLite, with texts and vectors that look like real ones in what they cost: words by Zipf's law, 128 dimensions. */
import { hash } from "node:crypto";
import { LongTermMemory, poolOf } from "@agentcore/core/memory";
import type { Embedder } from "@agentcore/core/ports";
import { openSqlite } from "@agentcore/sqlite";
import { scope, senses } from "./engine.ts";

export const POOL = poolOf("agent:bench");
const VOCABULARY = 30_000;
const WORDS = 40;
const DIMENSIONS = 128;

/** The same in every run. */
export const randomFrom = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** A word's rank is where its share of all words lies, as in English: half of a text is of the hundred commonest. */
export const textOf = (random: () => number, words = WORDS): string =>
  Array.from({ length: words }, () => `w${Math.floor(VOCABULARY ** random()).toString(36)}`).join(" ");

/** The mean of its words' directions: what static word vectors do, without their files. */
export const wordVectors: Embedder = {
  name: "bench/words",
  embed: async (_tenantId, texts) =>
    texts.map((text) => {
      const vector = new Float32Array(DIMENSIONS);
      for (const word of text.split(" ")) {
        const random = randomFrom(Number.parseInt(hash("md5", word).slice(0, 8), 16));
        for (let index = 0; index < DIMENSIONS; index++) vector[index] = (vector[index] ?? 0) + random() - 0.5;
      }
      return vector;
    }),
};

export const openMemory = async (directory: string, embedder: Embedder | null) => {
  const stores = await openSqlite({ directory, clock: senses.clock });
  const { keyValue, vectors } = stores;
  const memory = new LongTermMemory({
    ...{ ...senses, keyValue, vectorIndex: vectors, sealsVectors: false, acrossNodes: false },
    declared: async () => ({ maxEntries: 100_000 }),
    embedderOf: async () => embedder,
  });
  return { memory, stores };
};

export const signal = new AbortController().signal;

/** `count` memories, from `from` on. */
export const fillMemory = async (memory: LongTermMemory, from: number, count: number): Promise<void> => {
  const random = randomFrom(from + 1);
  for (let done = 0; done < count; done += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, count - done) }, (_, place) => {
        const id = `m${String(from + done + place).padStart(7, "0")}`;
        const origin = { id, taskId: "t", path: "p", contextId: "c", caller: "bench", writtenBy: "agent:bench" };
        return memory.remember(scope.tenantId, POOL, { text: textOf(random) }, origin, signal);
      }),
    );
};

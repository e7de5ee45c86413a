import { type Benchmark, judge } from "../benchmark.ts";
import { scope } from "../engine.ts";
import { format, time } from "../measure.ts";
import { fillMemory, openMemory, POOL, randomFrom, signal, textOf, wordVectors } from "../memory.ts";
import { withFolder } from "../scratch.ts";

const SIZES = [10_000, 100_000] as const;
const QUERIES = 200;
const QUERY_WORDS = 8;

export const benchmark: Benchmark = {
  name: "memory-recall",
  what: `95th percentile of ctx.memory.recall's search over ${SIZES[0]} memories, by words and by vectors of 128 dimensions, on SQLite`,
  unit: "ms",
  floor: { of: "ours", atMost: 100 },
  async run() {
    const notes: string[] = [];
    let ours = Number.NaN;
    for (const embedder of [null, wordVectors])
      await withFolder(async (directory) => {
        let filled = 0;
        for (const size of SIZES) {
          const opened = await openMemory(directory, embedder);
          const filledMs = await time(() => fillMemory(opened.memory, filled, size - filled));
          const perSecond = ((size - filled) * 1000) / filledMs;
          filled = size;
          await opened.memory.close();
          await opened.stores.close();
          const { memory, stores } = await openMemory(directory, embedder);
          const random = randomFrom(7);
          const recall = () =>
            memory.recall(scope.tenantId, POOL, { query: textOf(random, QUERY_WORDS), limit: 8 }, signal);
          globalThis.gc?.();
          const before = process.memoryUsage().heapUsed;
          const firstMs = await time(recall);
          globalThis.gc?.();
          const heldMb = (process.memoryUsage().heapUsed - before) / 2 ** 20;
          const took: number[] = [];
          const cpuBefore = process.cpuUsage();
          for (let query = 0; query < QUERIES; query++) took.push(await time(recall));
          const { user, system } = process.cpuUsage(cpuBefore);
          const cpuMs = (user + system) / 1000 / QUERIES;
          took.sort((left, right) => left - right);
          const [p50 = 0, p95 = 0] = [0.5, 0.95].map((share) => took[Math.floor(QUERIES * share)]);
          if (embedder !== null && size === SIZES[0]) ours = p95;
          const by = embedder === null ? "words alone" : "words and vectors";
          notes.push(
            `${size} memories by ${by}: p50 ${format(p50)} ms, p95 ${format(p95)} ms, ${format(cpuMs)} ms of the processor; the first after a start, which reads the pool, ${format(firstMs)} ms; ${format(heldMb)} MB of heap; written at ${format(perSecond)}/s, 100 at once`,
          );
          await memory.close();
          await stores.close();
        }
      });
    notes.push(
      `texts of 40 words by Zipf's law over 30,000, queries of ${QUERY_WORDS}; ${QUERIES} queries one after another, 8 results each, read from the store`,
    );
    return judge(benchmark, { ours, peer: null, ratio: null }, notes);
  },
};

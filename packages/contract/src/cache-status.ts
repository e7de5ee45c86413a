/** How the cache of models does, as the API tells it and the command shows it. */
import { z } from "zod";

const count = z.int().nonnegative();
const LEVELS = { memory: count, shared: count, content: count, semantic: count } as const;

/** Of the node that is asked, since it started, but for the semantic level's samples, which are of all nodes and survive restarts. */
export const CacheStatus = z.object({
  hits: z.object(LEVELS),
  /** Calls that a model was asked for. */
  misses: count,
  /** Of the hits, those that waited for a call under way. */
  collapsed: count,
  savedCalls: count,
  savedUsd: z.number().nonnegative(),
  /** Answers that may not be given again, or are too large. */
  notKept: count,
  /** Writes that were left out because too many waited. */
  droppedWrites: count,
  memory: z.object({ entries: count, bytes: count }),
  semantic: z.object({
    isOn: z.boolean(),
    /** Why, in a sentence. */
    says: z.string(),
    sampled: count,
    sampledWrong: count,
    failures: count,
    /** Questions near enough that a guard refused, by guard. */
    refused: z.record(z.string(), count),
    embedders: z.array(
      z.object({
        embedder: z.string(),
        samples: count,
        wrong: count,
        /** Milliseconds since 1970; null: it is on. */
        offSince: z.int().nullable(),
        /** Wilson's, of 95 %. */
        wrongShareUpperBound: z.number(),
      }),
    ),
  }),
});
export type CacheStatus = z.infer<typeof CacheStatus>;

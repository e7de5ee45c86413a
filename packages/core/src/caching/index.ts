export type { CacheQuestion, CacheSettings } from "./cache-question.ts";
export type { CacheStatistics, SemanticStatistics } from "./cache-statistics.ts";
export { ofTheAsker } from "./flight.ts";
export { type GuardName, judgePair } from "./guards/judge-pair.ts";
export type { CacheLevel } from "./kept-answer.ts";
export {
  type CacheOutcome,
  ModelCache,
  type ModelCacheOptions,
  type Producible,
} from "./model-cache.ts";
export { DEFAULT_THRESHOLD, type SemanticSettings } from "./semantic-level.ts";
export { wilsonBounds } from "./wilson.ts";

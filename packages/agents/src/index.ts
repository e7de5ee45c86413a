export { type OrchestrationEntry, orchestrationLog } from "./orchestration-log.ts";
export { type PatternDescription, patternCatalogue } from "./pattern-catalogue.ts";
export { type DebateOptions, debate } from "./patterns/debate.ts";
export { type EvaluatorLoopOptions, evaluatorLoop } from "./patterns/evaluator-loop.ts";
export { type MapReduceOptions, mapReduce } from "./patterns/map-reduce.ts";
export { type ParallelOptions, parallel } from "./patterns/parallel.ts";
export { type SequentialOptions, sequential } from "./patterns/sequential.ts";
export {
  type HierarchicalOptions,
  hierarchical,
  type SupervisorOptions,
  supervisor,
  type Team,
} from "./patterns/supervisor.ts";
export { type VoteOptions, vote } from "./patterns/vote.ts";
export type { PatternOptions, Performer, Role } from "./role.ts";

/** Tests of agents on the real engine, in memory. */
export type { CrashPoint } from "./crash-store.ts";
export type { Peer, Peers, Queries } from "./peers.ts";
export { type ReplayResult, replay } from "./replay.ts";
export type { ModelScript, ScriptedAnswer } from "./scripted-model.ts";
export { type StrategySuiteOptions, strategySuite } from "./strategy-suite.ts";
export {
  type AgentTest,
  type AnyAgent,
  type ForkOptions,
  type RunOptions,
  type TestAgentOptions,
  testAgent,
} from "./test-agent.ts";
export type { TestDecision, TestRun } from "./test-run.ts";

/** `agentcore/testing`: tests of agents on the real engine, in memory. */
export {
  type AgentTest,
  type CrashPoint,
  type ModelScript,
  type Peers,
  type Queries,
  type ReplayResult,
  type RunOptions,
  replay,
  type StrategySuiteOptions,
  strategySuite,
  type TestAgentOptions,
  type TestRun,
  testAgent,
} from "@agentcore/testing";

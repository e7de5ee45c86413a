/** `agentcore/strategies`: ways for one agent to work, each a value for `agent({ strategy })`. */
export {
  type AutonomousOptions,
  autonomous,
  type ChainOfThoughtOptions,
  chainOfThought,
  type DeliberativeOptions,
  deliberative,
  type HybridOptions,
  hybrid,
  type PlanAndExecuteOptions,
  planAndExecute,
  type ReactiveOptions,
  type Rule,
  reactive,
  type StepCheck,
  type ThoughtStep,
} from "@agentcore/agents";

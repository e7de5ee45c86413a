/** `agentcore/standard`: agents that are there, each a function of its options. */
export {
  type ErrorGroup,
  type ErrorKeeperOptions,
  errorKeeperAgent,
  type FormattedResponse,
  type IntentParserOptions,
  intentParserAgent,
  type KeptEntry,
  type KeptError,
  type LogKeeperOptions,
  logKeeperAgent,
  type MonitorOptions,
  monitorAgent,
  type OpenAlert,
  type ParsedIntent,
  type ResponseFormatterOptions,
  responseFormatterAgent,
} from "@agentcore/agents";

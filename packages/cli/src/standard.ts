/** `agentcore/standard`: agents that are there, each a function of its options. */
export {
  type FormattedResponse,
  type IntentParserOptions,
  intentParserAgent,
  type ParsedIntent,
  type ResponseFormatterOptions,
  responseFormatterAgent,
} from "@agentcore/agents";

export { type A2AClient, type A2AClientOptions, type CallOptions, createA2AClient } from "./a2a-client.ts";
export { type AgentInterface, chooseInterface, type InterfacePolicy } from "./choose-interface.ts";
export { type FetchCardOptions, type FetchedCard, fetchCard } from "./fetch-card.ts";
export {
  BINDINGS,
  type Binding,
  type CardInterface,
  type ForeignCard,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
  readForeignCard,
} from "./foreign-card.ts";
export { type ReceivedFrame, readFrame, type SendAnswer } from "./read-answers.ts";
export { RESUMABLE_STREAMS } from "./resumable-streams.ts";

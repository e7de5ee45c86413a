/** MCP servers of others, for agents of this node. */
export {
  type BegunConsent,
  beginConsent,
  type ConsentTerms,
  clientMetadata,
  finishConsent,
} from "./consent/consent-flow.ts";
export type { ConsentKeeper, KeptConsent, RegisteredClient } from "./consent/consent-keeper.ts";
export { openOAuthFetch } from "./consent/oauth-fetch.ts";
export { type WantedConsent, WantsConsent } from "./consent/wants-consent.ts";
export type { ReadVariable } from "./endpoint-transport.ts";
export { ForgottenSession } from "./forgotten-session.ts";
export {
  type Connection,
  type ConnectionOptions,
  IDEMPOTENCY_META,
  openConnection,
  type ServerCall,
  type ServerIdentity,
  type ServerTool,
} from "./open-connection.ts";
export type { ServerAnswers, ServerQuestion } from "./tool-question.ts";

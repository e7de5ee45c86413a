export { ALL_CHECKS } from "./all-checks.ts";
export { BINDINGS, type Binding, type Check, PROTOCOL_VERSIONS, type ProtocolVersion } from "./check.ts";
export { type InspectedCard, inspectCard } from "./inspect-card.ts";
export { type Credentials, credentialHeaders, hasCredentials, originOf } from "./interfaces.ts";
export { type PushReceiver, startPushReceiver } from "./push-receiver.ts";
export type { MessageContent, SignatureVerifier, VerifyMessages } from "./target.ts";
export { type CheckResult, isAsked, type VerifyOptions, type VerifyReport, verifyServer } from "./verify-server.ts";

export { createGateway } from "./create-gateway.ts";
export {
  type ApiKey,
  type ApplyResult,
  type CertificateCaller,
  type Credentials,
  DEFAULT_TENANT,
  type GatewayDeps,
  type TokenCaller,
} from "./deps.ts";
export { type GrpcListener, listenGrpc } from "./grpc/listen-grpc.ts";
export { keyOfAlternativeName, keyOfWrittenSubject } from "./http/certificate-names.ts";
export { CALLER, hashOfKey, parseApiKeys } from "./http/parse-api-keys.ts";
export { parsePublicUrl } from "./http/parse-public-url.ts";
export { refuseTenantName } from "./http/tenant-name.ts";
export { type Listener, listen } from "./listen.ts";
export { shutDown } from "./shut-down.ts";
export { createTlsIdentity, type TlsFiles, type TlsIdentity } from "./tls/tls-identity.ts";

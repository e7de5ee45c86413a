export { createGateway } from "./create-gateway.ts";
export { type ApiKey, type ApplyResult, DEFAULT_TENANT, type GatewayDeps } from "./deps.ts";
export { hashOfKey, parseApiKeys } from "./http/parse-api-keys.ts";
export { parsePublicUrl } from "./http/parse-public-url.ts";
export { type Listener, listen } from "./listen.ts";

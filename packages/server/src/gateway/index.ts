export { createGateway } from "./create-gateway.ts";
export { type ApplyResult, DEFAULT_TENANT, type GatewayDeps } from "./deps.ts";
export { type Listener, listen } from "./listen.ts";

export { createGateway, type Gateway } from "./create-gateway.ts";
export type {
  AgentDescription,
  AgentDirectory,
  ApiKey,
  ApplyResult,
  ConnectionInfo,
  GatewayDeps,
  GatewaySettings,
  Health,
  ManifestService,
} from "./deps.ts";
export { type Listener, type ListenOptions, listen } from "./listen.ts";

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
export { listen, type Listener, type ListenOptions } from "./listen.ts";

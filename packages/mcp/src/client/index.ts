/** MCP servers of others, for agents of this node. */
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

/** MCP servers of others, for agents of this node. */
export { ConnectionPool, type PooledServer, type PoolOptions } from "./connection-pool.ts";
export type { ReadVariable } from "./endpoint-transport.ts";
export {
  type Connection,
  type ConnectionOptions,
  IDEMPOTENCY_META,
  openConnection,
  type ServerCall,
  type ServerIdentity,
  type ServerTool,
} from "./open-connection.ts";

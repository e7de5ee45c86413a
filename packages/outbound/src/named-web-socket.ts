import { createGuardedWebSocket, type OpenWebSocket } from "./guarded-web-socket.ts";
import { byNamedOrigin, type NamedOriginsOptions } from "./named-origins.ts";

/** WebSockets for a tool. Others than the named are connected to only where they are public. As `createGuardedWebSocket` for each. */
export const createNamedWebSocket = (options: NamedOriginsOptions): OpenWebSocket => {
  const sockets = byNamedOrigin(options, createGuardedWebSocket);
  return async (address, call) => {
    const { url, way } = sockets.of(String(address));
    return way(url, call);
  };
};

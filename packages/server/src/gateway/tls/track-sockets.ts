import type { Socket } from "node:net";
import type { Server } from "node:tls";

/**
 * All connections of a TLS server, from before their handshake, when no list that servers keep has them yet. Gives back what
 * ends them at once.
 */
export const trackSockets = (server: Server): (() => void) => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
};

/** A server of WebSockets on this machine, for the tests of this package. */
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

export interface SocketServer {
  readonly url: string;
  /** Texts that came, of all connections. */
  readonly received: string[];
  readonly requests: IncomingMessage[];
}

/** `greet` is called with each connection, `answer` with each text that comes on it. */
export const serveSockets = async (
  answer: (socket: WebSocket, text: string) => void,
  greet: (socket: WebSocket) => void = () => undefined,
): Promise<SocketServer> => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const received: string[] = [];
  const requests: IncomingMessage[] = [];
  server.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      received.push(data.toString());
      answer(socket, data.toString());
    });
    greet(socket);
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, received, requests };
};

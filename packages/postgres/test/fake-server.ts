/** A server that says of PostgreSQL's protocol what a test has it say. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A message of the protocol: its kind, and a body of bytes. */
const message = (kind: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(kind), length, body]);
};
export const welcome = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
export const farewell = message("E", Buffer.from("SFATAL\0C57P01\0Mterminating connection\0\0"));
const nothing = Buffer.alloc(0);
/** To a prepared statement that returns no rows. */
export const answer = Buffer.concat([
  ...[message("1", nothing), message("2", nothing), message("n", nothing)],
  ...[message("C", Buffer.from("SELECT 0\0")), message("Z", Buffer.from("I"))],
]);

/** To a query in plain text. */
export const done = Buffer.concat([message("C", Buffer.from("SET\0")), message("Z", Buffer.from("I"))]);

/** `talk` is called with each connection, and its number from 1. */
export const startServer = async (talk: (socket: Socket, number: number) => void): Promise<string> => {
  const sockets: Socket[] = [];
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    talk(socket, sockets.push(socket));
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `postgres://someone@127.0.0.1:${(server.address() as AddressInfo).port}/any`;
};

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Database } from "./database.ts";

/** A message of the protocol: its kind, and a body of bytes. */
const message = (kind: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(kind), length, body]);
};
const welcome = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
const farewell = message("E", Buffer.from("SFATAL\0C57P01\0Mterminating connection\0\0"));

/** A server that says both in one breath, as one does that is stopped just then. */
const startLeavingServer = async (): Promise<string> => {
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(Buffer.concat([welcome, farewell])));
  });
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `postgres://someone@127.0.0.1:${(server.address() as AddressInfo).port}/any`;
};

test("a connection that the server ends in the moment it is ready is an answer, not the end of the process", async () => {
  const url = await startLeavingServer();
  const database = new Database({ url, schema: "any", maxConnections: 1, statementTimeoutMs: 1_000 });
  onTestFinished(() => database.close());
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on("uncaughtException", note);
  onTestFinished(() => void process.removeListener("uncaughtException", note));
  await expect(database.transaction((client) => client.query("select 1"))).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  expect(uncaught).toEqual([]);
});

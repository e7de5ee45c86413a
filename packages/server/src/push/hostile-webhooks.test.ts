/** Webhooks that answer as no server should: each call ends, and with it its connection. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ManualClock } from "@agentcore/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createWebhookSender, type SendOutcome } from "./webhook-sender.ts";

let server: Server;
let sockets: Set<Socket>;
let connected: Promise<Socket>;
let answer: (socket: Socket) => void;
const feeding = new Set<NodeJS.Immediate>();

beforeEach(async () => {
  sockets = new Set();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.once("data", () => answer(socket));
  });
  connected = once(server, "connection").then(([socket]) => socket as Socket);
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(async () => {
  for (const immediate of feeding) clearImmediate(immediate);
  feeding.clear();
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
});

const clock = new ManualClock();

const send = (signal = new AbortController().signal): Promise<SendOutcome> => {
  const { port } = server.address() as AddressInfo;
  const deliver = createWebhookSender({ allowPrivate: true, clock, version: "1.2.3" });
  const config = { id: "c", taskId: "t-1", url: `http://127.0.0.1:${port}/hook` };
  const record = { uid: "u-1", config, version: "1.0", caller: "ann", createdAt: 0, state: "open", from: 1 } as const;
  const counts = { acknowledged: 0, attempts: 0, nextAttemptAt: 0 };
  const key = { tenantId: "default", taskId: "t-1", configId: "c" };
  return deliver({ key, record: { ...record, ...counts }, body: { a: 1 }, seq: 1, frame: 0 }, signal);
};

/** Writes for as long as somebody takes it. */
const feed = (socket: Socket, text: string): void => {
  if (socket.destroyed) return;
  if (socket.write(text)) {
    const immediate = setImmediate(() => {
      feeding.delete(immediate);
      feed(socket, text);
    });
    feeding.add(immediate);
  } else socket.once("drain", () => feed(socket, text));
};

const HEAD = "HTTP/1.1 200 OK\r\n";

it.each<[string, (socket: Socket) => void, object]>([
  [
    "sends a body without end",
    (socket) => (socket.write(`${HEAD}\r\n`), feed(socket, "x".repeat(65_536))),
    { taken: true },
  ],
  [
    "sends chunks without end with a 205",
    (socket) => (
      socket.write("HTTP/1.1 205 Reset\r\ntransfer-encoding: chunked\r\n\r\n"), feed(socket, "5\r\nxxxxx\r\n")
    ),
    { taken: true },
  ],
  ["goes on after a 204", (socket) => (socket.write("HTTP/1.1 204 No\r\n\r\n"), feed(socket, "x")), { taken: true }],
  ["claims more than it sends", (socket) => socket.write(`${HEAD}content-length: 9\r\n\r\nx`), { taken: true }],
  [
    "has a status beyond all",
    (socket) => socket.write("HTTP/1.1 999 No\r\ncontent-length: 9\r\n\r\nx"),
    { kind: "transient" },
  ],
  ["has the status 600", (socket) => socket.write("HTTP/1.1 600 No\r\n\r\n"), { kind: "transient" }],
  ["has the status 0", (socket) => socket.write("HTTP/1.1 000 No\r\n\r\n"), { kind: "transient" }],
  [
    "changes the protocol",
    (socket) => socket.write("HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    { taken: false },
  ],
  [
    "answers with too many headers",
    (socket) => (socket.write(HEAD), feed(socket, `x: ${"y".repeat(5000)}\r\n`)),
    { kind: "transient" },
  ],
  [
    "answers with headers that are none",
    (socket) => socket.write(`${HEAD}x\u0001y: \u0000\r\n\r\n`),
    { kind: "transient" },
  ],
  ["answers what is not HTTP", (socket) => socket.write("\u0000\u0001SSH-2.0\r\n"), { kind: "transient" }],
  [
    "leads elsewhere",
    (socket) => socket.write("HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\n\r\n"),
    { kind: "refused" },
  ],
  ["resets the connection", (socket) => socket.resetAndDestroy(), { kind: "transient" }],
  ["ends its side at once", (socket) => socket.end(), { kind: "transient" }],
  ["resets within its headers", (socket) => (socket.write(HEAD), socket.resetAndDestroy()), { kind: "transient" }],
])("who %s", async (_, how, outcome) => {
  answer = how;
  expect(await send()).toMatchObject(outcome);
  await connected;
  await expect.poll(() => sockets.size, { timeout: 3_000 }).toBe(0);
});

it.each<[string, (socket: Socket) => void]>([
  ["never answers", () => {}],
  ["says 1xx without end", (socket) => feed(socket, "HTTP/1.1 102 Processing\r\n\r\n")],
  ["has headers that never end", (socket) => socket.write(`${HEAD}x: y\r\n`)],
])("who %s is left after 30 s", async (_, how) => {
  const heard = new Promise<void>((resolve) => {
    answer = (socket) => {
      how(socket);
      resolve();
    };
  });
  const sent = send();
  await heard;
  await clock.advance(30_000);
  expect(await sent).toEqual({ taken: false, kind: "transient", error: "no answer within 30 s" });
  await expect.poll(() => sockets.size).toBe(0);
});

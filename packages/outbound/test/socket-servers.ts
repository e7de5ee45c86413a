/** Servers of WebSockets on this machine: one that does as it should, and one that says whatever a test has it say, byte by byte. */
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What it was asked by, and the connection to say something on. */
export type Say = (socket: Socket, request: string) => void;

/** Each connection is told to `say` when its request is there. The address begins with ws. */
export const rawServer = async (say: Say): Promise<string> => {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let request = "";
    const read = (chunk: Buffer): void => {
      request += chunk.toString("latin1");
      if (!request.includes("\r\n\r\n")) return;
      socket.off("data", read);
      say(socket, request);
    };
    socket.on("data", read);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** RFC 6455, 4.2.2. */
export const accept = (request: string, more = ""): string => {
  const key = /sec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? "";
  const digest = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${digest}\r\n${more}\r\n`;
};

/** RFC 6455, 5.2: one frame of a server, with the length that it says it has. */
export const frame = (text: string | Buffer, { opcode = 1, last = true, length = -1 } = {}): Buffer => {
  const body = Buffer.from(text);
  const said = length === -1 ? body.length : length;
  const head = Buffer.alloc(said < 126 ? 2 : said < 65_536 ? 4 : 10);
  head[0] = (last ? 0x80 : 0) | opcode;
  head[1] = said < 126 ? said : said < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(said, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(said), 2);
  return Buffer.concat([head, body]);
};

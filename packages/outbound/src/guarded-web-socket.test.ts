import { PlatformError, RetryableError } from "@agentcore/contract/errors";
import { expect, onTestFinished, test, vi } from "vitest";
import { accept, frame, rawServer, type Say } from "../test/socket-servers.ts";
import type { Lookup } from "./guarded-lookup.ts";
import { createGuardedWebSocket, type WebSocketCall } from "./guarded-web-socket.ts";
import type { MessageSocket } from "./message-socket.ts";
import { createNamedWebSocket } from "./named-web-socket.ts";

const LOCAL = { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--allow" };

const open = async (address: string, call: WebSocketCall = {}): Promise<MessageSocket> => {
  const socket = await createGuardedWebSocket(LOCAL)(address, call);
  onTestFinished(async () => void (await socket.close(1)));
  return socket;
};
const failed = (address: string, call: WebSocketCall = {}): Promise<PlatformError> =>
  open(address, call).then(
    () => Promise.reject(new Error("expected it to fail")),
    (error: unknown) => PlatformError.from(error),
  );
/** One that says something behind its handshake. */
const saying = (...parts: readonly (string | Buffer)[]): Promise<string> =>
  rawServer((socket, request) => {
    socket.write(accept(request));
    for (const part of parts) socket.write(part);
  });

test("messages come in order, also those that came along with the handshake, and none of them is lost", async () => {
  const address = await rawServer((socket, request) =>
    socket.write(
      Buffer.concat([Buffer.from(accept(request)), frame("a"), frame("b"), frame(Buffer.of(1), { opcode: 2 })]),
    ),
  );
  const socket = await open(address);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await socket.next()).toEqual({ text: "a", bytes: 1 });
  expect(await socket.next()).toEqual({ text: "b", bytes: 1 });
  expect(await socket.next()).toEqual({ text: null, bytes: 1 });
});

test("the handshake carries what is set, and offers no compression", async () => {
  const asked = vi.fn<Say>((socket, request) => void socket.write(accept(request, "sec-websocket-protocol: two\r\n")));
  const address = await rawServer(asked);
  const socket = await open(`${address}/path?x=1`, { headers: { "x-api-key": "s3cret" }, protocols: ["one", "two"] });
  expect(socket.protocol).toBe("two");
  const request = asked.mock.calls[0]?.[1] ?? "";
  expect(request).toMatch(/^GET \/path\?x=1 HTTP\/1.1\r\n/);
  expect(request).toMatch(/x-api-key: s3cret\r\n/);
  expect(request).toMatch(/user-agent: agentcore\r\n/);
  expect(request).not.toMatch(/extensions/i);
});

test.each([
  [403, false, "refused the handshake with status 403"],
  [404, false, "status 404"],
  [503, true, "status 503"],
  [200, false, "status 200"],
  [301, false, "which is not followed"],
])("status %i in place of a handshake is a refusal", async (status, mayPass, why) => {
  const address = await rawServer((socket) =>
    socket.write(`HTTP/1.1 ${status} No\r\nlocation: ws://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n`),
  );
  const error = await failed(address);
  expect(error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: mayPass, details: { status } });
  expect(error.message).toContain(why);
  expect(RetryableError.is(error)).toBe(mayPass);
});

test.each<[string, Say, boolean]>([
  ["no HTTP", (socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"), true],
  ["another key", (socket, request) => void socket.write(accept(request).replace(/accept: .*/, "accept: AAAA")), false],
  [
    "no upgrade",
    (socket, request) => void socket.write(accept(request).replace("upgrade: websocket", "upgrade: h2c")),
    false,
  ],
  [
    "extensions nobody asked for",
    (socket, request) => void socket.write(accept(request, "sec-websocket-extensions: permessage-deflate\r\n")),
    false,
  ],
  [
    "a subprotocol nobody asked for",
    (socket, request) => void socket.write(accept(request, "sec-websocket-protocol: x\r\n")),
    false,
  ],
  ["an end", (socket) => void socket.end(), true],
])("%s in place of a handshake is told, and holds nothing", async (_what, say, mayPass) => {
  const error = await failed(await rawServer(say));
  expect(error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: mayPass });
});

test("a server that takes none of the subprotocols is not spoken to", async () => {
  const address = await saying();
  expect((await failed(address, { protocols: ["one"] })).message).toContain("subprotocol");
});

test("a handshake that never comes, or drips, is given up in its time", async () => {
  const drips: Say = (socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nx: ");
    const timer = setInterval(() => socket.write("a"), 5);
    socket.once("close", () => clearInterval(timer));
  };
  for (const address of [await rawServer(() => undefined), await rawServer(drips)]) {
    const error = await failed(address, { openTimeoutMs: 60 });
    expect(error.message).toContain("in 60 ms");
    expect(RetryableError.is(error)).toBe(true);
  }
});

test("nobody listens: nothing has left, and it may be tried again", async () => {
  const error = await failed("ws://127.0.0.1:1");
  expect(RetryableError.is(error)).toBe(true);
  expect(error.message).toContain("ECONNREFUSED");
});

test("a message over its bound ends the connection before it is read: by what it says of itself, and by its pieces", async () => {
  const long = [frame("x", { length: 2 ** 40 })];
  const pieces = [frame("x".repeat(60), { last: false }), frame("x".repeat(60), { opcode: 0, last: false })];
  for (const frames of [long, pieces]) {
    const socket = await open(await saying(frame("fits"), ...frames), { maxMessageBytes: 100 });
    expect(await socket.next()).toEqual({ text: "fits", bytes: 4 });
    expect(await socket.next()).toBeNull();
    expect(socket.end?.fault).toMatchObject({ code: "TOO_LARGE", details: { bytes: 100 } });
  }
});

test("a message in pieces of nothing ends, too", async () => {
  const nothing = Buffer.concat(Array.from({ length: 2000 }, () => frame("", { opcode: 0, last: false })));
  const socket = await open(await saying(frame("x", { last: false }), nothing));
  expect(await socket.next()).toBeNull();
  expect(socket.end?.fault?.code).toBe("UPSTREAM_FAILED");
});

test.each([
  ["a masked frame", Buffer.of(0x81, 0x81, 1, 2, 3, 4, 5)],
  ["a reserved bit", Buffer.of(0xc1, 0x01, 0x61)],
  ["an opcode that there is not", frame("x", { opcode: 3 })],
  ["a piece of nothing begun", frame("x", { opcode: 0 })],
  ["bytes that are no text", frame(Buffer.of(0xff, 0xfe))],
])("%s is against the protocol, and ends the connection", async (_what, bytes) => {
  const socket = await open(await saying(bytes));
  expect(await socket.next()).toBeNull();
  expect(socket.end?.fault).toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
});

test("the end is told as the server says it, and as 1006 where it says nothing, mid-frame as well", async () => {
  const reason = Buffer.concat([Buffer.of(0x0f, 0xa1), Buffer.from("not today")]);
  const said = await open(await saying(frame("last"), frame(reason, { opcode: 8 })));
  expect(await said.next()).toEqual({ text: "last", bytes: 4 });
  expect(await said.next()).toBeNull();
  expect(said.end).toEqual({ code: 4001, reason: "not today" });
  const cut = await open(
    await rawServer((socket, request) => {
      socket.write(accept(request));
      socket.end(frame("half", { length: 100 }));
    }),
  );
  expect(await cut.next()).toBeNull();
  expect(cut.end).toEqual({ code: 1006, reason: "" });
});

test("what is sent on a connection that is over has not left", async () => {
  const socket = await open(await saying(frame(Buffer.alloc(0), { opcode: 8 })));
  expect(await socket.next()).toBeNull();
  const error = await socket.send("x").catch((thrown: unknown) => thrown);
  expect(RetryableError.is(error)).toBe(true);
});

test("a server that pushes without end is read no faster than somebody asks", async () => {
  let written = 0;
  const message = frame("x".repeat(10_000));
  const address = await rawServer((socket, request) => {
    socket.write(accept(request));
    const more = (): void => {
      while (!socket.destroyed && socket.write(message)) written += message.length;
      if (!socket.destroyed) socket.once("drain", more);
    };
    more();
  });
  const socket = await open(address);
  expect((await socket.next())?.bytes).toBe(10_000);
  let before = -1;
  // Until the buffers of the network are full.
  await expect.poll(() => before === (before = written), { interval: 50 }).toBe(true);
  const full = written;
  for (let count = 0; count < 200; count += 1) await socket.next();
  expect(full).toBeLessThan(32 * 1024 * 1024);
  await expect.poll(() => written).toBeGreaterThan(full);
});

test("a goodbye that nobody answers takes no longer than it may", async () => {
  const address = await rawServer((socket, request) => {
    socket.write(accept(request));
    const timer = setInterval(() => socket.write(frame("more")), 1);
    socket.once("close", () => clearInterval(timer));
  });
  const socket = await open(address);
  await socket.next();
  expect(await socket.close(50)).toMatchObject({ code: 1006 });
  expect(await socket.close(50)).toMatchObject({ code: 1006 });
});

test("its signal ends the handshake, the wait for a message, and the connection", async () => {
  const never = await rawServer(() => undefined);
  const controller = new AbortController();
  const opening = open(never, { signal: controller.signal });
  setImmediate(() => controller.abort(new Error("enough")));
  await expect(opening).rejects.toThrow("enough");
  let gone = false;
  const address = await rawServer((socket, request) => {
    socket.write(accept(request));
    socket.once("close", () => {
      gone = true;
    });
  });
  const ending = new AbortController();
  const socket = await open(address, { signal: ending.signal });
  const waiting = socket.next();
  setImmediate(() => ending.abort(new Error("enough")));
  await expect(waiting).rejects.toThrow("enough");
  await expect(socket.next()).rejects.toThrow("enough");
  await expect.poll(() => gone).toBe(true);
  await expect(open(address, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
});

test("addresses are judged as those of HTTP are: by number, by name, where a name leads, and with a key", async () => {
  const address = await saying(frame("inside"));
  const port = new URL(address).port;
  const outside = { ...LOCAL, allowLoopback: false };
  const refused = { code: "CONFIG_INVALID" };
  for (const text of [
    address,
    `ws://2130706433:${port}`,
    `ws://[::ffff:127.0.0.1]:${port}`,
    `ws://localhost:${port}`,
    "ws://169.254.169.254/",
    "ws://10.0.0.1/",
  ])
    await expect(createGuardedWebSocket(outside)(text)).rejects.toMatchObject(refused);
  const lookup: Lookup = (_host, _options, callback) =>
    callback(null, [
      { address: "93.184.216.34", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ]);
  await expect(createGuardedWebSocket({ ...outside, lookup })("ws://rebound.example")).rejects.toMatchObject(refused);
  const away: Lookup = (_host, _options, callback) => callback(null, [{ address: "93.184.216.34", family: 4 }]);
  await expect(
    createGuardedWebSocket({ ...LOCAL, sendsSecret: true, lookup: away })("ws://api.example"),
  ).rejects.toMatchObject({ ...refused, message: expect.stringContaining("https") });
  await expect(createGuardedWebSocket(LOCAL)("ftp://127.0.0.1")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("what a name leads to is what is connected to, though it leads elsewhere a moment later", async () => {
  const address = await saying(frame("here"));
  let asked = 0;
  const lookup: Lookup = (_host, _options, callback) => {
    asked += 1;
    callback(null, [{ address: asked === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }]);
  };
  const socket = await createGuardedWebSocket({ ...LOCAL, lookup })(address.replace("127.0.0.1", "rebound.example"));
  expect(await socket.next()).toMatchObject({ text: "here" });
  expect(asked).toBe(1);
  await socket.close(1);
});

test("this machine is connected to where it was named, by whichever scheme, and nowhere else", async () => {
  const [named, other] = [await saying(frame("here")), await saying()];
  for (const origin of [named, named.replace("ws:", "http:")]) {
    const openNamed = createNamedWebSocket({
      ...{ named: [{ origin, sendsSecret: false }], allowPrivate: false, option: "--allow" },
    });
    const socket = await openNamed(named);
    expect(await socket.next()).toMatchObject({ text: "here" });
    await socket.close(1);
    await expect(openNamed(other)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(openNamed("nonsense")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  }
});

test("a server that reads nothing of what is sent holds nobody: its connection is ended", async () => {
  const address = await rawServer((socket, request) => {
    socket.write(accept(request));
    socket.pause();
  });
  const socket = await open(address, { sendTimeoutMs: 200 });
  const sendAll = async (): Promise<void> => {
    for (let count = 0; count < 64; count += 1) await socket.send("x".repeat(1024 * 1024));
  };
  await expect(sendAll()).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", message: expect.stringContaining("has taken nothing of what is sent for 200 ms") },
  });
  expect(await socket.next()).toBeNull();
  expect(socket.end?.fault).toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
});

test("a header that cannot be sent is told by its name, and not by the secret that stands in it", async () => {
  const error = await failed("ws://127.0.0.1:9", { headers: { authorization: "Bearer s3cret\n" } });
  expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining('"authorization"') });
  expect(JSON.stringify(error)).not.toContain("s3cret");
});

test("what a server says when it closes tells no secret", async () => {
  const reason = Buffer.concat([Buffer.from([0x03, 0xf0]), Buffer.from("no such token: s3cret")]);
  const socket = await open(await saying(frame(reason, { opcode: 8 })), { secrets: ["s3cret", ""] });
  expect(await socket.next()).toBeNull();
  expect(socket.end).toEqual({ code: 1008, reason: "no such token: ***" });
});

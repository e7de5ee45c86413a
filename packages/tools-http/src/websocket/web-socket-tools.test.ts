import { PlatformError, RetryableError } from "@agentcore/contract";
import { describe, expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import { call, serve, surroundingsOf } from "../../test/local-server.ts";
import { type SocketServer, serveSockets } from "../../test/socket-server.ts";
import { webSocketLibrary } from "../index.ts";
import type { WebSocketOptions } from "./web-socket-options.ts";
import { webSocketTools } from "./web-socket-tools.ts";

const open = async (
  options: WebSocketOptions,
  secrets: Record<string, string> = {},
  more: Parameters<typeof surroundingsOf>[2] = {},
) => {
  const judged = await webSocketLibrary.options["~standard"].validate(options);
  if (judged.issues !== undefined) throw new Error(judged.issues.map(({ message }) => message).join("; "));
  const reaches = webSocketLibrary.reaches?.(judged.value) ?? [];
  return webSocketLibrary.open(judged.value, surroundingsOf(reaches, secrets, more));
};

const desk = (server: SocketServer, more: Partial<WebSocketOptions> = {}) =>
  open({ connections: { desk: { url: server.url } }, send: { approval: "never" }, ...more });

const json = (socket: WebSocket, ...messages: readonly unknown[]): void => {
  for (const message of messages) socket.send(JSON.stringify(message));
};

const failure = (work: Promise<unknown>): Promise<PlatformError> =>
  work.then(
    (result) => Promise.reject(new Error(`expected it to fail, got ${JSON.stringify(result)}`)),
    (error: unknown) => PlatformError.from(error),
  );

describe("an answer", () => {
  test("is the next message: JSON as JSON, text as text, of bytes only how many", async () => {
    const server = await serveSockets((socket, text) => {
      if (text === "bytes") socket.send(Buffer.alloc(3));
      else socket.send(text);
    });
    const tools = await desk(server);
    const send = (input: object) => call(tools, "websocket_send", input);
    expect(await send({ json: { id: 1 } })).toEqual({ messages: [{ json: { id: 1 } }], ended: "count" });
    expect(await send({ text: "plain {" })).toEqual({ messages: [{ text: "plain {" }], ended: "count" });
    expect(await send({ text: "bytes" })).toMatchObject({ messages: [{ omitted: "3 bytes that are no text" }] });
    expect(server.received).toEqual(['{"id":1}', "plain {", "bytes"]);
    expect(server.requests).toHaveLength(3);
  });

  test("is the first that matches, where others come between", async () => {
    const server = await serveSockets((socket) => {
      socket.send("no json");
      json(socket, { event: "tick" }, { id: "7" }, [7], { id: 7, ok: true }, { id: 7, late: true });
    });
    const answer = await call(await desk(server), "websocket_send", { json: { id: 7 }, match: { at: "id", is: 7 } });
    expect(answer).toEqual({ messages: [{ json: { id: 7, ok: true } }], ended: "count", passedOver: 4 });
  });

  test("is as many as are asked for, or all up to one that says that it is the last", async () => {
    const server = await serveSockets((socket) =>
      json(socket, { part: 1 }, { other: 1 }, { part: 2 }, { done: true }, { part: 3 }),
    );
    const tools = await desk(server);
    const send = (input: object) => call(tools, "websocket_send", { text: "x", ...input });
    expect(await send({ count: 2 })).toMatchObject({ messages: [{ json: { part: 1 } }, { json: { other: 1 } }] });
    expect(await send({ until: { at: "done", is: true } })).toMatchObject({
      ...{ ended: "until", messages: [{}, {}, {}, { json: { done: true } }] },
    });
    const matched = { match: { at: "part", is: 2 }, until: { at: "done", is: true } };
    expect(await send(matched)).toEqual({
      ...{ ended: "until", messages: [{ json: { part: 2 } }, { json: { done: true } }], passedOver: 2 },
    });
  });

  test("is what comes until it is quiet, for a time, or until the service has said all", async () => {
    const ticking = await serveSockets((socket) => {
      const timer = setInterval(() => json(socket, { tick: true }), 5);
      socket.once("close", () => clearInterval(timer));
    });
    const forSome = await call(await desk(ticking), "websocket_send", { text: "x", forMs: 60 });
    expect(forSome).toMatchObject({ ended: "time", messages: expect.arrayContaining([{ json: { tick: true } }]) });
    const closing = await serveSockets((socket, text) => {
      json(socket, 1, 2);
      if (text === "close") socket.close(1000);
    });
    const tools = await desk(closing);
    expect(await call(tools, "websocket_send", { text: "x", quietMs: 40 })).toEqual({
      ...{ messages: [{ json: 1 }, { json: 2 }], ended: "quiet" },
    });
    expect(await call(tools, "websocket_send", { text: "close", quietMs: 5000 })).toEqual({
      ...{ messages: [{ json: 1 }, { json: 2 }], ended: "closed" },
    });
  });

  test("is none where none is waited for, once the service has read what was sent", async () => {
    const server = await serveSockets(() => undefined);
    expect(await call(await desk(server), "websocket_send", { json: { a: 1 }, count: 0 })).toEqual({
      ...{ messages: [], ended: "count" },
    });
    expect(server.received).toEqual(['{"a":1}']);
  });

  test("is cut at its bounds, and says so", async () => {
    const server = await serveSockets((socket) => json(socket, "a", "b", "c", "d", "e"));
    const few = await desk(server, { maxMessages: 3 });
    const until = { until: { at: "never", is: 1 } };
    expect(await call(few, "websocket_send", { text: "x", ...until })).toMatchObject({
      ...{ ended: "full", messages: [{ json: "a" }, { json: "b" }, { json: "c" }] },
    });
    await expect(call(few, "websocket_send", { text: "x", count: 4 })).rejects.toThrow();
    const long = await serveSockets((socket) => json(socket, "x".repeat(1000), "y".repeat(1000)));
    const short = await desk(long, { maxBytes: 1500 });
    const result = (await call(short, "websocket_send", { text: "x", ...until })) as { messages: unknown[] };
    expect(result).toMatchObject({ ended: "full" });
    expect(result.messages).toHaveLength(1);
  });
});

describe("what fails", () => {
  test("closed before the answer it tells how; what was sent is unknown, what may come twice is tried again", async () => {
    let code = 4003;
    const server = await serveSockets((socket) => socket.close(code, "not for you"));
    const unknown = await failure(call(await desk(server), "websocket_send", { text: "x" }));
    expect(unknown).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      details: { closeCode: 4003, closeReason: "not for you" },
    });
    expect(unknown.message).toMatch(/code 4003: not for you\); what was sent may or may not/);
    const careful = await desk(server, { send: { approval: "never", idempotent: true } });
    const send = () => failure(call(careful, "websocket_send", { text: "x" }));
    expect(await send()).toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
    code = 1013;
    expect(await send()).toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    expect(
      await failure(call(careful, "websocket_send", { text: "x", count: 2, until: { at: "a", is: 1 } })),
    ).toMatchObject({
      ...{ code: "UPSTREAM_FAILED", message: expect.stringContaining("before the answer") },
    });
  });

  test("cut off in the middle of what was collected, it is no end of it", async () => {
    const server = await serveSockets((socket) => {
      json(socket, 1);
      setTimeout(() => socket.terminate(), 10);
    });
    const tools = await desk(server, { send: { approval: "never", readOnly: true } });
    expect(await failure(call(tools, "websocket_send", { text: "x", quietMs: 5000 }))).toMatchObject({
      ...{ code: "UPSTREAM_FAILED", details: { closeCode: 1006 }, message: expect.stringContaining("was over") },
    });
  });

  test("a message over its bound is told as such", async () => {
    const server = await serveSockets((socket) => socket.send("x".repeat(2000)));
    const bounds = { maxMessageBytes: 1024 };
    const unknown = await failure(call(await desk(server, bounds), "websocket_send", { text: "x" }));
    expect(unknown).toMatchObject({ code: "OUTCOME_UNKNOWN", message: expect.stringContaining("over 1024 bytes") });
    const reading = await desk(server, { ...bounds, send: { approval: "never", readOnly: true } });
    expect(await failure(call(reading, "websocket_send", { text: "x" }))).toMatchObject({ code: "TOO_LARGE" });
  });

  test("what could not be connected to was not sent, and may be", async () => {
    const refusing = await serve((_request, response) => response.end());
    onTestFinished(() => refusing.close());
    const tools = await open({
      ...{ connections: { desk: { url: refusing.origin.replace("http", "ws") } }, send: { approval: "never" } },
    });
    expect(await failure(call(tools, "websocket_send", { text: "x" }))).toMatchObject({ code: "UPSTREAM_FAILED" });
    await refusing.close();
    expect(RetryableError.is(await failure(call(tools, "websocket_send", { text: "x" })))).toBe(true);
  });

  test("time that is over, and a call that is given up, end the connection", async () => {
    const left: boolean[] = [];
    const server = await serveSockets(
      () => undefined,
      (socket) => void socket.once("close", () => left.push(true)),
    );
    const tools = await desk(server, { timeoutMs: 100 });
    expect(tools.map(({ timeoutMs }) => timeoutMs)).toEqual([100, 100]);
    const calling = call(tools, "websocket_send", { text: "x" }, AbortSignal.timeout(60));
    await expect(calling).rejects.toMatchObject({ name: "TimeoutError" });
    await expect.poll(() => left).toEqual([true]);
  });

  test("neither or both of json and text, too much of it, and a connection that there is not, are refused before anything is sent", async () => {
    const server = await serveSockets(() => undefined);
    const tools = await desk(server, { send: { approval: "never", maxMessageBytes: 3 } });
    for (const input of [{}, { json: 1, text: "1" }, { text: "1234" }])
      expect(await failure(call(tools, "websocket_send", input))).toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(call(tools, "websocket_send", { connection: "other", text: "1" })).rejects.toThrow();
    await expect(call(tools, "websocket_send", { text: "1", match: { at: "a..b", is: 1 } })).rejects.toThrow(/path/);
    expect(server.requests).toEqual([]);
  });
});

describe("what is said first", () => {
  const opening = [
    { expect: { at: "type", is: "auth_required" } },
    { send: { type: "auth", token: { env: "HOME_TOKEN" } }, expect: { at: "type", is: "auth_ok" } },
  ];
  const home = () =>
    serveSockets(
      (socket, text) => {
        const { type, token } = JSON.parse(text) as { type: string; token?: string };
        if (type === "auth" && token !== "s3cret") return socket.close(4001, "wrong token");
        json(socket, type === "auth" ? { type: "auth_ok" } : { type: "result" });
      },
      (socket) => json(socket, { type: "hello" }, { type: "auth_required" }),
    );

  test("comes before what is sent, with secrets that no model sees", async () => {
    const server = await home();
    const tools = await open(
      {
        connections: { home: { url: server.url, headers: { "x-api-key": { env: "HOME_KEY" }, lang: "no" }, opening } },
        send: { approval: "never" },
      },
      { HOME_TOKEN: "s3cret", HOME_KEY: "k3y" },
    );
    const answer = await call(tools, "websocket_send", { json: { type: "states" } });
    expect(answer).toMatchObject({ messages: [{ json: { type: "result" } }] });
    expect(JSON.stringify(answer)).not.toContain("s3cret");
    expect(server.received).toEqual(['{"type":"auth","token":"s3cret"}', '{"type":"states"}']);
    expect(server.requests[0]?.headers).toMatchObject({ "x-api-key": "k3y", lang: "no" });
  });

  test("where it is not answered as expected, nothing was asked yet", async () => {
    const server = await home();
    const connections = { home: { url: server.url, opening } };
    const denied = await open({ connections, send: { approval: "never" } }, { HOME_TOKEN: "guessed" });
    const error = await failure(call(denied, "websocket_send", { text: "x" }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: false, details: { closeCode: 4001 } });
    expect(error.message).toContain("before its opening was over (code 4001: wrong token)");
    const mute = await serveSockets(() => undefined);
    const waiting = await open({ connections: { home: { url: mute.url, opening } }, openTimeoutMs: 100 });
    const late = await failure(call(waiting, "websocket_read", {}));
    expect(late.message).toContain("did not say what was expected first in 100 ms");
    expect(RetryableError.is(late)).toBe(true);
  });
});

describe("where it goes", () => {
  test("what is pushed is read without a word, where nothing is said of sending", async () => {
    const server = await serveSockets(
      () => undefined,
      (socket) => json(socket, { price: 1 }, { price: 2 }),
    );
    const tools = await open({
      connections: { prices: { url: server.url }, other: { url: "wss://x.example" } },
      permission: "prices:read",
    });
    expect(tools).toMatchObject([{ name: "websocket_read", readOnly: true, permission: "prices:read" }]);
    expect(await call(tools, "websocket_read", { connection: "prices", count: 2 })).toMatchObject({
      messages: [{ json: { price: 1 } }, { json: { price: 2 } }],
    });
    await expect(call(tools, "websocket_read", { connection: "prices", count: 0 })).rejects.toThrow();
  });

  test("what is sent goes to connections that are named for it, after people were asked", async () => {
    const tools = await open({
      connections: { desk: { url: "wss://desk.example" }, feed: { url: "wss://feed.example" } },
      send: { connections: ["desk"], permission: "desk:send" },
    });
    expect(tools[1]).toMatchObject({
      ...{ name: "websocket_send", approval: "always", permission: "desk:send" },
      ...{ idempotent: false, readOnly: false },
    });
    await expect(call(tools, "websocket_send", { connection: "feed", text: "x" })).rejects.toThrow('expected "desk"');
  });

  test("it is judged as HTTP is: private networks, metadata, where a name leads, keys in the clear", async () => {
    const refused = async (url: string, more: object = {}, lookup?: unknown) => {
      const tools = await open(
        { connections: { desk: { url, ...more } } },
        { DESK_KEY: "k" },
        lookup === undefined ? {} : { lookup: lookup as never },
      );
      return failure(call(tools, "websocket_read", {}));
    };
    const to = (address: string) => (_host: string, _options: unknown, back: (error: null, all: object[]) => void) =>
      back(null, [{ address, family: 4 }]);
    for (const url of ["ws://10.0.0.1", "ws://169.254.169.254/"])
      expect((await refused(url)).code).toBe("CONFIG_INVALID");
    const inside = await refused("ws://intranet.example", {}, to("10.9.8.7"));
    expect(inside.code).toBe("CONFIG_INVALID");
    expect(JSON.stringify(inside.toJSON())).not.toContain("10.9.8.7");
    const clear = await refused("ws://api.example", { headers: { "x-key": { env: "DESK_KEY" } } }, to("93.184.216.34"));
    expect(clear.message).toContain("a key goes over https");
    const told = { opening: [{ send: { key: { env: "DESK_KEY" } } }] };
    expect((await refused("ws://api.example", told, to("93.184.216.34"))).message).toContain("a key goes over https");
  });

  test("in code it is the same, with the variables of the process", async () => {
    const server = await serveSockets((socket, text) => socket.send(text));
    const tools = webSocketTools({ connections: { desk: { url: server.url } }, send: { approval: "never" } });
    expect(await call(tools, "websocket_send", { text: "x" })).toMatchObject({ messages: [{ text: "x" }] });
    expect(() => webSocketTools({ connections: {} })).toThrow(/1 to 20/);
  });
});

test.each([
  [{ connections: { "A b": { url: "wss://a.example" } } }, /lower-case/],
  [{ connections: { a: { url: "https://a.example" } } }, /expected a ws/],
  [{ connections: { a: { url: "wss://a.example" } }, send: { connections: ["b"] } }, /expected one of a/],
  [{ connections: { a: { url: "wss://a.example" } }, send: { readOnly: true, idempotent: false } }, /does no harm/],
])("options that could do harm, or nothing, are refused: %j", async (options, message) => {
  await expect(open(options as WebSocketOptions)).rejects.toThrow(message);
});

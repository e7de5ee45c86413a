import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { createGuardedFetch } from "./guarded-fetch.ts";

const guarded = createGuardedFetch({
  ...{ allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--open", maxAnswerBytes: 1_000 },
});

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, "close");
  }
});

const CHUNKED = "Transfer-Encoding: chunked\r\n\r\n";
const CHUNK = `400\r\n${"x".repeat(1024)}\r\n`;

/** Answers each request with those bytes and leaves the connection open; `ended` when the caller has ended it. */
const serve = async (answer: string, isEndless = false) => {
  const asked = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const pour = (): void => {
      while (!socket.destroyed && socket.write(CHUNK));
    };
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      ended.resolve();
    });
    socket.once("data", (data) => {
      asked.resolve(data.toString());
      socket.write(answer);
      if (!isEndless) return;
      socket.on("drain", pour);
      pour();
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked: asked.promise,
    ended: ended.promise,
  };
};

/** Begins an answer of 100 bytes, which is written by hand. */
const serveByHand = async () => {
  const { url } = await serve("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  const socket = (): Socket => [...sockets][0] as Socket;
  return { url, write: (text: string) => void socket().write(text), cut: () => void socket().destroy() };
};

test("an answer comes with its status, its headers and its body", async () => {
  const { url } = await serve("HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
  const response = await guarded(url, { method: "POST", body: "{}" });
  expect(response.status).toBe(201);
  expect(response.headers.get("x-a")).toBe("b");
  expect(await response.text()).toBe("hello");
});

test.each([204, 205, 304])("a %i that goes on without end is not downloaded", async (status) => {
  const { url, ended } = await serve(`HTTP/1.1 ${status} x\r\n${CHUNKED}`, true);
  const response = await guarded(url);
  expect(response.status).toBe(status);
  expect(response.body).toBeNull();
  await ended;
});

test.each([600, 999, 101])("a %i, which no answer has, fails as a lost connection does and ends it", async (status) => {
  const { url, ended } = await serve(`HTTP/1.1 ${status} x\r\nUpgrade: x\r\nConnection: Upgrade\r\n${CHUNKED}`, true);
  await expect(guarded(url)).rejects.toThrow(new TypeError("fetch failed"));
  await ended;
});

test.each([600, 99])(
  "a %i fails also where the process has a Response that takes any status, as a node has",
  async (status) => {
    const { url, ended } = await serve(`HTTP/1.1 ${String(status).padStart(3, "0")} x\r\n${CHUNKED}`, true);
    vi.stubGlobal("Response", class {});
    try {
      await expect(guarded(url)).rejects.toThrow(new TypeError("fetch failed"));
    } finally {
      vi.unstubAllGlobals();
    }
    await ended;
  },
);

test("a body over its bound fails, and its connection ends", async () => {
  const { url, ended } = await serve(`HTTP/1.1 200 OK\r\n${CHUNKED}`, true);
  await expect((await guarded(url)).text()).rejects.toMatchObject({ code: "TOO_LARGE" });
  await ended;
});

test("a body that comes slowly comes whole, and one that is cut off fails", async () => {
  const { url, write, cut } = await serveByHand();
  const { body } = await guarded(url);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const read = async () => Buffer.from((await reader.read()).value ?? []).toString();
  for (const part of ["first", "second"]) {
    write(part);
    expect(await read()).toBe(part);
  }
  cut();
  await expect(reader.read()).rejects.toThrow("terminated");
});

test("a body that is cancelled ends its connection", async () => {
  const { url, ended } = await serve(`HTTP/1.1 200 OK\r\n${CHUNKED}`, true);
  await (await guarded(url)).body?.cancel();
  await ended;
});

test("a body that nobody reads ends with the signal of its call, by the signal's reason", async () => {
  const { url, ended } = await serve(`HTTP/1.1 200 OK\r\n${CHUNKED}`, true);
  const controller = new AbortController();
  const response = await guarded(url, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await ended;
  await expect(response.text()).rejects.toThrow("enough");
});

const collectGarbage = async (): Promise<void> => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What is held weakly is let go of in a turn of its own.
  for (let round = 0; round < 3; round += 1) {
    await setImmediate();
    collect();
  }
};

test.each([
  ["a GET", (url: string, signal: AbortSignal) => guarded(url, { signal })],
  ["a Request", (url: string, signal: AbortSignal) => guarded(new Request(url, { signal }))],
])("the signal of %s ends it, whatever was collected as garbage meanwhile", async (_, begin) => {
  const { url, ended } = await serve("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  const stop = new AbortController();
  const answer = await begin(url, stop.signal);
  await collectGarbage();
  const failed = expect(answer.text()).rejects.toThrow("enough");
  stop.abort(new Error("enough"));
  await failed;
  await ended;
});

test("a name that leads where nothing goes is not called", async () => {
  const fetchByName = createGuardedFetch({
    ...{ allowLoopback: true, allowPrivate: true, sendsSecret: false, option: "--open" },
    lookup: (_name, _options, callback) => callback(null, [{ address: "169.254.169.254", family: 4 }]),
  });
  await expect(fetchByName("http://hook.example/")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

/** Of a server that answers every request of a connection: how many connections it was called on. */
const serveKept = async (): Promise<{ url: string; connections: () => number }> => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://kept.example:${(server.address() as AddressInfo).port}/`, connections: () => connections };
};

test("calls share a connection where it is kept, to the address that was judged, until it is closed", async () => {
  const { url, connections } = await serveKept();
  let addresses = ["127.0.0.1"];
  const policy = {
    ...{ allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--open" },
    lookup: (_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      ),
  };
  const kept = createGuardedFetch({ ...policy, keepsConnections: true });
  const ask = async (fetchKept: typeof kept): Promise<string> =>
    (await fetchKept(url, { method: "POST", body: "x" })).text();
  expect(await ask(kept)).toBe("ok");
  // A turn later the connection is free: a server may close it with its answer, without having said so.
  await setImmediate();
  addresses = ["169.254.169.254"];
  expect(await ask(kept)).toBe("ok");
  expect(connections()).toBe(1);
  kept.close();
  await expect(ask(kept)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  addresses = ["127.0.0.1"];
  const single = createGuardedFetch(policy);
  expect([await ask(single), await ask(single)]).toEqual(["ok", "ok"]);
  expect(connections()).toBe(3);
});

test("an answer that is given up takes its kept connection along", async () => {
  const { url, ended } = await serve(`HTTP/1.1 200 OK\r\n${CHUNKED}`, true);
  const kept = createGuardedFetch({
    ...{ allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--open", keepsConnections: true },
  });
  const controller = new AbortController();
  const response = await kept(url, { method: "POST", body: "x", signal: controller.signal });
  controller.abort(new Error("enough"));
  await ended;
  await expect(response.text()).rejects.toThrow("enough");
});

test("whoever asks hears when the request has left, and not of one that nobody took", async () => {
  const { url } = await serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  let sent = 0;
  const onSent = (): void => void sent++;
  await expect(guarded("http://127.0.0.1:1", { method: "POST", body: "x" }, { onSent })).rejects.toThrow(
    "fetch failed",
  );
  expect(sent).toBe(0);
  await guarded(url, { method: "POST", body: "x".repeat(100_000) }, { onSent });
  expect(sent).toBe(1);
});

test("a call that ends while a connection is made ends at once, and the connection with it", async () => {
  const { url, ended } = await serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const asked = Promise.withResolvers<() => void>();
  const slowly = createGuardedFetch({
    ...{ allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--open", keepsConnections: true },
    lookup: (_name, _options, callback) => asked.resolve(() => callback(null, [{ address: "127.0.0.1", family: 4 }])),
  });
  const controller = new AbortController();
  let sent = 0;
  const call = slowly(
    url.replace("127.0.0.1", "slow.example"),
    { method: "POST", body: "x", signal: controller.signal },
    { onSent: () => sent++ },
  );
  const find = await asked.promise;
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  find();
  await ended;
  expect(sent).toBe(0);
});

test.each([
  ["closed", true, "close"],
  ["closed", false, "close"],
  ["aborted", false, "abort"],
] as const)(
  "a connection is made no further that is %s meanwhile, kept or not: %s",
  async (_how, keepsConnections, by) => {
    const { url, connections } = await serveKept();
    const asked = Promise.withResolvers<() => void>();
    const policy = { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--open" };
    const slowly = createGuardedFetch({
      ...{ ...policy, keepsConnections },
      lookup: (_name, _options, callback) => asked.resolve(() => callback(null, [{ address: "127.0.0.1", family: 4 }])),
    });
    const controller = new AbortController();
    const call = slowly(url, { method: "POST", body: "x", signal: controller.signal });
    const find = await asked.promise;
    if (by === "close") slowly.close();
    else controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow();
    find();
    // A later one comes after it.
    await (await guarded(url.replace("kept.example", "127.0.0.1"))).text();
    expect(connections()).toBe(1);
  },
);

test.each([true, false])(
  "calls under way end when all connections are closed, kept or not: %s",
  async (keepsConnections) => {
    const { url, ended } = await serve(`HTTP/1.1 200 OK\r\n${CHUNKED}`, true);
    const closing = createGuardedFetch({
      ...{ allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--open", keepsConnections },
    });
    const response = await closing(url, { method: "POST", body: "x" });
    closing.close();
    await expect(response.text()).rejects.toThrow("terminated");
    await ended;
  },
);

test.each([
  ["a record", { "X-A": " b ", "x-a": "c" }],
  ["Headers", new Headers({ "x-a": "b, c" })],
  [
    "a list",
    [
      ["x-a", "b"],
      ["X-A", "c"],
    ] as [string, string][],
  ],
])("headers are sent as %s gives them", async (_form, headers) => {
  const { url, asked } = await serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  await guarded(url, { method: "POST", body: "x", headers });
  expect((await asked).toLowerCase()).toContain("\r\nx-a: b, c\r\n");
});

test.each([{ "x-a": "b\r\nx-c: d" }, { "x a": "b" }, { "transfer-encoding": "chunked" }, { "x-a": "\u{1F600}" }])(
  "headers that would break the request are not sent: %o",
  async (headers) => {
    const { url } = await serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await expect(guarded(url, { method: "POST", body: "x", headers })).rejects.toThrow("fetch failed");
  },
);

test.each([true, false])(
  "what is not on the web is not called, with connections kept or not: %s",
  async (keepsConnections) => {
    const byWeb = createGuardedFetch({
      ...{ allowLoopback: true, allowPrivate: true, sendsSecret: false, option: "--open", keepsConnections },
    });
    for (const url of ["ftp://127.0.0.1:1/x", "data:text/plain,x"])
      await expect(byWeb(url, { method: "POST", body: "x" })).rejects.toThrow(new TypeError("fetch failed"));
  },
);

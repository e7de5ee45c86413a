import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Lookup } from "../guarded-lookup.ts";
import { openHostProxy, type RefusedHost } from "./open-host-proxy.ts";

/** All names lead to this machine, but for the internal. */
const lookup: Lookup = (name, _options, callback) => {
  if (name.startsWith("missing")) return callback(Object.assign(new Error(name), { code: "ENOTFOUND" }), []);
  callback(null, [{ address: name === "internal.example" ? "10.0.0.7" : "127.0.0.1", family: 4 }]);
};

const openProxy = async (
  hosts: readonly string[],
  policy: { allowLoopback?: boolean } = {},
  headTimeoutMs?: number,
) => {
  const refused: RefusedHost[] = [];
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const proxy = openHostProxy(listener, {
    hosts,
    policy: { allowLoopback: true, allowPrivate: false, option: "--allow-private", lookup, ...policy },
    onRefused: (each) => refused.push(each),
    headTimeoutMs,
  });
  onTestFinished(() => proxy.close());
  const open = async (): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  return { open, refused, proxy };
};

const openServer = async (answer: RequestListener) => {
  const server = createHttpServer(answer).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

const allOf = async (socket: Socket): Promise<string> => {
  let text = "";
  socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await once(socket, "close");
  return text;
};

const say = async (open: () => Promise<Socket>, text: string): Promise<string> => {
  const socket = await open();
  socket.write(text);
  return allOf(socket);
};

test("a tunnel leads to a host that is named, both ways, and each way has an end of its own", async () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    const pieces: Buffer[] = [];
    socket.on("data", (piece) => pieces.push(piece)).on("end", () => socket.end(Buffer.concat(pieces)));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void echo.close());
  await once(echo, "listening");
  const { port } = echo.address() as AddressInfo;
  const { open } = await openProxy([`echo.example:${port}`]);
  const socket = await open();
  // Who does not wait is heard, too.
  const body = "x".repeat(1_000_000);
  socket.end(`CONNECT echo.example:${port} HTTP/1.1\r\nhost: echo.example:${port}\r\n\r\n${body}`);
  const said = await allOf(socket);
  expect(said.split("\r\n\r\n")[0]).toBe("HTTP/1.1 200 Connection established");
  expect(said.endsWith(body)).toBe(true);
});

test("whole addresses of plain HTTP are asked for the host that was judged, without what is the connection's", async () => {
  const port = await openServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      response.writeHead(201, ["set-cookie", "a=1", "set-cookie", "b=2"]);
      response.end(JSON.stringify({ url: request.url, headers: request.headers, method: request.method, body }));
    });
  });
  const { open } = await openProxy([`plain.example:${port}`]);
  const said = await say(
    open,
    `POST http://plain.example:${port}/a?b=c HTTP/1.1\r\nhost: other.example\r\nproxy-authorization: Basic c2VjcmV0\r\nx-own: 1\r\nx-hop: 2\r\nconnection: close, x-hop\r\ncontent-length: 4\r\n\r\nbody`,
  );
  expect(said).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
  expect(said.match(/set-cookie: \w=\d/g)).toEqual(["set-cookie: a=1", "set-cookie: b=2"]);
  const seen = JSON.parse(/\{.*\}/.exec(said)?.[0] ?? "");
  expect(seen).toEqual({
    ...{ url: "/a?b=c", method: "POST", body: "body" },
    headers: { host: `plain.example:${port}`, "x-own": "1", "content-length": "4", connection: "close" },
  });
});

test.each([
  ["a name that is not listed", "CONNECT evil.example:443", "evil.example", 443],
  ["a listed name on another port", "CONNECT api.example:22", "api.example", 22],
  ["an address", "CONNECT 127.0.0.1:443", "127.0.0.1", 443],
  ["an address in another spelling", "CONNECT 2130706433:80", "2130706433", 80],
  ["an address of IPv6", "CONNECT [::1]:443", "[::1]", 443],
  ["an address with a zone like a name", "CONNECT ::1%x.wild.example:443", "::1?x.wild.example", 443],
  ["a name with something hidden in it", "CONNECT api.example%00.evil.example:443", "api.example?00.evil.example", 443],
  ["plain HTTP to a name that is not listed", "GET http://169.254.169.254/latest", "169.254.169.254", 80],
])("%s is refused, with an answer that says so, and told", async (_name, request, host, port) => {
  const { open, refused } = await openProxy(["api.example", "*.wild.example"]);
  const said = await say(open, `${request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  expect(said).toMatch(/^HTTP\/1\.1 403 /);
  expect(said).toContain("it is not among the hosts that may be reached");
  expect(refused).toEqual([{ host, port, why: "it is not among the hosts that may be reached" }]);
});

test("a listed name that leads to this machine or into a private network is refused without its address, unless that is allowed", async () => {
  const { open, refused } = await openProxy(["api.example", "internal.example"], { allowLoopback: false });
  const said = await say(open, "CONNECT api.example:443 HTTP/1.1\r\nhost: x\r\n\r\n");
  expect(said).toMatch(/^HTTP\/1\.1 403 /);
  expect(said).toContain("it is this machine, which is called only with --allow-private");
  const other = await say(open, "CONNECT internal.example:443 HTTP/1.1\r\nhost: x\r\n\r\n");
  expect(other).toContain("it is in a private network, which is called only with --allow-private");
  expect(`${said}${other}${JSON.stringify(refused)}`).not.toMatch(/10\.0\.0\.7|127\.0\.0\.1/);
  expect(refused.map(({ host }) => host)).toEqual(["api.example", "internal.example"]);
});

test("what cannot be reached, and what is no request to a proxy, is told apart from what may not", async () => {
  const closed = await openServer(() => undefined);
  const { open, refused } = await openProxy(["missing.example", "api.example:1", `api.example:${closed}`]);
  expect(await say(open, "CONNECT missing.example:443 HTTP/1.1\r\nhost: x\r\n\r\n")).toMatch(
    /^HTTP\/1\.1 502 [^]*ENOTFOUND/,
  );
  expect(await say(open, "CONNECT api.example:1 HTTP/1.1\r\nhost: x\r\n\r\n")).toMatch(
    /^HTTP\/1\.1 502 [^]*ECONNREFUSED/,
  );
  for (const request of ["GET /", "GET https://api.example/", "GET http://u:p@api.example/"])
    expect(await say(open, `${request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 [^]*this is a proxy/,
    );
  expect(await say(open, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(refused).toEqual([]);
});

test("a thousand requests sent at once are one: what follows a head is not read as another", async () => {
  const { open, refused } = await openProxy(["api.example"]);
  const said = await say(
    open,
    "GET http://a.example/ HTTP/1.1\r\nhost: x\r\n\r\nGET http://b.example/ HTTP/1.1\r\n\r\n".repeat(500),
  );
  expect(said.match(/HTTP\/1\.1 403/g)?.length).toBe(1);
  expect(refused.map(({ host }) => host)).toEqual(["a.example"]);
});

test("a head without end is cut off", async () => {
  const { open } = await openProxy(["api.example"]);
  const said = await say(open, `CONNECT api.example:443 HTTP/1.1\r\nx: ${"y".repeat(20_000)}`);
  expect(said).toMatch(/^HTTP\/1\.1 431 /);
});

test("who takes its time with a head, or says nothing, is told so and closed", async () => {
  const { open } = await openProxy(["api.example"], {}, 200);
  const [slow, silent] = [await open(), await open()];
  slow.write("CONNECT api.example:443 HTTP/1.1\r\nhost:");
  expect(await Promise.all([allOf(slow), allOf(silent)])).toEqual([
    ...[expect.stringMatching(/^HTTP\/1\.1 408 /), expect.stringMatching(/^HTTP\/1\.1 408 /)],
  ]);
});

test("of a program that asks for ever more, twenty hosts are told, each once", async () => {
  const { open, refused } = await openProxy(["api.example"]);
  const hosts = [...Array(30).keys()].flatMap((at) => [`h${at}.example`, `h${at}.example`]);
  await Promise.all(hosts.map((host) => say(open, `CONNECT ${host}:443 HTTP/1.1\r\nhost: x\r\n\r\n`)));
  expect(new Set(refused.map(({ host }) => host)).size).toBe(20);
  expect(refused.length).toBe(20);
});

test("it holds so many connections and no more, and all go with it", async () => {
  const port = await openServer(() => undefined);
  const { open, proxy } = await openProxy([`api.example:${port}`]);
  const sockets = await Promise.all([...Array(128)].map(open));
  const [tunnel] = sockets;
  tunnel?.write(`CONNECT api.example:${port} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(tunnel as Socket, "data");
  const more = await open();
  expect(await allOf(more)).toBe("");
  expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
  const closed = Promise.all(
    sockets.map((socket) =>
      once(
        socket.resume().on("error", () => undefined),
        "close",
      ),
    ),
  );
  proxy.close();
  await closed;
});

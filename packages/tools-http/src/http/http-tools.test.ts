import { PlatformError, RetryableError } from "@agentcore/contract";
import { expect, onTestFinished, test, vi } from "vitest";
import { call, type Served, serve, surroundingsOf } from "../../test/local-server.ts";
import { httpLibrary } from "../index.ts";
import type { HttpOptions, ReadHttpOptions } from "./http-options.ts";

type Handle = Parameters<typeof serve>[0];

const served = async (handle: Handle): Promise<Served> => {
  const server = await serve(handle);
  onTestFinished(() => server.close());
  return server;
};

const read = async (options: HttpOptions): Promise<ReadHttpOptions> => {
  const judged = await httpLibrary.options["~standard"].validate(options);
  if (judged.issues !== undefined) throw new Error(judged.issues.map(({ message }) => message).join("; "));
  return judged.value;
};

const open = async (
  options: HttpOptions,
  secrets: Record<string, string> = {},
  more: Parameters<typeof surroundingsOf>[2] = {},
) => {
  const given = await read(options);
  return httpLibrary.open(given, surroundingsOf(httpLibrary.reaches?.(given) ?? [], secrets, more));
};

const answer =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Handle =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

test("text, JSON and the text of a page are given as what they are", async () => {
  const bodies: Record<string, [string | Buffer, string]> = {
    "/text": ["plain", "text/plain"],
    "/json": ['{"a":[1]}', "application/problem+json; charset=utf-8"],
    "/page": ["<title>T</title><h1>Hi</h1>", "text/html"],
    "/latin": [Buffer.from("caf\xe9", "latin1"), "text/plain; charset=iso-8859-1"],
    "/meta": [Buffer.from('<meta charset="windows-1252"><p>\x80', "latin1"), "text/html"],
    "/bytes": [Buffer.from([0, 1, 2]), "image/png"],
    "/broken": ["{", "application/json"],
  };
  const { origin } = await served((request, response) => {
    const [body, type] = bodies[request.url ?? ""] ?? ["", ""];
    response.writeHead(200, { "content-type": type }).end(body);
  });
  const tools = await open({ origins: [origin] });
  const get = (path: string, more: object = {}) => call(tools, "http_get", { url: origin + path, ...more });
  expect(await get("/text")).toEqual({ status: 200, url: `${origin}/text`, contentType: "text/plain", text: "plain" });
  expect(await get("/json")).toMatchObject({ json: { a: [1] } });
  expect(await get("/page")).toMatchObject({ title: "T", text: "# Hi" });
  expect(await get("/page", { raw: true })).toMatchObject({ text: "<title>T</title><h1>Hi</h1>" });
  expect(await get("/latin")).toMatchObject({ text: "café" });
  expect(await get("/meta")).toMatchObject({ text: "€" });
  expect(await get("/bytes")).toMatchObject({ omitted: "image/png is no text" });
  expect(await get("/broken")).toMatchObject({ text: "{" });
  expect(await get("/text", { method: "HEAD" })).toMatchObject({ status: 200, contentType: "text/plain" });
});

test("a status that will not change is an answer; one that may is tried again when the server says", async () => {
  let retryAfter = "7";
  const { origin } = await served((request, response) => {
    const status = Number(request.url?.slice(1));
    response.writeHead(status, { "content-type": "text/plain", "retry-after": retryAfter }).end("said");
  });
  const tools = await open({ origins: [origin] });
  const get = (status: number) => call(tools, "http_get", { url: `${origin}/${status}` });
  expect(await get(404)).toMatchObject({ status: 404, text: "said" });
  await expect(get(503)).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true, retryAfterMs: 7000 });
  retryAfter = new Date(Date.now() + 60_000).toUTCString();
  const error = await get(429).catch((thrown: unknown) => thrown);
  expect((error as PlatformError).retryAfterMs).toBeGreaterThan(50_000);
  retryAfter = "100000";
  expect(await get(429)).toMatchObject({ status: 429, headers: { "retry-after": "100000" } });
});

test("no more is read of an answer than its bound, and no more of one that has no end", async () => {
  let written = 0;
  const { origin } = await served((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  });
  const tools = await open({ origins: [origin], maxBytes: 200_000, maxCharacters: 1000 });
  expect(await call(tools, "http_get", { url: origin })).toMatchObject({ text: "x".repeat(1000), isCut: true });
  // What lies in the buffers of the connection goes beyond what was read.
  expect(written).toBeLessThan(16 * 1024 * 1024);
});

test("one that dribbles is given up when its time is over", async () => {
  const { origin } = await served((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).write("a");
    const timer = setInterval(() => response.write("a"), 10);
    response.once("close", () => clearInterval(timer));
  });
  const tools = await open({ origins: [origin], timeoutMs: 100 });
  expect(tools[0]?.timeoutMs).toBe(100);
  await expect(call(tools, "http_get", { url: origin }, AbortSignal.timeout(100))).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

test("a body that comes encoded, and would unfold to anything, is not decoded", async () => {
  const { origin } = await served(answer("bomb", { "content-encoding": "gzip", "content-type": "text/plain" }));
  const tools = await open({ origins: [origin] });
  expect(await call(tools, "http_get", { url: origin })).toMatchObject({ omitted: "it is encoded as gzip" });
});

test("this machine, private networks and metadata are out of reach, by address, by name, and by redirect", async () => {
  const inside = await served(answer("secret"));
  const port = new URL(inside.origin).port;
  const targets = [
    inside.origin.replace("127.0.0.1", "localhost"),
    `http://[::ffff:127.0.0.1]:${port}`,
    `http://2130706433:${port}`,
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/",
    "http://rebound.example/",
  ];
  const lookup = vi.fn((_host: string, _options: unknown, callback: (error: null, all: object[]) => void) =>
    callback(null, [
      { address: "93.184.216.34", family: 4 },
      { address: "192.168.0.9", family: 4 },
    ]),
  );
  const tools = await open({}, {}, { lookup: lookup as never });
  for (const url of targets.slice(1))
    await expect(call(tools, "http_get", { url })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(lookup).toHaveBeenCalledOnce();

  const outside = await served((request, response) => {
    response.writeHead(302, { location: targets[Number(request.url?.slice(1))] }).end();
  });
  const named = await open({ headers: { [outside.origin]: {} } });
  for (const index of targets.keys())
    await expect(call(named, "http_get", { url: `${outside.origin}/${index}` })).rejects.toMatchObject({
      // A name that nobody knows is no answer, whoever is asked.
      code: index === targets.length - 1 ? "UPSTREAM_FAILED" : "PERMISSION_DENIED",
    });
  expect(inside.requests).toEqual([]);
});

test("what a private name leads to is not told", async () => {
  const lookup = (_host: string, _options: unknown, callback: (error: null, all: object[]) => void) =>
    callback(null, [{ address: "10.9.8.7", family: 4 }]);
  const tools = await open({}, {}, { lookup: lookup as never });
  const error = await call(tools, "http_get", { url: "http://intranet.example" }).catch((thrown: unknown) => thrown);
  expect((error as PlatformError).message).toContain("private network");
  expect(JSON.stringify(PlatformError.from(error).toJSON())).not.toContain("10.9.8.7");
});

test("only origins that are named are read, where some are, also after a redirect", async () => {
  const other = await served(answer("other"));
  const one = await served((_request, response) => response.writeHead(301, { location: other.origin }).end());
  const tools = await open({ origins: [one.origin] });
  for (const url of [other.origin, one.origin])
    await expect(call(tools, "http_get", { url })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(other.requests).toEqual([]);
  const both = await open({ origins: [one.origin, other.origin] });
  expect(await call(both, "http_get", { url: one.origin })).toMatchObject({ text: "other", url: `${other.origin}/` });
});

test("redirects end: in a ring after some, and never to what is not encrypted", async () => {
  const ring = await served((_request, response) => response.writeHead(302, { location: "/again" }).end());
  const tools = await open({ origins: [ring.origin], maxRedirects: 3 });
  await expect(call(tools, "http_get", { url: ring.origin })).rejects.toMatchObject({ retryable: false });
  expect(ring.requests).toHaveLength(4);
});

test.each(["http://[", "file:///etc/passwd", "javascript:1", "//user:pw@127.0.0.1/"])(
  "a redirect to %s leads nowhere",
  async (location) => {
    const { origin } = await served((_request, response) => response.writeHead(302, { location }).end());
    const tools = await open({ origins: [origin] });
    await expect(call(tools, "http_get", { url: origin })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  },
);

test("secrets go to their own origin, and to no other that it sends to", async () => {
  const other = await served(answer("other"));
  const one = await served((request, response) =>
    request.url === "/away" ? response.writeHead(307, { location: other.origin }).end() : response.end("one"),
  );
  const tools = await open(
    { origins: [one.origin, other.origin], headers: { [one.origin]: { "x-api-key": { env: "ONE_KEY" }, lang: "no" } } },
    { ONE_KEY: "s3cret" },
  );
  await call(tools, "http_get", { url: one.origin });
  expect(one.requests[0]?.headers).toMatchObject({ "x-api-key": "s3cret", lang: "no" });
  expect(await call(tools, "http_get", { url: `${one.origin}/away` })).toMatchObject({ text: "other" });
  expect(other.requests[0]?.headers).not.toHaveProperty("x-api-key");
  expect(JSON.stringify(other.requests)).not.toContain("s3cret");
});

test("nothing is sent where nothing is said of sending", async () => {
  expect((await open({})).map(({ name }) => name)).toEqual(["http_get"]);
});

test("what is sent goes to named origins, under the key of its step, after people were asked", async () => {
  const api = await served(answer('{"id":7}', { "content-type": "application/json" }, 201));
  const tools = await open({ send: { origins: [api.origin], methods: ["POST", "DELETE"], permission: "api:send" } });
  expect(tools[1]).toMatchObject({ name: "http_send", approval: "always", permission: "api:send", idempotent: false });
  expect(await call(tools, "http_send", { url: `${api.origin}/x`, json: { a: 1 } })).toMatchObject({
    ...{ status: 201, json: { id: 7 } },
  });
  expect(api.requests[0]).toMatchObject({
    ...{ method: "POST", url: "/x", body: '{"a":1}' },
    headers: { "content-type": "application/json", "idempotency-key": "key-of-the-step" },
  });
  await call(tools, "http_send", { url: api.origin, method: "DELETE" });
  expect(api.requests[1]).toMatchObject({ method: "DELETE", body: "" });
  await expect(call(tools, "http_send", { url: api.origin, method: "PUT" })).rejects.toThrow(/option/i);
  await expect(call(tools, "http_send", { url: "https://example.com/", text: "x" })).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
  });
  for (const contentType of ["text/plain\r\nx-evil: 1", "text/plain; a=\n"])
    await expect(call(tools, "http_send", { url: api.origin, text: "x", contentType })).rejects.toThrow();
  expect(api.requests).toHaveLength(2);
});

test("headers that are set for an origin take nothing from what a call needs", async () => {
  const api = await served(answer("ok"));
  const headers = {
    [api.origin]: { "Idempotency-Key": { env: "FIXED_KEY" }, "Content-Type": "text/html", "User-Agent": "desk" },
  };
  const tools = await open({ send: { origins: [api.origin] }, headers }, { FIXED_KEY: "fixed" });
  await call(tools, "http_send", { url: api.origin, json: 1 });
  expect(api.requests[0]?.headers).toMatchObject({
    ...{ "idempotency-key": "key-of-the-step", "content-type": "application/json", "user-agent": "desk" },
  });
});

test("a body over its bound is not sent, and no redirect is followed with one", async () => {
  const other = await served(answer("other"));
  const api = await served((_request, response) => response.writeHead(308, { location: other.origin }).end());
  const tools = await open({ send: { origins: [api.origin], maxBodyBytes: 10 } });
  await expect(call(tools, "http_send", { url: api.origin, text: "x".repeat(11) })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  expect(await call(tools, "http_send", { url: api.origin, text: "x" })).toMatchObject({
    ...{ status: 308, headers: { location: other.origin } },
  });
  expect(other.requests).toEqual([]);
});

test("a sending that is cut off is unknown, one that did not leave is tried again", async () => {
  const dying = await served((request) => request.socket.destroy());
  const tools = await open({ send: { origins: [dying.origin] } });
  const send = () => call(tools, "http_send", { url: dying.origin, text: "x" });
  await expect(send()).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  await dying.close();
  expect(RetryableError.is(await send().catch((thrown: unknown) => thrown))).toBe(true);
  const careful = await served((request) => request.socket.destroy());
  const again = await open({ send: { origins: [careful.origin], idempotent: true } });
  await expect(call(again, "http_send", { url: careful.origin })).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", retryable: true },
  });
});

test("a sending whose answer is cut off is unknown, though it was begun to be answered", async () => {
  const api = await served((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain", "content-length": "100" }).write("taken");
    setImmediate(() => response.destroy());
  });
  const send = async (idempotent: boolean) =>
    call(await open({ send: { origins: [api.origin], idempotent } }), "http_send", { url: api.origin, text: "x" });
  await expect(send(false)).rejects.toMatchObject({
    code: "OUTCOME_UNKNOWN",
    message: expect.stringContaining("status 200"),
  });
  await expect(send(true)).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
});

test("what is only sent to is not read, where all that is public may be", async () => {
  const api = await served(answer("inside"));
  const tools = await open({ send: { origins: [api.origin] } });
  await expect(call(tools, "http_get", { url: api.origin })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  const both = await open({ origins: [api.origin], send: { origins: [api.origin] } });
  expect(await call(both, "http_get", { url: api.origin })).toMatchObject({ text: "inside" });
});

test("the highest bound of an answer cuts it, too", async () => {
  const maxBytes = 33_554_432;
  const { origin } = await served(answer(Buffer.alloc(maxBytes + 65_536, "x"), { "content-type": "text/plain" }));
  const tools = await open({ origins: [origin], maxBytes, maxCharacters: 100 });
  expect(await call(tools, "http_get", { url: origin })).toMatchObject({ text: "x".repeat(100), isCut: true });
});

test("one that sends too much is told to wait, and tried again; of other failures nobody knows", async () => {
  let status = 429;
  const api = await served((_request, response) => response.writeHead(status, { "retry-after": "3" }).end("no"));
  const tools = await open({ send: { origins: [api.origin] } });
  const send = () => call(tools, "http_send", { url: api.origin, text: "x" });
  const error = await send().catch((thrown: unknown) => thrown);
  expect(RetryableError.is(error)).toBe(true);
  expect(error).toMatchObject({ retryAfterMs: 3000 });
  status = 503;
  expect(await send()).toMatchObject({ status: 503, text: "no" });
});

test.each([
  [{ origins: ["https://example.com/path"] }, /no path/],
  [{ origins: ["https://user:pw@example.com"] }, /no path, user/],
  [{ origins: ["file:///etc"] }, /expected an origin/],
  [{ headers: { "https://example.com": { authorization: "Bearer x" } } }, /never stand in a manifest/],
  [{ headers: { "https://example.com": { host: "x" } } }, /belongs to the connection/],
  [{ send: {} }, /expected array/],
])("options that could do harm, or nothing, are refused: %j", async (options, message) => {
  await expect(read(options as HttpOptions)).rejects.toThrow(message);
});

test.each(["ftp://example.com", "/etc/passwd", "http://user:pw@example.com/", "javascript:1"])(
  "%s is no address to read",
  async (url) => {
    await expect(call(await open({}), "http_get", { url })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  },
);

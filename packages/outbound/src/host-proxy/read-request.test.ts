import { expect, test } from "vitest";
import { readRequest } from "./read-request.ts";

test("a tunnel is to a host and a port, as they are written", () => {
  expect(readRequest(["CONNECT a.example:443 HTTP/1.1", "host: b.example"])).toEqual({
    ...{ host: "a.example", port: 443, head: null },
  });
  expect(readRequest(["CONNECT [::1]:80 HTTP/1.0"])).toEqual({ host: "[::1]", port: 80, head: null });
});

test("a whole address is said to its host as a path, under that name, and without what is the connection's", () => {
  const { host, port, head } = readRequest([
    ...[
      "POST http://A.example:8080/p?q=1 HTTP/1.0",
      "Host: b.example",
      "Connection: keep-alive, x-hop,transfer-encoding",
      "TE: trailers",
    ],
    ...["Proxy-Authorization: Basic c2VjcmV0", "X-Own: 1", "X-Own:\ttwo", "X-Hop: 3", "Transfer-Encoding: chunked"],
    ...["X-Bytes: \xc3\x9f"],
  ]);
  expect([host, port]).toEqual(["a.example", 8080]);
  expect(head?.split("\r\n")).toEqual([
    ...["POST /p?q=1 HTTP/1.1", "host: a.example:8080", "X-Own: 1", "X-Own:\ttwo", "Transfer-Encoding: chunked"],
    ...["X-Bytes: \xc3\x9f", "connection: close", "", ""],
  ]);
  // A name is what the resolver will see, however it was written.
  expect(readRequest(["GET http://0x7f.1/ HTTP/1.1"])).toMatchObject({ host: "127.0.0.1", port: 80 });
});

test.each([
  ...[
    "",
    "GET / HTTP/1.1",
    "GET a.example HTTP/1.1",
    "GET https://a.example/ HTTP/1.1",
    "GET http://u@a.example/ HTTP/1.1",
  ],
  ...[
    "CONNECT a.example HTTP/1.1",
    "CONNECT :443 HTTP/1.1",
    "CONNECT a.example:1234567 HTTP/1.1",
    "GET http://a.example/ HTTP/2",
  ],
  ...["get http://a.example/ HTTP/1.1", "GET http://a.example/ x HTTP/1.1", "GET  http://a.example/ HTTP/1.1"],
])("%j is refused", (line) => {
  expect(() => readRequest([line])).toThrow(/this is|expected/);
});

test.each(["no colon", "spaced : 1", " folded: 1", "a\r: 1", "a: \0", "a: b\nc: d"])(
  "the field %j is refused",
  (field) => {
    expect(() => readRequest(["GET http://a.example/ HTTP/1.1", field])).toThrow("no request of HTTP/1");
  },
);

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type ReferenceServer, startReferenceServer } from "../../test/reference-server.ts";
import {
  ALL_CHECKS,
  type Binding,
  inspectCard,
  type PushReceiver,
  startPushReceiver,
  type VerifyReport,
  verifyServer,
} from "./index.ts";

const said = (text: string) => ({ parts: [{ text }] });
const messages = { complete: said("hello"), inputRequired: said("ask"), long: said("hold"), fail: said("fail") };
// What waits for silence takes half a minute.
const QUICK = ALL_CHECKS.filter(({ timeoutMs }) => timeoutMs === undefined).map(({ id }) => id);

let server: ReferenceServer | undefined;
let receiver: PushReceiver | undefined;
beforeEach(() => {
  // The SDK tells the console of every request that it refuses.
  for (const method of ["error", "warn", "log"] as const) vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server?.close();
  await receiver?.close();
});

const verifyReference = async (secured: boolean, only = QUICK): Promise<VerifyReport> => {
  server = await startReferenceServer({ secured });
  receiver = await startPushReceiver("127.0.0.1");
  return verifyServer({ url: server.url, messages, receiver, only, checkTimeoutMs: 5_000 });
};

const failedMusts = ({ results }: VerifyReport, ...bindings: readonly (Binding | undefined)[]): readonly string[] => [
  ...new Set(
    results
      .filter(
        ({ result, severity, binding }) => result === "failed" && severity === "must" && bindings.includes(binding),
      )
      .map(({ id }) => id),
  ),
];

const failed = ({ results }: VerifyReport): readonly string[] => [
  ...new Set(results.filter(({ result }) => result === "failed").map(({ id }) => id)),
];

it("finds what is known to be weak in the reference SDK's server, and nothing else that is a must", async () => {
  const report = await verifyReference(false);
  expect(failedMusts(report, undefined, "JSONRPC", "HTTP+JSON").toSorted()).toEqual(
    [
      // JSON-RPC's invalid requests are invalid params, a request without an id is answered, unknown paths have a page.
      ...["empty", "scalar", "batch", "jsonrpc", "no-method", "method-type", "id-type", "no-id"].map(
        (name) => `AC-1.11-rpc/${name}`,
      ),
      ...["AC-1.11-rest/unknown-path", "AC-1.11-rest/wrong-method"],
      // 1.0.1 is not 1.0, the query is not read.
      ...["VER-CLIENT-002", "AC-1.12-query"],
      // Messages are not validated.
      ...["no-role", "lower-case-role", "unspecified-role", "no-parts", "empty-parts", "empty-part", "two-contents"],
      ...["text-type", "raw", "metadata", "configuration", "history-length", "immediately", "get-history-length"],
      "list-history-length",
      // A media type that the card does not list is taken, a time bound leaves out its own time.
      ...["CORE-SEND-003", "AC-1.8-after"],
      // A webhook may be anything.
      ...["AC-1.10-url/1", "AC-1.10-url/2"],
    ]
      .map((id) => (/^(AC|VER|CORE)-/.test(id) ? id : `CORE-ERR-002/${id}`))
      .toSorted(),
  );
  expect(failedMusts(report, "GRPC").toSorted()).toEqual(
    [
      ...["no-role", "unspecified-role", "no-parts", "empty-parts", "empty-part"].map((name) => `CORE-ERR-002/${name}`),
      ...["history-length", "get-history-length", "list-history-length"].map((name) => `CORE-ERR-002/${name}`),
      ...["AC-1.10-url/1", "AC-1.10-url/2", "AC-1.8-after", "CORE-SEND-003", "VER-CLIENT-002"],
    ].toSorted(),
  );
  expect(failed(report)).toContain("AC-1.10-token");
  expect(failed(report)).toContain("AC-1.9-event-ids");
  expect(report.passed).toBeGreaterThan(200);
}, 60_000);

it("finds that the reference server's card has another form as soon as it declares how to authenticate", async () => {
  const report = await verifyReference(true, ["AC-1.13-structure", "CARD-EXT-001", "AC-1.13-not-modified"]);
  expect(failed(report)).toEqual(["AC-1.13-structure", "CARD-EXT-001"]);
});

it("says that nothing answers, and that there is no place for a key", async () => {
  await expect(verifyServer({ url: "http://127.0.0.1:1", messages })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  server = await startReferenceServer();
  const run = verifyServer({ url: server.url, messages, credentials: { apiKey: "k" } });
  await expect(run).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

it("a server without a card is told so, and is asked nothing else", async () => {
  const report = await verifyServer({
    ...{ url: "http://agent.test", messages },
    fetch: async () => new Response("<html>", { status: 404, headers: { "content-type": "text/html" } }),
  });
  expect(report.interfaces).toEqual([]);
  expect(failed(report)).toContain("CARD-DISC-001");
});

it("a check that the end of the whole run cuts short says nothing of the server", async () => {
  const supportedInterfaces = [{ url: "http://a.test/", protocolBinding: "JSONRPC", protocolVersion: "1.0" }];
  const report = await verifyServer({
    ...{ url: "http://a.test", messages, totalTimeoutMs: 50, only: ["CORE-GET-002", "CORE-CANCEL-001"] },
    fetch: (request) =>
      request.method === "GET"
        ? Promise.resolve(Response.json({ name: "x", supportedInterfaces }))
        : new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason))),
  });
  expect(report.results.map(({ result, why }) => [result, why])).toEqual(
    Array(2).fill(["skipped", "the time of the whole run is over (--total-timeout)"]),
  );
  expect(report.notReached).toBe(2);
});

it("a server that does not answer fails by the time limit of each check, and of the run", async () => {
  const card = {
    name: "x",
    supportedInterfaces: [{ url: "http://a.test/", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  };
  const report = await verifyServer({
    ...{
      url: "http://a.test",
      messages,
      checkTimeoutMs: 20,
      totalTimeoutMs: 200,
      only: ["CORE-ERR-002", "CORE-GET-002"],
    },
    fetch: async (request) =>
      request.method === "GET"
        ? Response.json(card)
        : new Promise((_, reject) => {
            request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
          }),
  });
  expect(report.results[0]).toMatchObject({ result: "failed", seen: "no end within 0.02 s" });
  expect(report.results.at(-1)).toMatchObject({ result: "skipped", why: expect.stringContaining("--total-timeout") });
});

/** A server of one interface, with the card's text for GET and `answer` for calls of JSON-RPC. */
const hostile = (
  answer: (call: { readonly method: string; readonly id: number }) => string,
  at: object = {},
  card: object = {},
) => {
  const supportedInterfaces = [{ url: "http://a.test/", protocolBinding: "JSONRPC", protocolVersion: "1.0", ...at }];
  return async (request: Request): Promise<Response> =>
    request.method === "GET"
      ? Response.json({ name: "x", supportedInterfaces, ...card })
      : new Response(answer(parsed(await request.text())), { headers: { "content-type": "application/json" } });
};

const parsed = (text: string): { readonly method: string; readonly id: number } => {
  try {
    return Object(JSON.parse(text)) as never;
  } catch {
    return { method: "", id: 0 };
  }
};

const verifyHostile = (fetch: ReturnType<typeof hostile>) =>
  verifyServer({ url: "http://a.test", messages, fetch, checkTimeoutMs: 1_000 });

const taskWith = (more: string) =>
  `{"id":"t","contextId":"c","status":{"state":"TASK_STATE_COMPLETED","timestamp":"soon"}${more}}`;
const resultWith =
  (more: string) =>
  ({ method, id }: { readonly method: string; readonly id: number }): string => {
    const task = taskWith(more);
    const list = `{"tasks":[${task}],"nextPageToken":"","pageSize":1,"totalSize":1}`;
    const result = method === "SendMessage" ? `{"task":${task}}` : method === "ListTasks" ? list : task;
    return `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
  };

it.each([
  ["a relative address", hostile(() => "{}", { url: "/a2a" }), "the address /a2a"],
  ["an address with a user", hostile(() => "{}", { url: "http://u:p@a.test/" }), "the address http://u:p@a.test/"],
  ["a relative one of REST", hostile(() => "{}", { url: "/a2a", protocolBinding: "HTTP+JSON" }), "the address /a2a"],
  [
    "a tenant that is no text",
    hostile(() => '{"id":1}', { tenant: "\ud800", protocolBinding: "HTTP+JSON" }),
    "HTTP 200, a result",
  ],
  [
    "a required extension that no header takes",
    hostile(() => "{}", {}, { capabilities: { extensions: [{ uri: "x\r\ny", required: true }] } }),
    "the required extension x y",
  ],
  ["names that are no text, and times that are none", hostile(resultWith(',"name":"\ud800"')), "a result"],
  ["levels without end", hostile(resultWith(`,"metadata":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`)), "neither"],
  ["values without end", hostile(resultWith(`,"history":[${"1,".repeat(300_000)}1]`)), "neither result nor error"],
])("a server with %s fails its checks, and ends none of the others", async (_, fetch, seen) => {
  const report = await verifyHostile(fetch);
  expect(report.violations).toBeGreaterThan(10);
  expect(report.results.some((result) => result.seen?.includes(seen))).toBe(true);
  expect(new Set(report.results.map(({ id }) => id))).toContain("CORE-CAP-003");
});

it.each([
  [
    "an error of many words",
    hostile(({ id }) => `{"id":${id},"error":{"code":1,"message":"${"at ".repeat(200_000)}"}}`),
  ],
  [
    "an address of many slashes",
    hostile(() => "{}", { url: `http://a.test/${"/".repeat(100_000)}x`, protocolBinding: "HTTP+JSON" }),
  ],
])("a server with %s takes no longer than others", async (_, fetch) => {
  const begun = performance.now();
  await verifyHostile(fetch);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

it("a card that does not come is waited for as long as a check takes, not as a run", async () => {
  const fetch = (request: Request): Promise<Response> =>
    new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
  const run = verifyServer({ url: "http://a.test", messages, fetch, checkTimeoutMs: 20 });
  await expect(run).rejects.toMatchObject({ code: "UNAVAILABLE" });
  const card = inspectCard({ url: "http://a.test", fetch, timeoutMs: 20, signal: new AbortController().signal });
  await expect(card).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

it("every check has an id of its own", () => {
  const ids = ALL_CHECKS.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

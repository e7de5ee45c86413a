import { ALL_CHECKS, type Binding, startPushReceiver, type VerifyReport, verifyServer } from "@agentcore/a2a/verify";
import { describe, expect, it } from "vitest";
import { BASE, createFixture, describeAgent } from "../../../test/gateway/gateway-fixture.ts";
import {
  accept,
  cardHeader,
  cardMember,
  type Delivery,
  errorCode,
  type Mutation,
  mutated,
  mutatedReceiver,
  rebuilt,
  result,
  type SeenCall,
} from "../../../test/gateway/mutated-server.ts";
import { createPushOfFixture } from "../../../test/gateway/push-of-fixture.ts";
import { listenGrpc } from "../grpc/listen-grpc.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";
import { shutDown } from "../shut-down.ts";

const said = (text: string) => ({ parts: [{ text }] });
const messages = { complete: said("hello"), inputRequired: said("ask"), long: said("hold"), fail: said("fail") };
const settings = { heartbeatMs: 20, cancelWaitMs: 500 };
const KEY = "k".repeat(20);
const OTHER = "o".repeat(20);
const EXTENSION = "https://example.com/extensions/units/v1";

interface Variant {
  readonly keys?: boolean;
  readonly extension?: boolean;
  readonly extendedCard?: boolean;
  /** Over gRPC as well. */
  readonly grpc?: boolean;
  /** Receive notifications. */
  readonly push?: boolean;
  /** Serve 0.3 as well. */
  readonly legacy?: boolean;
  /** What the verifier of signatures says. */
  readonly signature?: string;
}

const verify = async (
  mutation: Mutation = {},
  {
    binding,
    keys,
    extension,
    extendedCard,
    grpc,
    push,
    legacy,
    signature,
  }: Variant & { readonly binding?: Binding } = {},
  only?: readonly string[],
): Promise<VerifyReport> => {
  const agent = describeAgent("echo", {
    ...(legacy ? {} : { a2aVersions: ["1.0"] }),
    ...(extendedCard ? { extendedCard: { description: "The whole of it" } } : {}),
    ...(extension ? { extensions: [{ uri: EXTENSION, required: true }] } : {}),
  });
  const pushes = createPushOfFixture();
  const apiKeys = keys ? parseApiKeys([`${KEY} caller=ann`, `${OTHER} caller=bob`]) : undefined;
  const address = () => listener && `127.0.0.1:${listener.port}`;
  const deps = { settings, push: pushes.configs, grpcAddress: address };
  const { gateway, tasks } = createFixture({ ...deps, ...(apiKeys ? { apiKeys } : {}) }, [agent]);
  const listener = grpc ? await listenGrpc(gateway, { port: 0 }) : undefined;
  const receiver = push ? await startPushReceiver("127.0.0.1") : undefined;
  const dispatcher = push ? pushes.dispatch(tasks) : undefined;
  try {
    return await verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages, checkTimeoutMs: 2_000 },
      ...{ receiver: receiver && mutatedReceiver(receiver, mutation), only },
      ...(signature === undefined ? {} : { verifySignatures: async () => signature }),
      ...(keys ? { credentials: { bearer: KEY }, otherCredentials: { bearer: OTHER } } : {}),
      credentialOrigins: listener === undefined ? [] : [`http://127.0.0.1:${listener.port}`],
      ...(binding === undefined ? {} : { bindings: [binding] }),
      fetch: mutated(async (request) => gateway.fetch(request), mutation),
    });
  } finally {
    if (listener !== undefined) await shutDown(gateway, [listener], 0);
    await dispatcher?.close();
    await receiver?.close();
  }
};

const failures = ({ results }: VerifyReport) =>
  results
    .filter(({ result, severity }) => result === "failed" && severity === "must")
    .map(({ id, binding, seen, expected }) => `${id} ${binding ?? ""}: ${seen} instead of ${expected}`);

/** What there is nothing to look at for. */
const NEVER = [
  // Every agent has both capabilities.
  ...["CORE-CAP-001/", "CORE-CAP-002/"],
  // Over HTTP the path names the agent.
  ...["AC-1.13-tenant JSONRPC", "AC-1.13-tenant HTTP+JSON"],
  // Without keys nothing is signed; with them, cards.test.ts.
  "AC-1.13-signature",
  // The name of the service states the version.
  "VER-SERVER-003/grpc",
];

describe("the gateway keeps every rule", () => {
  const reports: VerifyReport[] = [];

  it.each<[string, Variant]>([
    ["an agent of both versions", { legacy: true }],
    ["an agent of 1.0 alone", {}],
    ["a node with keys", { keys: true, extendedCard: true }],
    ["an agent with a required extension", { extension: true }],
    ["push notifications", { push: true }],
  ])("of %s", async (_, variant) => {
    const report = await verify({}, { ...variant, grpc: true });
    reports.push(report);
    expect(failures(report)).toEqual([]);
    expect(report.passed).toBeGreaterThan(200);
  });

  it("and each of them was looked at, over each binding", () => {
    const passed = new Set(
      reports.flatMap(({ results }) =>
        results.flatMap(({ result, id, binding }) => (result === "passed" ? [`${id} ${binding ?? ""}`] : [])),
      ),
    );
    const never = ALL_CHECKS.flatMap(({ id, bindings }) =>
      (bindings.length === 0 ? [""] : bindings).map((binding) => `${id} ${binding}`.trim()),
    ).filter((each) => !passed.has(each) && !passed.has(`${each} `));
    const shortened = never.map((each) => NEVER.find((place) => each.startsWith(place)) ?? each);
    expect([...new Set(shortened)].toSorted()).toEqual(NEVER.toSorted());
  });

  it("a check is skipped with its reason when the messages that it needs are not given", async () => {
    const { gateway } = createFixture({ settings });
    const report = await verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages: { complete: said("hello") }, bindings: ["JSONRPC"] },
      fetch: async (request) => gateway.fetch(request),
    });
    expect(report.violations).toBe(0);
    const skipped = report.results.find(({ id }) => id === "CORE-CANCEL-001");
    expect(skipped).toMatchObject({ result: "skipped", why: "needs --long-message" });
  });

  it("no more tasks are made than may be, and what needs more is skipped", async () => {
    const { gateway, tasks } = createFixture({ settings });
    const report = await verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages, maxTasks: 5, bindings: ["HTTP+JSON"] },
      fetch: async (request) => gateway.fetch(request),
    });
    expect(tasks.tasks.size).toBeLessThanOrEqual(5);
    expect(report.results.some(({ why }) => why?.includes("--max-tasks"))).toBe(true);
  });

  it("leaves no task at work and no stream open", async () => {
    const { gateway, tasks } = createFixture({ settings });
    await verifyServer({ url: `${BASE}/a2a/echo`, messages, fetch: async (request) => gateway.fetch(request) });
    await expect.poll(() => [...tasks.tasks.values()].filter(({ state }) => state === "working")).toEqual([]);
    await expect.poll(() => tasks.readers).toBe(0);
  });

  it("ends with the signal", async () => {
    const stop = new AbortController();
    const { gateway } = createFixture({ settings });
    const run = verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages, signal: stop.signal },
      fetch: async (request) => gateway.fetch(request),
      onResult: () => stop.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
  });
});

type Json = Readonly<Record<string, unknown>>;
interface Case extends Variant {
  /** The must-checks that fail, all and only. */
  readonly fails: string | readonly string[];
  /** @default JSONRPC */
  readonly binding?: Binding;
  /** What every other check builds on is broken. */
  readonly atLeast?: boolean;
}

const taskResult = (change: (task: Json, call: SeenCall) => Json): Mutation =>
  result("SendMessage", ({ task }: { task: Json }, call) => ({ task: change(task, call) }));
const getResult = (change: (task: Json, call: SeenCall) => unknown): Mutation => result("GetTask", change);
const listResult = (change: (list: Json, call: SeenCall) => unknown): Mutation => result("ListTasks", change);
const tasksOf = (list: Json) => list["tasks"] as readonly Json[];
const without = (value: Json, name: string): Json =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
const headersWithout = (call: SeenCall, name: string) =>
  Object.fromEntries([...call.request.headers].filter(([key]) => key !== name));
const task = (more: Json = {}) => ({
  ...{ id: "invented", contextId: "invented", status: { state: "TASK_STATE_COMPLETED" } },
  ...more,
});

/** A server that does not see what is wrong with one input. */
const lenient = (operation: string, name: string, isBad: (params: Json) => boolean): [string, Mutation, Case] => [
  `takes ${name}`,
  accept(
    (call) => call.operation === operation && isBad(call.params),
    operation === "ListTasks" ? { tasks: [], nextPageToken: "", pageSize: 50, totalSize: 0 } : { task: task() },
  ),
  { fails: `CORE-ERR-002/${name}` },
];
const message = (params: Json) => params["message"] as Json | undefined;
const part = (params: Json) => (message(params)?.["parts"] as readonly Json[] | undefined)?.[0];
const configuration = (params: Json) => params["configuration"] as Json | undefined;

const SIGNED = Buffer.from('{"alg":"ES256","kid":"k1"}').toString("base64url");

const bodyOf = ({ body }: Delivery) => body as Json;
const PUSH_OPERATIONS = ["Create", "Get", "List", "Delete"].map(
  (verb) => `${verb}TaskPushNotificationConfig${verb === "List" ? "s" : ""}`,
);
const withoutPush = cardMember((card) => ({
  ...card,
  capabilities: { ...(card["capabilities"] as Json), pushNotifications: false },
}));

const CASES: readonly [string, Mutation, Case][] = [
  // 1.13
  [
    "has no public card",
    {
      instead: (call) =>
        call.operation === "card" && call.request.headers.get("a2a-version") === null
          ? { status: 401, headers: { "content-type": "application/json" }, body: {} }
          : undefined,
    },
    { fails: ["CARD-DISC-001", "AC-1.13-plain"] },
  ],
  ["sends the card as text", cardHeader("content-type", "text/plain"), { fails: "AC-1.13-media-type" }],
  [
    "adds a member to the card of 1.0",
    cardMember(
      (card) => ({ ...card, kind: "agent" }),
      ({ request }) => request.headers.get("a2a-version") === "1.0",
    ),
    { fails: "AC-1.13-structure" },
  ],
  [
    "adds a member to the card that everybody gets",
    cardMember(
      (card) => ({ ...card, extra: 1 }),
      ({ request }) => request.headers.get("a2a-version") === null,
    ),
    { fails: "AC-1.13-plain" },
  ],
  [
    "has a relative interface",
    cardMember((card) => ({
      ...card,
      supportedInterfaces: [
        ...(card["supportedInterfaces"] as Json[]),
        { url: "/elsewhere", protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
      ],
    })),
    { fails: "AC-1.13-interface-urls" },
  ],
  [
    "has a skill twice",
    cardMember((card) => ({ ...card, skills: [...(card["skills"] as Json[]), ...(card["skills"] as Json[])] })),
    { fails: "AC-1.13-skill-ids" },
  ],
  [
    "requires a scheme that it does not declare",
    cardMember((card) => ({
      ...card,
      skills: (card["skills"] as Json[]).map((skill) => ({
        ...skill,
        securityRequirements: [{ schemes: { none: { list: [] } } }],
      })),
    })),
    { fails: "AC-1.13-requirements" },
  ],
  [
    "signs with a key that is not its own",
    cardMember((card) => ({ ...card, signatures: [{ protected: SIGNED, signature: "AA" }] })),
    { fails: "AC-1.13-signature", signature: "no signature of the card verifies" },
  ],
  [
    "signs without a key id",
    cardMember((card) => ({
      ...card,
      signatures: [{ protected: Buffer.from('{"alg":"ES256"}').toString("base64url"), signature: "AA" }],
    })),
    { fails: "AC-1.13-signature-headers" },
  ],

  // 1.11 JSON-RPC
  [
    "takes what is no JSON for an internal error",
    errorCode(-32700, -32603),
    { fails: ["AC-1.11-rpc/parse-error", "AC-1.11-rpc/empty"] },
  ],
  ...(["scalar", "batch", "jsonrpc", "no-method", "method-type", "id-type"] as const).map(
    (name): [string, Mutation, Case] => [
      `says invalid params for ${name}`,
      {
        answer: (call, answer) =>
          invalidRequest(call.body) === name
            ? { ...answer, body: { jsonrpc: "2.0", id: null, error: { code: -32602, message: "no" } } }
            : answer,
      },
      { fails: `AC-1.11-rpc/${name}` },
    ],
  ),
  [
    "answers a request without an id",
    {
      answer: (call, answer) =>
        invalidRequest(call.body) === "no-id"
          ? { ...answer, body: { jsonrpc: "2.0", error: { code: -32001, message: "no" } } }
          : answer,
    },
    { fails: "AC-1.11-rpc/no-id" },
  ],
  ["does not know what an unknown method is", errorCode(-32601, -32600), { fails: "AC-1.11-rpc/unknown-method" }],
  [
    "takes a list of params",
    {
      answer: (call, answer) =>
        Array.isArray(call.params)
          ? { ...answer, body: { ...(answer.body as Json), error: { code: -32001, message: "no" } } }
          : answer,
    },
    { fails: "AC-1.11-rpc/params-type" },
  ],
  [
    "makes ids texts",
    {
      answer: (call, answer) =>
        typeof call.id === "number" && call.id > 1000
          ? { ...answer, body: { ...(answer.body as Json), id: String(call.id) } }
          : answer,
    },
    { fails: "AC-1.11-rpc/id" },
  ],
  [
    "says both result and error",
    {
      answer: (_, answer) =>
        typeof answer.body === "object" && "result" in (answer.body as Json)
          ? { ...answer, body: { ...(answer.body as Json), error: null } }
          : answer,
    },
    { fails: "AC-1.11-rpc/members" },
  ],
  [
    "answers JSON-RPC as text",
    {
      answer: (call, answer) =>
        call.operation === "GetTask" ? { ...answer, headers: { "content-type": "text/plain" } } : answer,
    },
    { fails: "AC-1.11-rpc/media-type" },
  ],
  [
    "answers errors with HTTP 404",
    {
      answer: (_, answer) =>
        (answer.body as { error?: Json }).error?.["code"] === -32001 ? { ...answer, status: 404 } : answer,
    },
    { fails: "AC-1.11-rpc/http-status" },
  ],
  [
    "has a page for the wrong media type",
    {
      instead: ({ request }) =>
        request.method === "POST" && request.headers.get("content-type") === "text/plain"
          ? { status: 415, headers: { "content-type": "text/html" }, body: "<html>" }
          : undefined,
    },
    { fails: "AC-1.11-rpc/content-type" },
  ],

  // 1.11 HTTP+JSON
  [
    "has a page for unknown paths",
    {
      instead: ({ request }) =>
        request.url.endsWith("/noSuchPath")
          ? { status: 404, headers: { "content-type": "text/html" }, body: "<html>" }
          : undefined,
    },
    { fails: "AC-1.11-rest/unknown-path", binding: "HTTP+JSON" },
  ],
  [
    "has a page for wrong methods",
    {
      instead: ({ request }) =>
        request.method === "PUT"
          ? { status: 405, headers: { "content-type": "text/html" }, body: "<html>" }
          : undefined,
    },
    { fails: "AC-1.11-rest/wrong-method", binding: "HTTP+JSON" },
  ],
  [
    "answers what is no JSON with 500",
    {
      instead: ({ body, isRest }) =>
        isRest && body === '{"message":'
          ? {
              status: 500,
              headers: { "content-type": "application/json" },
              body: { error: { code: 500, status: "INTERNAL", message: "" } },
            }
          : undefined,
    },
    { fails: "AC-1.11-rest/no-json", binding: "HTTP+JSON" },
  ],
  [
    "takes a list for a body",
    {
      instead: ({ body, isRest }) =>
        isRest && body === "[]"
          ? { status: 200, headers: { "content-type": "application/json" }, body: {} }
          : undefined,
    },
    { fails: "AC-1.11-rest/not-an-object", binding: "HTTP+JSON" },
  ],
  [
    "has a page for another media type",
    {
      instead: ({ body }) =>
        body === "hello" ? { status: 415, headers: { "content-type": "text/html" }, body: "<html>" } : undefined,
    },
    { fails: "AC-1.11-rest/content-type", binding: "HTTP+JSON" },
  ],
  [
    "adds a member to errors",
    {
      answer: (_, answer) =>
        answer.status === 404 ? { ...answer, body: { ...(answer.body as Json), timestamp: 1 } } : answer,
    },
    { fails: "AC-1.11-rest/error-body", binding: "HTTP+JSON" },
  ],
  [
    "says another code than the status",
    {
      answer: (_, answer) =>
        answer.status === 404
          ? { ...answer, body: { error: { ...(answer.body as { error: Json }).error, code: 5 } } }
          : answer,
    },
    { fails: "AC-1.11-rest/error-code", binding: "HTTP+JSON" },
  ],
  [
    "answers REST as text",
    {
      answer: (call, answer) =>
        call.operation === "GetTask"
          ? { ...answer, headers: { ...answer.headers, "content-type": "text/plain" } }
          : answer,
    },
    { fails: "AC-1.11-rest/media-type", binding: "HTTP+JSON" },
  ],
  [
    "takes application/a2a+json only",
    {
      instead: (call) =>
        call.operation === "SendMessage" && call.request.headers.get("content-type") === "application/json"
          ? refuse(call, 400, "CONTENT_TYPE_NOT_SUPPORTED", -32005)
          : undefined,
    },
    { fails: "AC-1.2-json-media-type", binding: "HTTP+JSON" },
  ],
  [
    "wants a body for a cancel",
    {
      instead: (call) =>
        call.operation === "CancelTask" && call.body === "" ? refuse(call, 400, undefined, -32602) : undefined,
    },
    { fails: "AC-1.2-cancel-without-body", binding: "HTTP+JSON" },
  ],
  ...(["GET", "POST"] as const).map((method): [string, Mutation, Case] => [
    `takes no subscription by ${method}`,
    {
      instead: ({ operation, request, params }) =>
        operation === "SubscribeToTask" &&
        request.method === method &&
        String(params["id"]).includes("-") &&
        !String(params["id"]).startsWith("task-")
          ? {
              status: 405,
              headers: { "content-type": "application/json" },
              body: { error: { code: 405, status: "UNIMPLEMENTED", message: "" } },
            }
          : undefined,
    },
    {
      fails: method === "GET" ? ["AC-1.2-subscribe/GET", "STREAM-SUB-004"] : "AC-1.2-subscribe/POST",
      binding: "HTTP+JSON",
    },
  ]),

  // 1.11 errors of all bindings
  ["leaves out ErrorInfo", { answer: (_, answer) => withoutDetails(answer) }, { fails: "AC-1.11-error-info" }],
  [
    "leaves out ErrorInfo over HTTP",
    { answer: (_, answer) => withoutDetails(answer) },
    { fails: "AC-1.11-error-info", binding: "HTTP+JSON" },
  ],

  // 1.12
  [
    "does not look at the version",
    { request: (call) => rebuilt(call, { headers: { ...headersWithout(call, "a2a-version"), "a2a-version": "1.0" } }) },
    { fails: ["VER-SERVER-002", "VER-SERVER-003", "AC-1.12-empty", "AC-1.12-query-refused"] },
  ],
  [
    "refuses a patch part",
    {
      instead: (call) =>
        call.request.headers.get("a2a-version") === "1.0.7"
          ? refuse(call, 400, "VERSION_NOT_SUPPORTED", -32009)
          : undefined,
    },
    { fails: "VER-CLIENT-002" },
  ],
  [
    "does not look at the query",
    { request: (call) => rebuilt(call, { url: call.request.url.replace(/\?A2A-Version=[^&]*/, "") }) },
    { fails: "AC-1.12-query" },
  ],
  [
    "refuses unknown extensions",
    {
      instead: (call) =>
        call.request.headers.get("a2a-extensions")?.includes("no-such")
          ? refuse(call, 400, "EXTENSION_SUPPORT_REQUIRED", -32008)
          : undefined,
    },
    { fails: "AC-1.12-unknown-extension" },
  ],
  [
    "does not ask for required extensions",
    {
      request: (call) =>
        rebuilt(call, { headers: { ...headersWithout(call, "a2a-extensions"), "a2a-extensions": EXTENSION } }),
    },
    { fails: "CORE-CAP-004", extension: true },
  ],
  [
    "serves no version at all",
    { instead: (call) => (call.operation === "card" ? undefined : refuse(call, 400, "VERSION_NOT_SUPPORTED", -32009)) },
    { fails: "VER-SERVER-001", atLeast: true },
  ],
  [
    "is not there",
    {
      instead: (call) =>
        call.operation === "card"
          ? undefined
          : { status: 200, headers: { "content-type": "text/html" }, body: "<html>" },
    },
    { fails: "BIND-FIELD-001", atLeast: true },
  ],

  // 1.3, 1.4
  [
    "adds `kind` to the tasks of SendMessage",
    taskResult((value) => ({ ...value, kind: "task" })),
    { fails: "AC-1.4-send" },
  ],
  [
    "answers SendMessage with a bare task",
    result("SendMessage", ({ task: own }: { task: Json }, { params }) =>
      part(params)?.["text"] === "hello" ? own : { task: own },
    ),
    { fails: "AC-1.4-send" },
  ],
  [
    "adds a member to what GetTask shows",
    getResult((value) => ({ ...(value as Json), revision: 1 })),
    { fails: "AC-1.4-get" },
  ],
  [
    "writes states as 0.3 does",
    getResult((value) => ({ ...(value as Json), status: { state: "completed" } })),
    { fails: ["AC-1.4-get", "CORE-GET-001", "AC-1.9-same-result"] },
  ],
  [
    "leaves out nextPageToken",
    listResult((value, { params }) => (params["pageSize"] === 20 ? without(value, "nextPageToken") : value)),
    { fails: "AC-1.4-list" },
  ],
  [
    "has local times",
    getResult((value) => ({
      ...(value as Json),
      status: { ...((value as Json)["status"] as Json), timestamp: "2026-01-31T12:00:00+02:00" },
    })),
    { fails: ["AC-1.4-get", "AC-1.8-after", "DM-SERIAL-003"] },
  ],
  [
    "reads camelCase only in messages",
    {
      request: (call) =>
        call.body.includes("task_id")
          ? rebuilt(call, { body: call.body.replace(/"task_id":"[^"]*",/, "") })
          : undefined,
    },
    { fails: "AC-1.3-snake-case/message" },
  ],
  [
    "reads camelCase only in params",
    {
      request: (call) =>
        call.body.includes("history_length")
          ? rebuilt(call, { body: call.body.replace("history_length", "unknown") })
          : undefined,
    },
    { fails: "AC-1.3-snake-case/params" },
  ],
  [
    "leaves the context out of its messages",
    getResult((value) => ({
      ...(value as Json),
      status: {
        ...((value as Json)["status"] as Json),
        message: { messageId: "m", role: "ROLE_AGENT", parts: [{ text: "done" }], taskId: (value as Json)["id"] },
      },
    })),
    { fails: "AC-1.4-message-context" },
  ],

  // CORE-ERR-002
  lenient("SendMessage", "no-message", (params) => message(params) === undefined),
  lenient("SendMessage", "message-type", (params) => typeof message(params) === "string"),
  lenient(
    "SendMessage",
    "no-message-id",
    (params) =>
      isMessage(params) &&
      message(params)?.["messageId"] === undefined &&
      message(params)?.["message_id"] === undefined,
  ),
  lenient("SendMessage", "empty-message-id", (params) => message(params)?.["messageId"] === ""),
  lenient("SendMessage", "no-role", (params) => isMessage(params) && message(params)?.["role"] === undefined),
  lenient("SendMessage", "lower-case-role", (params) => message(params)?.["role"] === "user"),
  lenient("SendMessage", "unspecified-role", (params) => message(params)?.["role"] === "ROLE_UNSPECIFIED"),
  lenient("SendMessage", "no-parts", (params) => isMessage(params) && message(params)?.["parts"] === undefined),
  lenient("SendMessage", "empty-parts", (params) => JSON.stringify(message(params)?.["parts"]) === "[]"),
  lenient("SendMessage", "empty-part", (params) => JSON.stringify(message(params)?.["parts"]) === "[{}]"),
  lenient(
    "SendMessage",
    "two-contents",
    (params) => part(params)?.["url"] !== undefined && part(params)?.["text"] !== undefined,
  ),
  lenient("SendMessage", "text-type", (params) => typeof part(params)?.["text"] === "number"),
  lenient(
    "SendMessage",
    "raw",
    (params) => part(params)?.["raw"] !== undefined && part(params)?.["mediaType"] === undefined,
  ),
  lenient("SendMessage", "metadata", (params) => typeof message(params)?.["metadata"] === "string"),
  lenient("SendMessage", "configuration", (params) => typeof params["configuration"] === "string"),
  lenient("SendMessage", "history-length", (params) => configuration(params)?.["historyLength"] === -1),
  lenient("SendMessage", "immediately", (params) => typeof configuration(params)?.["returnImmediately"] === "string"),
  lenient("GetTask", "get-history-length", (params) => params["historyLength"] === -1),
  lenient("GetTask", "get-no-id", (params) => Object.keys(params).length === 0),
  lenient("CancelTask", "cancel-no-id", (params) => Object.keys(params).length === 0),
  lenient("ListTasks", "page-size-zero", (params) => params["pageSize"] === 0),
  lenient("ListTasks", "page-size-over", (params) => params["pageSize"] === 101),
  lenient("ListTasks", "page-size-negative", (params) => params["pageSize"] === -1),
  lenient("ListTasks", "page-token", (params) => String(params["pageToken"]).startsWith("!")),
  lenient("ListTasks", "status", (params) => params["status"] === "TASK_STATE_NO_SUCH"),
  lenient("ListTasks", "lower-case-status", (params) => params["status"] === "completed"),
  lenient("ListTasks", "timestamp", (params) => params["statusTimestampAfter"] === "yesterday"),
  lenient("ListTasks", "list-history-length", (params) => params["historyLength"] === -1),

  // 1.7
  [
    "does not wait",
    taskResult((value, { params }) =>
      part(params)?.["text"] === "hello" ? { ...value, status: { state: "TASK_STATE_WORKING" } } : value,
    ),
    { fails: "CORE-EXECUTION-MODE-001" },
  ],
  [
    "always waits",
    taskResult((value, { params }) =>
      configuration(params)?.["returnImmediately"] ? { ...value, status: { state: "TASK_STATE_COMPLETED" } } : value,
    ),
    { fails: "CORE-EXECUTION-MODE-002" },
  ],
  [
    "calls a failure a success",
    taskResult((value, { params }) =>
      part(params)?.["text"] === "fail" ? { ...value, status: { state: "TASK_STATE_COMPLETED" } } : value,
    ),
    { fails: "AC-1.7-failed" },
  ],
  [
    "takes any media type",
    accept((call) => part(call.params)?.["mediaType"] !== undefined, { task: task() }),
    { fails: "CORE-SEND-003" },
  ],
  [
    "wants a media type",
    {
      instead: (call) =>
        call.operation === "SendMessage" && part(call.params)?.["text"] === "hello" && isPlain(call.params)
          ? refuse(call, 400, "CONTENT_TYPE_NOT_SUPPORTED", -32005)
          : undefined,
    },
    { fails: ["AC-1.4-send", "AC-1.7-no-media-type", "CORE-EXECUTION-MODE-001"] },
  ],
  [
    "does not leave the history out",
    getResult((value, { params }) => (params["historyLength"] === 0 ? { ...(value as Json), history: [] } : value)),
    { fails: "CORE-HIST-002" },
  ],
  [
    "does not shorten the history",
    {
      request: (call) =>
        call.params["historyLength"] === 1
          ? rebuilt(call, { body: call.body.replace('"historyLength":1', '"historyLength":50') })
          : undefined,
    },
    { fails: "CORE-HIST-003" },
  ],
  [
    "forgets what the user said",
    getResult((value, { params }) => (params["historyLength"] === 100 ? { ...(value as Json), history: [] } : value)),
    { fails: "CORE-HIST-005" },
  ],
  [
    "has the history upside down",
    getResult((value, { params }) =>
      params["historyLength"] === 100
        ? { ...(value as Json), history: ((value as Json)["history"] as Json[]).toReversed() }
        : value,
    ),
    { fails: "CORE-HIST-006" },
  ],

  // 1.6
  [
    "makes no contexts",
    taskResult((value, { params }) =>
      message(params)?.["contextId"] === undefined ? without(value, "contextId") : value,
    ),
    { fails: "CORE-MULTI-001a", atLeast: true },
  ],
  [
    "replaces a client's context",
    taskResult((value, { params }) =>
      /^[0-9a-f-]{36}$/.test(String(message(params)?.["contextId"])) ? { ...value, contextId: "another" } : value,
    ),
    { fails: "CORE-MULTI-002a" },
  ],
  [
    "forgets contexts",
    taskResult((value, { params }) =>
      String(message(params)?.["contextId"]).startsWith("context-of") ? { ...value, contextId: "another" } : value,
    ),
    { fails: "AC-1.6-new-task" },
  ],
  [
    "takes the message's id for the task's",
    taskResult((value, { params }) => ({ ...value, id: message(params)?.["messageId"] })),
    { fails: "CORE-MULTI-003", atLeast: true },
  ],
  [
    "makes tasks under the client's ids",
    accept(
      (call) =>
        call.operation === "SendMessage" &&
        /^[0-9a-f-]{36}$/.test(String(message(call.params)?.["taskId"])) &&
        call.params["noSuchMember"] === undefined,
      { task: task() },
    ),
    { fails: "CORE-MULTI-004" },
  ],
  [
    "loses the context of a follow-up",
    taskResult((value, { params }) =>
      message(params)?.["taskId"] !== undefined ? { ...value, contextId: "another" } : value,
    ),
    { fails: "CORE-MULTI-005" },
  ],
  [
    "takes another context for a task",
    accept(
      (call) =>
        String(message(call.params)?.["taskId"]).startsWith("task-") &&
        /^[0-9a-f-]{36}$/.test(String(message(call.params)?.["contextId"])),
      { task: task() },
    ),
    { fails: "CORE-MULTI-006" },
  ],

  // 1.5
  [
    "refuses a message to an ended task as invalid",
    errorCode(-32004, -32602, "SendMessage"),
    { fails: "CORE-SEND-002" },
  ],
  ["cancels what has ended", canceledLater(), { fails: "AC-1.5-final" }],
  [
    "shows another state",
    getResult((value) => ({
      ...(value as Json),
      status: { ...((value as Json)["status"] as Json), state: "TASK_STATE_FAILED" },
    })),
    { fails: ["CORE-GET-001", "AC-1.9-same-result", "STREAM-ORDER-004"] },
  ],
  [
    "says invalid for an unknown task",
    errorCode(-32001, -32602, "GetTask"),
    { fails: ["AC-1.12-query", "AC-1.12-unknown-extension", "CORE-GET-002", "VER-CLIENT-002", "VER-SERVER-001"] },
  ],
  [
    "leaves a canceled task at work",
    result("CancelTask", (value: Json) => ({ ...value, status: { state: "TASK_STATE_WORKING" } })),
    { fails: "CORE-CANCEL-001" },
  ],
  [
    "wraps the task of a cancel",
    result("CancelTask", (value: Json) => ({ task: value })),
    { fails: "CORE-CANCEL-001" },
  ],
  ["says unsupported for a cancel of what has ended", errorCode(-32002, -32004), { fails: "CORE-CANCEL-002" }],
  [
    "says invalid for a cancel of what there is not",
    errorCode(-32001, -32602, "CancelTask"),
    { fails: "CORE-CANCEL-003" },
  ],
  ["refuses a second cancel", refusedAgain(), { fails: "AC-1.5-cancel-again" }],

  // 1.8
  [
    "shows every context",
    {
      request: (call) =>
        call.operation === "ListTasks" &&
        Object.keys(call.params).join() === "contextId" &&
        !call.body.includes("context-of")
          ? rebuilt(call, { body: rpc("ListTasks", {}) })
          : undefined,
    },
    { fails: "AC-1.8-context" },
  ],
  [
    "shows every state",
    {
      request: (call) =>
        call.params["status"] === "TASK_STATE_REJECTED"
          ? rebuilt(call, { body: rpc("ListTasks", { contextId: call.params["contextId"] }) })
          : undefined,
    },
    { fails: "AC-1.8-status" },
  ],
  [
    "always has another page",
    listResult((value, { params }) =>
      params["pageSize"] === 1 && params["contextId"] !== undefined && value["nextPageToken"] === ""
        ? { ...value, nextPageToken: "3" }
        : value,
    ),
    { fails: "AC-1.8-pages" },
  ],
  [
    "repeats a page",
    {
      request: (call) =>
        call.operation === "ListTasks" && call.params["pageSize"] === 1 && call.params["pageToken"] === "2"
          ? rebuilt(call, { body: call.body.replace('"pageToken":"2"', '"pageToken":"1"') })
          : undefined,
    },
    { fails: "AC-1.8-pages" },
  ],
  [
    "counts the page for all",
    listResult((value, { params }) => (params["pageSize"] === 2 ? { ...value, totalSize: 2 } : value)),
    { fails: "AC-1.8-sizes" },
  ],
  [
    "has pages without a bound",
    listResult((value, { params }) =>
      Object.keys(params).length === 0
        ? { ...value, tasks: Array.from({ length: 60 }, () => tasksOf(value)[0]) }
        : value,
    ),
    { fails: "AC-1.8-default-size" },
  ],
  [
    "lists the oldest first",
    listResult((value, { params }) =>
      params["pageSize"] === 50 ? { ...value, tasks: tasksOf(value).toReversed() } : value,
    ),
    { fails: "AC-1.8-order" },
  ],
  [
    "lists artifacts unasked",
    listResult((value, { params }) =>
      params["includeArtifacts"] === true
        ? value
        : { ...value, tasks: tasksOf(value).map((each) => ({ ...each, artifacts: [] })) },
    ),
    { fails: "CORE-LIST-005" },
  ],
  [
    "never lists artifacts",
    listResult((value) => ({ ...value, tasks: tasksOf(value).map((each) => without(each, "artifacts")) })),
    { fails: "AC-1.8-artifacts" },
  ],
  [
    "leaves out the task of that very time",
    {
      request: (call) =>
        call.params["statusTimestampAfter"] === undefined || call.params["statusTimestampAfter"] === "yesterday"
          ? undefined
          : rebuilt(call, {
              body: call.body.replace(
                /"statusTimestampAfter":"[^"]*"/,
                '"statusTimestampAfter":"2990-01-01T00:00:00Z"',
              ),
            }),
    },
    { fails: "AC-1.8-after" },
  ],
  [
    "does not look at the time",
    {
      request: (call) =>
        call.params["statusTimestampAfter"] === undefined || call.params["statusTimestampAfter"] === "yesterday"
          ? undefined
          : rebuilt(call, { body: call.body.replace(/"statusTimestampAfter":"[^"]*"/, '"unknown":1') }),
    },
    { fails: "AC-1.8-after" },
  ],
  [
    "lists histories unasked",
    listResult((value, { params }) =>
      params["historyLength"] === 0
        ? { ...value, tasks: tasksOf(value).map((each) => ({ ...each, history: [] })) }
        : value,
    ),
    { fails: "AC-1.8-history" },
  ],

  // 1.9
  [
    "streams without saying so",
    cardMember((card) => ({ ...card, capabilities: { ...(card["capabilities"] as Json), streaming: false } })),
    { fails: ["CORE-CAP-002/SendStreamingMessage", "CORE-CAP-002/SubscribeToTask"] },
  ],
  [
    "calls a stream JSON",
    {
      instead: (call) =>
        call.operation === "SendStreamingMessage" && message(call.params)?.["taskId"] === undefined
          ? { status: 200, headers: { "content-type": "application/json" }, body: "data: {}" }
          : undefined,
    },
    {
      fails: [
        "AC-1.9-events",
        "AC-1.9-media-type",
        "AC-1.9-same-result",
        "CORE-STREAM-001",
        "CORE-STREAM-002",
        "CORE-STREAM-003",
      ],
    },
  ],
  [
    "adds `final` to events",
    {
      frame: (_, frame) => [
        frame["statusUpdate"] ? { statusUpdate: { ...(frame["statusUpdate"] as Json), final: true } } : frame,
      ],
    },
    { fails: "AC-1.9-events" },
  ],
  [
    "streams no task",
    { frame: (call, frame, index) => (call.operation === "SendStreamingMessage" && index === 0 ? [] : [frame]) },
    { fails: "CORE-STREAM-001" },
  ],
  [
    "ends a stream too early",
    { frame: (call, frame) => (call.operation === "SendStreamingMessage" && frame["statusUpdate"] ? [] : [frame]) },
    { fails: ["AC-1.9-same-result", "CORE-STREAM-003"] },
  ],
  [
    "goes on after the end",
    {
      frame: (call, frame) =>
        call.operation === "SendStreamingMessage" && frame["statusUpdate"] ? [frame, frame] : [frame],
    },
    { fails: "CORE-STREAM-003" },
  ],
  [
    "loses the context on the way",
    {
      frame: (_, frame) => [
        frame["statusUpdate"] ? { statusUpdate: { ...(frame["statusUpdate"] as Json), contextId: "another" } } : frame,
      ],
    },
    { fails: "CORE-STREAM-002" },
  ],
  [
    "streams no artifacts",
    { frame: (_, frame) => (frame["artifactUpdate"] ? [] : [frame]) },
    { fails: "AC-1.9-same-result" },
  ],
  [
    "streams an error",
    streamedError(
      (call) => call.operation === "SendStreamingMessage" && message(call.params)?.["taskId"] !== undefined,
    ),
    { fails: "AC-1.9-error" },
  ],
  [
    "streams that there is no task",
    streamedError((call) => call.operation === "SubscribeToTask" && !String(call.params["id"]).startsWith("task-")),
    { fails: "STREAM-SUB-004" },
  ],
  ["says not found of what has ended", errorCode(-32004, -32001, "SubscribeToTask"), { fails: "STREAM-SUB-003" }],
  [
    "begins a subscription with an update",
    {
      frame: (call, frame, index) =>
        call.operation === "SubscribeToTask" && index === 0
          ? [
              {
                statusUpdate: {
                  taskId: (frame["task"] as Json)["id"],
                  contextId: (frame["task"] as Json)["contextId"],
                  status: (frame["task"] as Json)["status"],
                },
              },
            ]
          : [frame],
    },
    { fails: "STREAM-SUB-001" },
  ],
  [
    "keeps the end from subscribers",
    { frame: (call, frame) => (call.operation === "SubscribeToTask" && frame["statusUpdate"] ? [] : [frame]) },
    { fails: ["STREAM-ORDER-002", "STREAM-ORDER-004", "STREAM-SUB-002"] },
  ],
  ["tells every stream something else", differing(), { fails: "STREAM-ORDER-002" }],
  ["has one subscriber a task", onlyFirst(), { fails: ["STREAM-ORDER-002", "STREAM-ORDER-004"] }],
  [
    "frames events without their id",
    { event: (call, text) => (call.isRest ? text : text.replace(/"id":\d+/, '"id":0')) },
    {
      fails: [
        "AC-1.9-events",
        "AC-1.9-same-result",
        "CORE-STREAM-001",
        "CORE-STREAM-002",
        "CORE-STREAM-003",
        "STREAM-ORDER-002",
        "STREAM-ORDER-004",
        "STREAM-SUB-001",
        "STREAM-SUB-002",
      ],
    },
  ],

  // 1.10
  [
    "says unsupported for push",
    {
      ...withoutPush,
      instead: (call) =>
        call.operation.includes("PushNotificationConfig")
          ? refuse(call, 400, "UNSUPPORTED_OPERATION", -32004)
          : undefined,
    },
    { fails: PUSH_OPERATIONS.map((name) => `CORE-CAP-001/${name}`) },
  ],
  [
    "makes configs without ids",
    result("CreateTaskPushNotificationConfig", (value: Json, { params }) =>
      params["id"] === undefined ? without(value, "id") : value,
    ),
    { fails: ["PUSH-CREATE-001", "PUSH-GET-001", "PUSH-LIST-001"], atLeast: true, push: true },
  ],
  [
    "takes configs of any task",
    accept(
      (call) =>
        call.operation === "CreateTaskPushNotificationConfig" && !String(call.params["taskId"]).startsWith("task-"),
      {},
    ),
    { fails: "PUSH-CREATE-002", push: true },
  ],
  [
    "keeps both of one id",
    result("ListTaskPushNotificationConfigs", (value: { configs: Json[] }) => ({
      ...value,
      configs: [...value.configs, ...value.configs],
    })),
    { fails: "PUSH-CREATE-003", push: true },
  ],
  [
    "takes any text for a URL",
    accept((call) => String(call.params["url"]).startsWith("no url"), {}),
    { fails: "AC-1.10-url/1", push: true },
  ],
  [
    "takes files for webhooks",
    accept((call) => String(call.params["url"]).startsWith("file:"), {}),
    { fails: "AC-1.10-url/2", push: true },
  ],
  [
    "hides a config's URL",
    result("GetTaskPushNotificationConfig", (value: Json) => without(value, "url")),
    { fails: "PUSH-GET-001", push: true },
  ],
  [
    "finds configs that there are not",
    {
      answer: (call, answer) =>
        call.operation === "GetTaskPushNotificationConfig" &&
        (answer.body as Json)["error"] !== undefined &&
        /^[0-9a-f-]{36}$/.test(String(call.params["id"]))
          ? { ...answer, body: { jsonrpc: "2.0", id: call.id, result: {} } }
          : answer,
    },
    { fails: ["PUSH-DELETE-001", "PUSH-GET-002"], push: true },
  ],
  [
    "lists one config only",
    result("ListTaskPushNotificationConfigs", (value: { configs: Json[] }) => ({
      ...value,
      configs: value.configs.slice(0, 1),
    })),
    { fails: "PUSH-LIST-001", push: true },
  ],
  [
    "does not delete",
    accept((call) => call.operation === "DeleteTaskPushNotificationConfig", {}),
    { fails: "PUSH-DELETE-001", push: true },
  ],
  [
    "refuses a second deletion",
    refusedAgain("DeleteTaskPushNotificationConfig"),
    { fails: "PUSH-DELETE-002", push: true },
  ],
  [
    "delivers nothing of the end",
    { delivery: (delivery) => ("statusUpdate" in bodyOf(delivery) ? null : delivery) },
    { fails: "PUSH-DELIVER-001", push: true },
  ],
  [
    "delivers a bare task",
    { delivery: (delivery) => ({ ...delivery, body: bodyOf(delivery)["task"] ?? delivery.body }) },
    { fails: "AC-1.10-body", push: true },
  ],
  [
    "delivers plain JSON",
    {
      delivery: ({ headers, body }) => ({ headers: { ...headers, "content-type": "application/json" }, body }),
    },
    { fails: "AC-1.10-media-type", push: true },
  ],
  [
    "drops the authentication",
    { delivery: ({ headers, body }) => ({ headers: { ...headers, authorization: undefined }, body }) },
    { fails: "AC-1.10-authorization", push: true },
  ],
  [
    "delivers into the past",
    {
      delivery: (delivery) => {
        const text = JSON.stringify(delivery.body);
        const past = text.replace(/"timestamp":"[^"]*"/, '"timestamp":"2001-01-01T00:00:00.000Z"');
        return { ...delivery, body: "statusUpdate" in bodyOf(delivery) ? JSON.parse(past) : delivery.body };
      },
    },
    { fails: "AC-1.10-order", push: true },
  ],
  [
    "has configs of tasks that there are not",
    accept(
      (call) =>
        call.operation === "ListTaskPushNotificationConfigs" && !String(call.params["taskId"]).startsWith("task-"),
      { configs: [] },
    ),
    { fails: "AC-1.10-unknown", push: true },
  ],

  // 1.13 extended, 1.14
  [
    "says not found for the extended card",
    errorCode(-32004, -32601, "GetExtendedAgentCard"),
    { fails: "CORE-CAP-003" },
  ],
  [
    "shows everybody the extended card",
    extendedCard((call, card) => ok(call, card)),
    { fails: "CARD-EXT-001", keys: true },
  ],
  [
    "has another form of the extended card",
    extendedCard((call, card) => (call.request.headers.has("authorization") ? ok(call, { card }) : undefined)),
    { fails: "CARD-EXT-002", keys: true },
  ],
  [
    "asks nobody who they are",
    {
      request: (call) =>
        call.request.headers.has("authorization")
          ? undefined
          : rebuilt(call, { headers: { ...Object.fromEntries(call.request.headers), authorization: `Bearer ${KEY}` } }),
    },
    {
      fails: ["CancelTask", "GetTask", "ListTasks", "SendMessage"].map((name) => `AC-1.14-anonymous/${name}`),
      keys: true,
    },
  ],
  [
    "takes any credentials",
    {
      request: (call) =>
        call.request.headers.has("authorization") && call.request.headers.get("authorization") !== `Bearer ${OTHER}`
          ? rebuilt(call, { headers: { ...Object.fromEntries(call.request.headers), authorization: `Bearer ${KEY}` } })
          : undefined,
    },
    { fails: "AC-1.14-wrong-credentials", keys: true },
  ],
  [
    "shows everybody everything",
    {
      request: (call) =>
        call.request.headers.get("authorization") === `Bearer ${OTHER}`
          ? rebuilt(call, { headers: { ...Object.fromEntries(call.request.headers), authorization: `Bearer ${KEY}` } })
          : undefined,
    },
    {
      fails: ["AC-1.14-foreign/CancelTask", "AC-1.14-foreign/GetTask", "AC-1.14-foreign/SendMessage", "CORE-LIST-001"],
      keys: true,
    },
  ],
  [
    "tells of another caller's context",
    {
      instead: (call) =>
        call.request.headers.get("authorization") === `Bearer ${OTHER}` &&
        String(message(call.params)?.["contextId"]).startsWith("context-of")
          ? refuse(call, 403, undefined, -32000)
          : undefined,
    },
    { fails: "AC-1.14-foreign/context", keys: true },
  ],
  [
    "refuses without a challenge",
    {
      answer: (_, answer) => ({
        ...answer,
        headers: without(answer.headers, "www-authenticate") as Record<string, string>,
      }),
    },
    { fails: "AC-1.14-challenge", keys: true },
  ],
  [
    "refuses the right credentials",
    { request: (call) => rebuilt(call, { headers: headersWithout(call, "authorization") }) },
    { fails: "AC-1.14-credentials", atLeast: true, keys: true },
  ],

  // 1.15
  [
    "answers 0.3 in the form of 1.0",
    {
      answer: (call, answer) =>
        call.operation === "message/send" && (answer.body as Json)["result"] !== undefined
          ? {
              ...answer,
              body: { ...(answer.body as Json), result: without((answer.body as Json)["result"] as Json, "kind") },
            }
          : answer,
    },
    { fails: "AC-1.15-send", legacy: true },
  ],
  [
    "does not block",
    {
      answer: (call, answer) =>
        call.operation === "message/send" && (answer.body as Json)["result"] !== undefined
          ? {
              ...answer,
              body: {
                ...(answer.body as Json),
                result: { ...((answer.body as Json)["result"] as Json), status: { state: "working" } },
              },
            }
          : answer,
    },
    { fails: "AC-1.15-blocking", legacy: true },
  ],
  [
    "wants a version of clients of 0.3",
    {
      instead: (call) =>
        call.operation === "tasks/get" && call.request.headers.get("a2a-version") === null
          ? refuse(call, 400, "VERSION_NOT_SUPPORTED", -32009)
          : undefined,
    },
    { fails: "AC-1.15-no-version", legacy: true },
  ],
  [
    "wraps the task of tasks/get",
    {
      answer: (call, answer) =>
        call.operation === "tasks/get" && (answer.body as Json)["result"] !== undefined
          ? { ...answer, body: { ...(answer.body as Json), result: { task: (answer.body as Json)["result"] } } }
          : answer,
    },
    { fails: "AC-1.15-get", legacy: true },
  ],
  [
    "does not shorten the history of 0.3",
    {
      answer: (call, answer) =>
        call.operation === "tasks/get" && call.params["historyLength"] === 1
          ? {
              ...answer,
              body: {
                ...(answer.body as Json),
                result: { ...((answer.body as Json)["result"] as Json), history: [{}, {}] },
              },
            }
          : answer,
    },
    { fails: "AC-1.15-history", legacy: true },
  ],
  [
    "cancels the ended tasks of 0.3",
    errorCode(-32002, -32004, "tasks/cancel"),
    { fails: "AC-1.15-cancel", legacy: true },
  ],
  [
    "says invalid for a cancel of 0.3",
    errorCode(-32001, -32602, "tasks/cancel"),
    { fails: "AC-1.15-not-found", legacy: true },
  ],
  [
    "makes tasks for clients of 0.3",
    errorCode(-32001, -32602, "message/send"),
    { fails: "AC-1.15-unknown-task", legacy: true },
  ],
  [
    "does not know methods of 0.3",
    errorCode(-32601, -32600, "tasks/noSuch"),
    { fails: "AC-1.15-method", legacy: true },
  ],
  [
    "takes messages of 0.3 without parts",
    errorCode(-32602, -32603, "message/send"),
    { fails: "AC-1.15-params", legacy: true },
  ],
  [
    "says no end to clients of 0.3",
    {
      event: (call, text) =>
        call.operation === "message/stream" ? text.replace('"final":true', '"final":false') : text,
    },
    { fails: "AC-1.15-stream", legacy: true },
  ],
];

const invalidRequest = (body: string): string | undefined => {
  const json = ((): unknown => {
    try {
      return JSON.parse(body);
    } catch {
      return undefined;
    }
  })();
  if (json === undefined) return undefined;
  if (Array.isArray(json)) return "batch";
  if (typeof json !== "object") return "scalar";
  const { jsonrpc, method, id } = json as Json;
  if (jsonrpc !== "2.0") return "jsonrpc";
  if (method === undefined) return "no-method";
  if (typeof method !== "string") return "method-type";
  return id === undefined ? "no-id" : typeof id === "object" ? "id-type" : undefined;
};

const refuse = (call: SeenCall, http: number, reason: string | undefined, jsonRpc: number) => {
  const details =
    reason === undefined
      ? []
      : [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "a2a-protocol.org" }];
  return call.isRest
    ? {
        status: http,
        headers: { "content-type": "application/json" },
        body: { error: { code: http, status: "FAILED_PRECONDITION", message: "no", details } },
      }
    : {
        status: 200,
        headers: { "content-type": "application/json" },
        body: { jsonrpc: "2.0", id: call.id ?? null, error: { code: jsonRpc, message: "no", data: details } },
      };
};
const withoutDetails = (answer: { status: number; headers: Readonly<Record<string, string>>; body: unknown }) => {
  const body = answer.body as { error?: Json };
  if (typeof body !== "object" || body.error === undefined) return answer;
  return { ...answer, body: { ...body, error: without(without(body.error, "data"), "details") } };
};

const isMessage = (params: Json): boolean => typeof message(params) === "object";
/** What the first sends of a run look like: the message, and nothing beside it. */
const isPlain = (params: Json): boolean =>
  params["configuration"] === undefined &&
  Object.keys(message(params) ?? {}).join() === "messageId,role,parts" &&
  message(params)?.["messageId"] !== "" &&
  message(params)?.["role"] === "ROLE_USER" &&
  part(params)?.["url"] === undefined;
const rpc = (method: string, params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const ok = (call: SeenCall, value: unknown) => ({
  ...{ status: 200, headers: { "content-type": "application/json" } },
  body: { jsonrpc: "2.0", id: call.id, result: value },
});

function canceledLater(): Mutation {
  const canceled = new Set<unknown>();
  return {
    answer: (call, answer) => {
      if (call.operation === "CancelTask") canceled.add(call.params["id"]);
      if (call.operation !== "GetTask" || !canceled.has(call.params["id"])) return answer;
      const { result: own } = answer.body as { result: Json };
      const status = { ...(own["status"] as Json), state: "TASK_STATE_CANCELED" };
      return { ...answer, body: { ...(answer.body as Json), result: { ...own, status } } };
    },
  };
}

function refusedAgain(operation = "CancelTask"): Mutation {
  const done = new Set<unknown>();
  return {
    answer: (call, answer) => {
      if (call.operation !== operation || (answer.body as Json)["error"] !== undefined) return answer;
      const id = JSON.stringify(call.params);
      if (done.has(id)) return refuse(call, 400, "TASK_NOT_CANCELABLE", -32002);
      done.add(id);
      return answer;
    },
  };
}

function streamedError(when: (call: SeenCall) => boolean): Mutation {
  const body = 'data: {"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no"}}\n\n';
  return {
    instead: (call) =>
      when(call) ? { status: 200, headers: { "content-type": "text/event-stream" }, body } : undefined,
  };
}

function differing(): Mutation {
  let count = 0;
  return {
    frame: (call, frame) => {
      const update = frame["statusUpdate"] as Json | undefined;
      if (call.operation !== "SubscribeToTask" || update === undefined) return [frame];
      count += 1;
      return [{ statusUpdate: { ...update, metadata: { count } } }];
    },
  };
}

function onlyFirst(): Mutation {
  const first = new Map<unknown, SeenCall>();
  return {
    frame: (call, frame, index) => {
      if (call.operation !== "SubscribeToTask") return [frame];
      const id = call.params["id"];
      if (!first.has(id)) first.set(id, call);
      return index === 0 || first.get(id) === call ? [frame] : [];
    },
  };
}

function extendedCard(answer: (call: SeenCall, card: unknown) => ReturnType<typeof ok> | undefined): Mutation {
  const declared = cardMember((card) => ({
    ...card,
    capabilities: { ...(card["capabilities"] as Json), extendedAgentCard: true },
  }));
  let card: unknown;
  return {
    answer: async (call, given) => {
      const changed = (await declared.answer?.(call, given)) ?? given;
      if (call.request.url.endsWith("agent-card.json")) card = changed.body;
      return changed;
    },
    instead: (call) => (call.operation === "GetExtendedAgentCard" ? answer(call, card) : undefined),
  };
}
const MUST = ALL_CHECKS.filter(({ severity }) => severity === "must").map(({ id }) => id);

/** Those of the sections that the mutation is about: a run of them all takes half a minute over this table. */
const mustsOf = (fails: string | readonly string[]): readonly string[] => {
  const sections = new Set(ALL_CHECKS.flatMap(({ id, section }) => ([fails].flat().includes(id) ? [section] : [])));
  return ALL_CHECKS.flatMap(({ id, section, severity }) => (severity === "must" && sections.has(section) ? [id] : []));
};

describe("a server that", () => {
  it.concurrent.each(CASES)("%s", async (_, mutation, { fails, atLeast, binding = "JSONRPC", ...variant }) => {
    const report = await verify(mutation, { binding, ...variant }, mustsOf(fails));
    const found = [...new Set(failures(report).map((line) => line.split(" ")[0]))].toSorted();
    const expected = [fails].flat().toSorted();
    if (atLeast) expect(found).toEqual(expect.arrayContaining(expected));
    else expect(found, failures(report).join("\n")).toEqual(expected);
  });

  it("breaks a rule is found, whichever must-rule it is", () => {
    const seen = new Set(CASES.flatMap(([, , { fails }]) => fails));
    expect(MUST.filter((id) => !seen.has(id))).toEqual([]);
  });
});

it("what a task says between two subscriptions is no other order of events", async () => {
  const { gateway, tasks } = createFixture({ settings });
  const data = { message: "still at it" };
  let subscriptions = 0;
  const report = await verifyServer({
    ...{ url: `${BASE}/a2a/echo`, messages, bindings: ["JSONRPC"], only: ["STREAM-ORDER-002"] },
    async fetch(request) {
      const isSecond = (await request.clone().text()).includes("SubscribeToTask") && ++subscriptions === 2;
      if (isSecond) for (const id of tasks.tasks.keys()) tasks.append(id, { type: "task.progressed", data });
      return gateway.fetch(request);
    },
  });
  expect(subscriptions).toBe(2);
  expect(report.results.map(({ result }) => result)).toEqual(["passed"]);
});

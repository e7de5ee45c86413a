/** Requests of every operation, in both versions over both HTTP bindings, and what hostile clients make of them. */
import fc from "fast-check";
import { type Edit, edited, edits, HOSTILE_TEXTS, type Json, toText } from "./edits.ts";

export const OPERATIONS = [
  "SendMessage",
  "SendStreamingMessage",
  "GetTask",
  "ListTasks",
  "CancelTask",
  "SubscribeToTask",
  "CreateTaskPushNotificationConfig",
  "GetTaskPushNotificationConfig",
  "ListTaskPushNotificationConfigs",
  "DeleteTaskPushNotificationConfig",
  "GetExtendedAgentCard",
] as const;
export type Operation = (typeof OPERATIONS)[number];
export type Binding = "JSONRPC" | "HTTP+JSON";
export type Version = "1.0" | "0.3";

export const LEGACY_NAMES: Readonly<Record<Operation, string>> = {
  SendMessage: "message/send",
  SendStreamingMessage: "message/stream",
  GetTask: "tasks/get",
  ListTasks: "tasks/list",
  CancelTask: "tasks/cancel",
  SubscribeToTask: "tasks/resubscribe",
  CreateTaskPushNotificationConfig: "tasks/pushNotificationConfig/set",
  GetTaskPushNotificationConfig: "tasks/pushNotificationConfig/get",
  ListTaskPushNotificationConfigs: "tasks/pushNotificationConfig/list",
  DeleteTaskPushNotificationConfig: "tasks/pushNotificationConfig/delete",
  GetExtendedAgentCard: "agent/getAuthenticatedExtendedCard",
};

/** What a caller would say; `mark` is its own word, which nobody else may ever read. */
export interface Words {
  readonly mark: string;
  readonly text: string;
  readonly taskId: string;
  readonly number: number;
}

const config10 = ({ mark, taskId, number }: Words): { [name: string]: Json } => ({
  taskId,
  id: `config-${number}`,
  url: `https://example.com/${mark}`,
  token: mark,
  authentication: { scheme: "Bearer", credentials: mark },
});

const params10 = (operation: Operation, words: Words): { [name: string]: Json } => {
  const { mark, text, taskId, number } = words;
  switch (operation) {
    case "SendMessage":
    case "SendStreamingMessage":
      return {
        message: {
          messageId: `message-${number}`,
          role: "ROLE_USER",
          parts: [
            { text },
            { text: mark, mediaType: "text/plain", metadata: { a: 1 } },
            { data: { mark, list: [1, null] } },
          ],
          metadata: { mark },
          extensions: ["https://example.com/extension"],
          referenceTaskIds: ["task-1"],
          ...(number % 4 === 0 ? { taskId } : {}),
          ...(number % 4 === 1 ? { contextId: `context-${mark}-${number}` } : {}),
        },
        configuration: {
          acceptedOutputModes: ["text/plain"],
          historyLength: number,
          ...(operation === "SendMessage" && number % 3 > 0 ? { returnImmediately: true } : {}),
          ...(number % 5 === 0 ? { taskPushNotificationConfig: config10(words) } : {}),
        },
        metadata: { mark },
      };
    case "GetTask":
      return { id: taskId, historyLength: number };
    case "ListTasks":
      return {
        ...(number % 2 === 0 ? { status: "TASK_STATE_COMPLETED" } : { contextId: `context-of-${taskId}` }),
        ...{ pageSize: 1 + (number % 3), pageToken: "", historyLength: 1, includeArtifacts: number % 3 === 0 },
        statusTimestampAfter: "2020-01-01T00:00:00Z",
      };
    case "CancelTask":
      return { id: taskId, metadata: { mark } };
    case "SubscribeToTask":
      return { id: taskId };
    case "CreateTaskPushNotificationConfig":
      return config10(words);
    case "GetTaskPushNotificationConfig":
    case "DeleteTaskPushNotificationConfig":
      return { taskId, id: `config-${number}` };
    case "ListTaskPushNotificationConfigs":
      return { taskId, pageSize: 2, pageToken: "" };
    case "GetExtendedAgentCard":
      return {};
  }
};

const config03 = ({ mark, number }: Words): { [name: string]: Json } => ({
  id: `config-${number}`,
  url: `https://example.com/${mark}`,
  token: mark,
  authentication: { schemes: ["Bearer"], credentials: mark },
});

const params03 = (operation: Operation, words: Words): { [name: string]: Json } => {
  const { mark, text, taskId, number } = words;
  switch (operation) {
    case "SendMessage":
    case "SendStreamingMessage":
      return {
        message: {
          ...{ kind: "message", messageId: `message-${number}`, role: "user", metadata: { mark } },
          parts: [
            { kind: "text", text },
            { kind: "text", text: mark },
            { kind: "data", data: { mark } },
          ],
          ...(number % 4 === 0 ? { taskId } : {}),
        },
        configuration: {
          ...{ acceptedOutputModes: ["text/plain"], blocking: number % 3 === 0, historyLength: number },
          ...(number % 5 === 0 ? { pushNotificationConfig: config03(words) } : {}),
        },
      };
    case "CreateTaskPushNotificationConfig":
      return { taskId, pushNotificationConfig: config03(words) };
    case "GetTaskPushNotificationConfig":
    case "DeleteTaskPushNotificationConfig":
      return { id: taskId, pushNotificationConfigId: `config-${number}` };
    default:
      return operation === "GetTask" ? { id: taskId, historyLength: number } : { id: taskId, metadata: { mark } };
  }
};

/** 0.3's bodies over HTTP+JSON are those of its proto file. */
const body03 = (operation: Operation, words: Words): { [name: string]: Json } => {
  const { mark, text, taskId, number } = words;
  if (operation === "CreateTaskPushNotificationConfig") return { pushNotificationConfig: config03(words) };
  if (operation !== "SendMessage" && operation !== "SendStreamingMessage") return {};
  return {
    message: {
      ...{ messageId: `message-${number}`, role: "ROLE_USER", metadata: { mark } },
      content: [{ text }, { text: mark }, { data: { data: { mark } } }],
      ...(number % 4 === 0 ? { taskId } : {}),
    },
    configuration: {
      ...{ blocking: number % 3 === 0, historyLength: number, acceptedOutputModes: ["text/plain"] },
      ...(number % 5 === 0 ? { pushNotification: config03(words) } : {}),
    },
  };
};

interface RestForm {
  readonly method: string;
  /** Names in braces are filled from the params, which then are not sent again. */
  readonly path: string;
  readonly hasBody: boolean;
}

const rest = (method: string, path: string): RestForm => ({ method, path, hasBody: method === "POST" });

const REST: Readonly<Record<Operation, RestForm>> = {
  SendMessage: rest("POST", "message:send"),
  SendStreamingMessage: rest("POST", "message:stream"),
  GetTask: rest("GET", "tasks/{id}"),
  ListTasks: rest("GET", "tasks"),
  CancelTask: rest("POST", "tasks/{id}:cancel"),
  SubscribeToTask: rest("POST", "tasks/{id}:subscribe"),
  CreateTaskPushNotificationConfig: rest("POST", "tasks/{taskId}/pushNotificationConfigs"),
  GetTaskPushNotificationConfig: rest("GET", "tasks/{taskId}/pushNotificationConfigs/{id}"),
  ListTaskPushNotificationConfigs: rest("GET", "tasks/{taskId}/pushNotificationConfigs"),
  DeleteTaskPushNotificationConfig: rest("DELETE", "tasks/{taskId}/pushNotificationConfigs/{id}"),
  GetExtendedAgentCard: rest("GET", "extendedAgentCard"),
};

export interface HostileRequest {
  readonly operation: Operation;
  readonly binding: Binding;
  readonly version: Version;
  readonly method: string;
  /** Path and query. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  /** The address and the headers are those of the operation; only its JSON may be off. */
  readonly isAddressed: boolean;
}

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Half of the requests have nothing but their JSON changed: what is judged first would hide the rest. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const HEADERS = pick<readonly [string, string]>(
  ...["1.0", "1.0.7", "0.3", "0.3.0", "2.0", "1", "x", "", "1.0, 0.3", "9".repeat(3000)].map(
    (value) => ["a2a-version", value] as const,
  ),
  ...[
    "text/plain",
    "",
    ";",
    "application/json; charset=utf-16",
    "application/a2a+json",
    "application/JSON",
    "multipart/form-data",
  ].map((value) => ["content-type", value] as const),
  ...["1", "0", "-1", "x", "1e9", "99999999999999999999", "2"].map((value) => ["last-event-id", value] as const),
  ...["text/event-stream", "text/html", "*/*", ""].map((value) => ["accept", value] as const),
  ...["0", "-1", "x", "5", "99999999999"].map((value) => ["content-length", value] as const),
  ...[",,,", "https://example.com/a, https://agentcore.dev/a2a/extensions/resumable-streams/v1", "é"].map(
    (value) => ["a2a-extensions", value] as const,
  ),
  ["x-a2a-extensions", "https://agentcore.dev/a2a/extensions/resumable-streams/v1"],
  ["authorization", "Bearer nobody"],
  ["authorization", "Basic x"],
  ["authorization", ""],
  ["traceparent", "z".repeat(500)],
  ["origin", "https://evil.example"],
  ["x-many", "y".repeat(8000)],
);

const SEGMENTS = pick(
  ...["%2F", "%2e%2e", "..", "", "%00", "%", "%zz", "%FF", "%C3%BC", "task-1%2Fx", "task-1:cancel", ":cancel", "{id}"],
  ...[
    "tasks",
    "default",
    "other",
    "__proto__",
    "constructor",
    "toString",
    "v1",
    "message:send",
    "echo",
    "x".repeat(3000),
  ],
);

const QUERIES = pick(
  ...[
    "?",
    "?&&=",
    "?pageSize=1e2",
    "?pageSize=-0",
    "?historyLength=-1",
    "?historyLength=1.5",
    "?pageToken=%00",
    "?status=completed",
  ],
  ...[
    "?__proto__=1",
    "?constructor=x",
    "?includeArtifacts=maybe",
    "?tenant=other",
    "?A2A-Version=9",
    "?A2A-Version=0.3",
    "?%=%",
  ],
  ...[
    "?contextId=",
    "?statusTimestampAfter=yesterday",
    "?pageToken=1",
    "?page_size=3&pageSize=x",
    "?taskId=task-7",
    "?id=task-7",
  ],
);

const utf16 = (bytes: Uint8Array): Uint8Array => Buffer.from(new TextDecoder().decode(bytes), "utf16le");

const damage: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((share) => (bytes: Uint8Array) => bytes.slice(0, bytes.length * share)),
  pick<(bytes: Uint8Array) => Uint8Array>(
    (bytes) => Buffer.concat([bytes, bytes]),
    (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
    utf16,
    (bytes) => Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(bytes)]),
    (bytes) => Buffer.concat([bytes.slice(0, 20), Buffer.from([0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80]), bytes.slice(20)]),
    () => Buffer.from("null"),
    () => Buffer.from(""),
    () => Buffer.from(" \n"),
    () => Buffer.from('"text"'),
    () => Buffer.from("NaN"),
    () => Buffer.from("{'a': 1}"),
    () => Buffer.from("[".repeat(50_000)),
    () => Buffer.from("x".repeat(300_000)),
    (bytes) => Buffer.concat([Buffer.from("["), bytes, Buffer.from(","), bytes, Buffer.from("]")]),
    (bytes) => Buffer.concat([bytes, Buffer.from(",")]),
    (bytes) => Buffer.concat([Buffer.from("//\n"), bytes]),
  ),
);

const addressEdit: fc.Arbitrary<(path: string) => string> = fc.oneof(
  fc.tuple(fc.nat(6), SEGMENTS).map(([at, segment]) => (path: string) => {
    const segments = path.split("/");
    segments.splice(1 + (at % segments.length), 1, segment);
    return segments.join("/");
  }),
  SEGMENTS.map((segment) => (path: string) => `${path}/${segment}`),
  pick(
    (path: string) => path.replace("/a2a/echo", "/a2a/nobody"),
    (path: string) => path.replace("/a2a/echo", "/a2a/echo/default"),
    (path: string) => path.replace("/a2a/echo", "/a2a/echo/other"),
    (path: string) => path.replace("/a2a/echo", "/a2a"),
    (path: string) => path.replace("/a2a/echo", ""),
    (path: string) => path.replace("/a2a/", "//a2a/"),
    (path: string) => path.toUpperCase(),
  ),
);

const ENVELOPE_IDS: readonly Json[] = [1, "one", 0, -5, "", "\u{1F600}", 2 ** 40];

/** One request of the caller who has that mark; `own` are numbers of its tasks. */
export const hostileRequests = (mark: string, own: readonly number[]): fc.Arbitrary<HostileRequest> =>
  fc
    .record({
      operation: pick(...OPERATIONS),
      binding: pick<Binding>("JSONRPC", "HTTP+JSON"),
      version: pick<Version>("1.0", "1.0", "0.3"),
      text: pick("hello", "hold", "ask", "fail", "authorize", ...HOSTILE_TEXTS),
      task: fc.oneof(pick(...own), fc.integer({ min: 1, max: 14 })),
      number: fc.nat(60),
      edits,
      envelope: rarely(edits),
      header: rarely(HEADERS),
      address: rarely(addressEdit),
      query: rarely(QUERIES),
      damage: rarely(damage),
      method: rarely(pick("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND")),
    })
    .map((given) => build(mark, given));

const build = (
  mark: string,
  given: {
    readonly operation: Operation;
    readonly binding: Binding;
    readonly version: Version;
    readonly text: string;
    readonly task: number;
    readonly number: number;
    readonly edits: readonly Edit[];
    readonly envelope: readonly Edit[] | null;
    readonly header: readonly [string, string] | null;
    readonly address: ((path: string) => string) | null;
    readonly query: string | null;
    readonly damage: ((bytes: Uint8Array) => Uint8Array) | null;
    readonly method: string | null;
  },
): HostileRequest => {
  const { operation, binding, version, number } = given;
  const words: Words = { mark, text: given.text, taskId: `task-${given.task}`, number };
  const form = REST[operation];
  let { method, path, hasBody } = form;
  let body: Json;
  if (binding === "JSONRPC") {
    const own = version === "1.0" ? params10(operation, words) : params03(operation, words);
    [method, path, hasBody] = ["POST", "", true];
    body = {
      jsonrpc: "2.0",
      id: ENVELOPE_IDS[number % ENVELOPE_IDS.length] ?? 1,
      method: version === "1.0" ? operation : LEGACY_NAMES[operation],
      params: edited(own, given.edits),
    };
    if (given.envelope !== null) body = edited(body, given.envelope);
  } else {
    const own = params10(operation, words);
    path = `/${version === "0.3" ? "v1/" : ""}${form.path}`.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = own[name] as string;
      delete own[name];
      return encodeURIComponent(value);
    });
    if (version === "0.3" && operation === "GetExtendedAgentCard") path = "/v1/card";
    body = edited(version === "1.0" ? own : body03(operation, words), given.edits);
    if (!hasBody && typeof body === "object" && body !== null) {
      const query = new URLSearchParams(
        Object.entries(body).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
      );
      path += `?${query}`.slice(0, 12_000);
    }
  }
  const bytes = new TextEncoder().encode(toText(body));
  const address = given.address === null ? `/a2a/echo${path}` : given.address(`/a2a/echo${path}`);
  const sends = hasBody || given.damage !== null;
  const chosen = given.method ?? method;
  return {
    ...{ operation, binding, version, method: chosen },
    address: given.query === null ? address : `${address.split("?")[0]}${given.query}`,
    headers: {
      "content-type": "application/json",
      "a2a-version": version,
      ...(given.header === null ? {} : { [given.header[0]]: given.header[1] }),
    },
    body: !sends || chosen === "GET" || chosen === "HEAD" ? null : (given.damage?.(bytes) ?? bytes),
    isAddressed: given.address === null && given.query === null && given.header === null && given.method === null,
  };
};

/** Servers that get A2A 0.3 wrong. */
import { errorCode, type Mutation, result } from "../mutated-server.ts";
import { type BrokenServer, type Json, refuse, without } from "./broken-server.ts";

const OVER_REST = { binding: "HTTP+JSON", legacy: true } as const;

/** Another answer in place of errors of that status. */
const restError = (operation: string, from: number, to: number): Mutation => ({
  answer: (call, answer) =>
    call.operation === operation && answer.status === from ? { ...answer, status: to } : answer,
});

export const LEGACY_SERVERS: readonly BrokenServer[] = [
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
  [
    "answers 0.3 over HTTP+JSON as JSON-RPC would",
    result("SendMessage", ({ task }: { task: Json }) => ({ ...task, kind: "task" })),
    { ...OVER_REST, fails: ["AC-1.15-send"] },
  ],
  [
    "writes parts of 1.0 to clients of 0.3",
    result("SendMessage", ({ task }: { task: Json }) => ({
      task: { ...task, history: [{ messageId: "m", role: "ROLE_USER", parts: [{ text: "hello" }] }] },
    })),
    { ...OVER_REST, fails: "AC-1.15-send" },
  ],
  [
    "does not block over HTTP+JSON of 0.3",
    result("SendMessage", ({ task }: { task: Json }) => ({
      task: { ...task, status: { state: "TASK_STATE_WORKING" } },
    })),
    { ...OVER_REST, fails: "AC-1.15-blocking" },
  ],
  [
    "wants a version of clients of 0.3 over HTTP+JSON",
    {
      instead: (call) =>
        call.operation === "GetTask" && call.request.headers.get("a2a-version") === null
          ? refuse(call, 400, "VERSION_NOT_SUPPORTED", -32009)
          : undefined,
    },
    { ...OVER_REST, fails: "AC-1.15-no-version" },
  ],
  [
    "wraps the task of HTTP+JSON of 0.3",
    result("GetTask", (value: Json) => ({ task: value })),
    { ...OVER_REST, fails: "AC-1.15-get" },
  ],
  [
    "spells states as JSON-RPC of 0.3 does over HTTP+JSON",
    result("GetTask", (value: Json) => ({ ...value, status: { state: "completed" } })),
    { ...OVER_REST, fails: "AC-1.15-get" },
  ],
  [
    "does not shorten the history over HTTP+JSON of 0.3",
    result("GetTask", (value: Json, call) =>
      call.params["historyLength"] === "1" ? { ...value, history: [{}, {}] } : value,
    ),
    { ...OVER_REST, fails: "AC-1.15-history" },
  ],
  [
    "cancels the ended tasks of HTTP+JSON of 0.3",
    {
      answer: (call, answer) =>
        call.operation === "CancelTask" && answer.status < 404 ? { ...answer, status: 200 } : answer,
    },
    { ...OVER_REST, fails: "AC-1.15-cancel" },
  ],
  [
    "says invalid for a cancel over HTTP+JSON of 0.3",
    restError("CancelTask", 404, 422),
    { ...OVER_REST, fails: "AC-1.15-not-found" },
  ],
  [
    "makes tasks for clients of HTTP+JSON of 0.3",
    restError("SendMessage", 404, 200),
    { ...OVER_REST, fails: "AC-1.15-unknown-task" },
  ],
  [
    "has a page for every path of HTTP+JSON of 0.3",
    {
      answer: (call, answer) =>
        call.request.url.endsWith("/v1/noSuch") ? { status: 200, headers: {}, body: "<html></html>" } : answer,
    },
    { ...OVER_REST, fails: "AC-1.15-method" },
  ],
  [
    "takes messages without content over HTTP+JSON of 0.3",
    restError("SendMessage", 400, 200),
    { ...OVER_REST, fails: "AC-1.15-params" },
  ],
  [
    "says no end to clients of HTTP+JSON of 0.3",
    { event: (_, text) => text.replace('"final":true', '"final":false') },
    { ...OVER_REST, fails: "AC-1.15-stream" },
  ],
  [
    "streams to clients of HTTP+JSON of 0.3 as JSON-RPC would",
    { event: (_, text) => `{"jsonrpc":"2.0","id":1,"result":${text}}` },
    { ...OVER_REST, fails: "AC-1.15-stream" },
  ],
];

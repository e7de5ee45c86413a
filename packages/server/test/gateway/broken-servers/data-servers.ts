/** Servers that get the form of data, and of what is malformed wrong. */
import { accept, rebuilt, result } from "../mutated-server.ts";
import {
  type BrokenServer,
  configuration,
  getResult,
  type Json,
  listResult,
  message,
  part,
  task,
  taskResult,
  without,
} from "./broken-server.ts";

/** A server that does not see what is wrong with one input. */
const lenient = (operation: string, name: string, isBad: (params: Json) => boolean): BrokenServer => [
  `takes ${name}`,
  accept(
    (call) => call.operation === operation && isBad(call.params),
    operation === "ListTasks" ? { tasks: [], nextPageToken: "", pageSize: 50, totalSize: 0 } : { task: task() },
  ),
  { fails: `CORE-ERR-002/${name}` },
];

const isMessage = (params: Json): boolean => typeof message(params) === "object";

export const DATA_SERVERS: readonly BrokenServer[] = [
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
];

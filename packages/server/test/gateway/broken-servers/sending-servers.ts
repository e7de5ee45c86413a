/** Servers that get messages, contexts and states of tasks wrong. */
import { accept, errorCode, type Mutation, rebuilt, result } from "../mutated-server.ts";
import {
  type BrokenServer,
  configuration,
  getResult,
  type Json,
  message,
  part,
  refuse,
  refusedAgain,
  task,
  taskResult,
  without,
} from "./broken-server.ts";

/** What the first sends of a run look like: the message, and nothing beside it. */
const isPlain = (params: Json): boolean =>
  params["configuration"] === undefined &&
  Object.keys(message(params) ?? {}).join() === "messageId,role,parts" &&
  message(params)?.["messageId"] !== "" &&
  message(params)?.["role"] === "ROLE_USER" &&
  part(params)?.["url"] === undefined;

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

export const SENDING_SERVERS: readonly BrokenServer[] = [
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
];

/** Servers that get A2A 0.3 wrong. */
import { errorCode } from "../mutated-server.ts";
import { type BrokenServer, type Json, refuse, without } from "./broken-server.ts";

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
];

/** Servers that get lists of tasks wrong. */
import { rebuilt } from "../mutated-server.ts";
import { type BrokenServer, type Json, listResult, rpc, without } from "./broken-server.ts";

const tasksOf = (list: Json) => list["tasks"] as readonly Json[];

export const LIST_SERVERS: readonly BrokenServer[] = [
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
];

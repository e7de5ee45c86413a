/** Servers that get push notifications wrong. */
import { accept, cardMember, type Delivery, result } from "../mutated-server.ts";
import { type BrokenServer, type Json, refuse, refusedAgain, without } from "./broken-server.ts";

const bodyOf = ({ body }: Delivery) => body as Json;

const PUSH_OPERATIONS = ["Create", "Get", "List", "Delete"].map(
  (verb) => `${verb}TaskPushNotificationConfig${verb === "List" ? "s" : ""}`,
);

const withoutPush = cardMember((card) => ({
  ...card,
  capabilities: { ...(card["capabilities"] as Json), pushNotifications: false },
}));

export const PUSH_SERVERS: readonly BrokenServer[] = [
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
];

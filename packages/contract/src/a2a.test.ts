import { expect, test } from "vitest";
import {
  A2AMessage,
  A2ATask,
  AgentCard,
  ListTasksRequest,
  Part,
  SendMessageRequest,
  TaskPushNotificationConfig,
} from "./a2a.ts";

const messageWith = (parts: unknown) => ({ messageId: "m-1", role: "ROLE_USER", parts });

test.each([
  { text: "hello" },
  { text: "" },
  { raw: "aGVsbG8=", mediaType: "text/plain" },
  { url: "https://files.test/a.pdf", filename: "a.pdf" },
  { data: { a: 1 } },
  { data: null },
  { data: false },
])("%j is a part", (part) => {
  expect(Part.parse(part)).toEqual(part);
});

test("a part with two contents is refused, naming both", () => {
  const result = Part.safeParse({ text: "a", data: 1 });
  expect(result.error?.issues[0]?.message).toBe("expected exactly one of text, raw, url, data; found text, data");
});

test("a part without content is refused", () => {
  const result = Part.safeParse({ mediaType: "text/plain" });
  expect(result.error?.issues[0]?.message).toBe("expected exactly one of text, raw, url, data; found none");
});

test("raw is base64", () => {
  expect(Part.safeParse({ raw: "not base64!" }).error?.issues[0]?.message).toBe("expected base64");
});

test("a message has at least one part and one of two roles", () => {
  expect(A2AMessage.safeParse(messageWith([])).error?.issues[0]?.message).toBe("expected at least one part");
  expect(A2AMessage.safeParse({ ...messageWith([{ text: "a" }]), role: "user" }).success).toBe(false);
});

test("unknown members are dropped, as the specification asks of readers", () => {
  const parsed = A2AMessage.parse({ ...messageWith([{ text: "a", kind: "text" }]), kind: "message" });
  expect(parsed).toEqual(messageWith([{ text: "a" }]));
});

test("ids are 1 to 256 characters", () => {
  for (const messageId of ["", "x".repeat(257)]) {
    expect(A2AMessage.safeParse({ ...messageWith([{ text: "a" }]), messageId }).success).toBe(false);
  }
});

test("historyLength is not negative", () => {
  const request = { message: messageWith([{ text: "a" }]), configuration: { historyLength: -1 } };
  expect(SendMessageRequest.safeParse(request).error?.issues[0]).toMatchObject({
    path: ["configuration", "historyLength"],
    message: "expected an integer of 0 or more",
  });
});

test.each([0, 101, 1.5])("a page of %s tasks is refused", (pageSize) => {
  expect(ListTasksRequest.safeParse({ pageSize }).success).toBe(false);
});

test("statusTimestampAfter takes any offset", () => {
  for (const statusTimestampAfter of ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"]) {
    expect(ListTasksRequest.safeParse({ statusTimestampAfter }).success).toBe(true);
  }
  expect(ListTasksRequest.safeParse({ statusTimestampAfter: "yesterday" }).success).toBe(false);
});

test("a task's state is one of A2A's, which has no parked", () => {
  expect(A2ATask.safeParse({ id: "t", status: { state: "TASK_STATE_WORKING" } }).success).toBe(true);
  expect(A2ATask.safeParse({ id: "t", status: { state: "TASK_STATE_PARKED" } }).success).toBe(false);
});

test("a card has at least one interface and one skill", () => {
  const card = {
    name: "greeter",
    description: "Greets",
    supportedInterfaces: [{ url: "http://a.test", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    version: "0.1.0",
    capabilities: {},
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [{ id: "greet", name: "Greet", description: "Greets", tags: ["greeting"] }],
  };
  expect(AgentCard.parse(card)).toEqual(card);
  for (const member of ["supportedInterfaces", "skills"]) {
    expect(AgentCard.safeParse({ ...card, [member]: [] }).error?.issues[0]?.path).toEqual([member]);
  }
});

test("ids are text that UTF-8 can hold, so that two of them never become one", () => {
  const halves = ["\ud800", "x\udc00", "\ud800x"];
  const message = messageWith([{ text: "a" }]);
  for (const id of halves) {
    for (const field of ["messageId", "contextId", "taskId"])
      expect(A2AMessage.safeParse({ ...message, [field]: id }).error?.issues[0]?.path).toEqual([field]);
    const config = { taskId: "t", url: "https://example.com/", id };
    expect(TaskPushNotificationConfig.safeParse(config).error?.issues[0]?.path).toEqual(["id"]);
  }
  expect(A2AMessage.safeParse({ ...message, messageId: "\u{1F600}" }).success).toBe(true);
});

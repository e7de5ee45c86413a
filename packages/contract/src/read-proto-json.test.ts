import { expect, test } from "vitest";
import { readProtoJson } from "./read-proto-json.ts";

test.each([
  ["names of the proto file", { task_id: "t", page_size: 5 }, { taskId: "t", pageSize: 5 }],
  ["a name of both kinds: the JSON name wins", { task_id: "a", taskId: "b" }, { taskId: "b" }],
  ["null is unset", { contextId: null, metadata: null, configuration: null, extensions: null, task_id: null }, {}],
  ["an empty text is unset", { contextId: "", tenant: "", page_token: "", filename: "", mediaType: "" }, {}],
  ["content may be empty", { text: "", raw: "", data: "" }, { text: "", raw: "", data: "" }],
  ["null is data", { data: null }, { data: null }],
  ["users' own values stay", { metadata: { a_b: null, raw: "_" } }, { metadata: { a_b: null, raw: "_" } }],
  ["so do the values in data", { data: { a_b: "", role: 1 } }, { data: { a_b: "", role: 1 } }],
  ["enums by number", { role: 2, status: 8 }, { role: "ROLE_AGENT", status: "TASK_STATE_AUTH_REQUIRED" }],
  ["an unspecified enum is unset", { role: 0, status: "TASK_STATE_UNSPECIFIED" }, {}],
  ["a number of no enum stays", { role: 9, status: -1 }, { role: 9, status: -1 }],
  ["integers as text", { historyLength: "0", pageSize: "-12" }, { historyLength: 0, pageSize: -12 }],
  ["what is no integer stays", { historyLength: "", pageSize: "1.5" }, { historyLength: "", pageSize: "1.5" }],
  ["base64url", { raw: "-_-_" }, { raw: "+/+/" }],
  ["base64 without padding", { raw: "YQ", parts: [{ raw: "YWI" }] }, { raw: "YQ==", parts: [{ raw: "YWI=" }] }],
  ["base64url with padding", { raw: "_w==" }, { raw: "/w==" }],
])("%s: %j", (_, value, expected) => {
  expect(readProtoJson(value)).toEqual(expected);
});

import { expect, test } from "vitest";
import { PlatformError } from "./errors.ts";
import { Message, NAME_PATTERN, SCHEMA_VERSION } from "./message.ts";
import { parseInput } from "./validation.ts";

const message = {
  id: "m-1",
  source: "agent:desk",
  target: "agent:greeter",
  type: "command",
  payload: { name: "Ada" },
  timestamp: 1_795_000_000_000,
  tenantId: "default",
};

const refusedFields = (value: unknown): readonly string[] => {
  try {
    parseInput(Message, value, "message");
  } catch (error) {
    if (PlatformError.is(error)) return (error.violations ?? []).map(({ field }) => field);
    throw error;
  }
  return [];
};

test("priority and schema version have defaults", () => {
  expect(Message.parse(message)).toEqual({ ...message, priority: "normal", schemaVersion: SCHEMA_VERSION });
});

test("the snake_case spelling of every field is accepted and means the same", () => {
  const { tenantId, ...rest } = message;
  const snake = {
    ...rest,
    tenant_id: tenantId,
    correlation_id: "c-1",
    schema_version: "1.0",
    idempotency_key: "k-1",
    task_id: "t-1",
  };
  const camel = { ...message, correlationId: "c-1", schemaVersion: "1.0", idempotencyKey: "k-1", taskId: "t-1" };
  expect(Message.parse(snake)).toEqual(Message.parse(camel));
});

test("the payload's own members keep their spelling", () => {
  expect(Message.parse({ ...message, payload: { first_name: "Ada" } }).payload).toEqual({ first_name: "Ada" });
});

test.each(["id", "source", "target", "type", "timestamp", "tenantId"])(
  "a message without %s is refused by that name",
  (field) => {
    expect(refusedFields({ ...message, [field]: undefined })).toEqual([field]);
  },
);

test.each([
  "agent:greeter",
  "capability:credit-risk",
  "need:somebody who scores loans",
  "labels:team=a,tier=1",
  "topic:loan.decided",
])("%s is a target", (target) => {
  expect(refusedFields({ ...message, target })).toEqual([]);
});

test.each(["greeter", "agent:", "agent:Greeter", "http://greeter", "agents:greeter"])("%s is no target", (target) => {
  expect(refusedFields({ ...message, target })).toEqual(["target"]);
});

test.each([null, undefined, 1, "text", []])("%j is no message", (value) => {
  expect(refusedFields(value)).toEqual([""]);
});

test("a message is neither urgent by another word nor dated by a text", () => {
  expect(refusedFields({ ...message, priority: "critical" })).toEqual(["priority"]);
  expect(refusedFields({ ...message, timestamp: "2026-01-01" })).toEqual(["timestamp"]);
});

test("names are RFC 1123 labels", () => {
  for (const name of ["a", "a-1", "0", "a".repeat(63)]) expect(NAME_PATTERN.test(name), name).toBe(true);
  for (const name of ["", "-a", "a-", "A", "a.b", "a".repeat(64)]) expect(NAME_PATTERN.test(name), name).toBe(false);
});

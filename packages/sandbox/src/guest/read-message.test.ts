import fc from "fast-check";
import { expect, test } from "vitest";
import { readMessage } from "./read-message.ts";

test("what a guest may say is read, and nothing else of it", () => {
  expect(readMessage('{"type":"ready","more":1}')).toEqual({ type: "ready" });
  expect(readMessage('{"type":"call","id":1,"name":"a","input":"{}"}')).toEqual({
    type: "call",
    id: 1,
    name: "a",
    input: "{}",
  });
  expect(readMessage('{"type":"failed","error":{"name":1}}')).toEqual({
    type: "failed",
    error: { name: "Error", message: "" },
  });
  for (const line of [
    "",
    "5",
    "null",
    "{",
    '{"type":"call","id":"1"}',
    '{"type":"done","value":5}',
    '{"type":"exceeded","limit":"wallMs"}',
    '{"type":"constructor"}',
  ])
    expect([line, readMessage(line)]).toEqual([line, undefined]);
});

test("no line makes it throw", () => {
  fc.assert(fc.property(fc.json(), (line) => ["object", "undefined"].includes(typeof readMessage(line))));
});

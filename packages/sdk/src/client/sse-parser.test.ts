import { describe, expect, test } from "vitest";
import { type ServerSentEvent, SseParser } from "./sse-parser.ts";

const text =
  ': hello\r\nid: 1\r\nevent: task.started\r\ndata: {"a":1}\r\n\r\n' +
  "retry: 5\ndata: x\ndata:y\n\n" +
  "id\rdata\r\revent: lost\n\ndata: ü\n\n";
const expected: ServerSentEvent[] = [
  { event: "task.started", data: '{"a":1}', id: "1" },
  { event: "message", data: "x\ny", id: "1" },
  { event: "message", data: "", id: "" },
  { event: "message", data: "ü", id: "" },
];

describe("SseParser", () => {
  test("reads the same events wherever the text is cut", () => {
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const parser = new SseParser();
        const cut = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        expect(cut.flatMap((piece) => parser.push(piece))).toEqual(expected);
      }
    }
  });

  test("drops an event that the connection's end cut off", () => {
    expect(new SseParser().push("data: half\n")).toEqual([]);
  });
});

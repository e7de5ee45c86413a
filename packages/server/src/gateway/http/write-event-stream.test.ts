import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { eventStreamOf, HEARTBEAT, sseResponse } from "./server-sent-events.ts";
import { createEventStreamWriter } from "./write-event-stream.ts";

/** What a connection does that takes everything at once, and closes when it is told. */
class Outgoing extends EventEmitter {
  readonly written: string[] = [];
  closed = false;
  readonly writableNeedDrain = false;
  writeHead(): void {}
  flushHeaders(): void {}
  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
  end(): void {
    this.written.push("end");
  }
  close(): void {
    this.closed = true;
    this.emit("close");
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const open = async (pieces: (readonly number[] | Error | null)[]) => {
  const clock = new ManualClock({ macrotask: turn });
  let ring = () => {};
  let released = 0;
  const feed = {
    read: async () => {
      const piece = pieces.length === 0 ? [] : pieces.shift();
      if (piece instanceof Error) throw piece;
      return piece ?? null;
    },
    wait: (waiting: () => void) => {
      ring = waiting;
    },
    close: () => {},
  };
  const source = { feed, release: () => (released += 1) };
  const response = await sseResponse(source, (id) => ({ data: "{}", id }), { heartbeatMs: 1000 });
  const stream = eventStreamOf(response);
  if (stream === undefined) throw new Error("no stream");
  const outgoing = new Outgoing();
  createEventStreamWriter(clock)(outgoing as unknown as ServerResponse, response, stream);
  await turn();
  const resume = async () => {
    ring();
    await turn();
  };
  return { clock, outgoing, pieces, resume, released: () => released };
};

test("beats when nothing was written for as long, and not once the stream has ended, however long its client takes", async () => {
  const { clock, outgoing, pieces, resume, released } = await open([[1, 2]]);
  await clock.advance(900);
  pieces.push([3]);
  await resume();
  await clock.advance(900);
  const said = ["id: 1\ndata: {}\n\n", "id: 2\ndata: {}\n\n", "id: 3\ndata: {}\n\n"];
  expect(outgoing.written).toEqual(said);
  await clock.advance(1200);
  expect(outgoing.written).toEqual([...said, HEARTBEAT, HEARTBEAT]);
  pieces.push(null);
  await resume();
  await clock.advance(10_000);
  expect(outgoing.written).toEqual([...said, HEARTBEAT, HEARTBEAT, "end"]);
  expect(released()).toBe(0);
  outgoing.close();
  expect([released(), clock.nextTimerAt()]).toEqual([1, null]);
});

test("a feed that fails ends the stream, and a client that goes ends the feed and the beats", async () => {
  const failing = await open([[1], new Error("the disk is gone")]);
  expect(failing.outgoing.written.at(-1)).toBe("end");
  const { clock, outgoing, resume, pieces, released } = await open([[1]]);
  outgoing.close();
  pieces.push([2]);
  await resume();
  expect(outgoing.written).toHaveLength(1);
  expect([released(), clock.nextTimerAt()]).toEqual([1, null]);
});

import { expect, test } from "vitest";
import type { CodingEvent } from "../dialects/coding-event.ts";
import { EventQueue } from "./event-queue.ts";

const said = (text: string): CodingEvent => ({ type: "text", text });
const never = new AbortController().signal;

test("what is told comes in batches, each session once in a row, and nothing after the first five hundred", async () => {
  const queue = new EventQueue();
  for (let at = 0; at < 10_000; at++) {
    queue.add({ type: "session", id: "one" });
    queue.add(said(String(at)));
  }
  const seen: CodingEvent[] = [];
  queue.close();
  for (let isLast = false; !isLast; ) {
    const batch = await queue.take(1_000, never);
    expect(batch.events.length).toBeLessThanOrEqual(100);
    seen.push(...batch.events);
    ({ isLast } = batch);
  }
  const texts = Array.from({ length: 499 }, (_, at) => said(String(at)));
  expect(seen).toEqual([{ type: "session", id: "one" }, ...texts]);
});

test("a batch ends with its window, with the end, or with whoever waits", async () => {
  const queue = new EventQueue();
  const waiting = queue.take(1, never);
  queue.add(said("a"));
  expect(await waiting).toEqual({ events: [said("a")], isLast: false });
  const gone = new AbortController();
  const left = queue.take(60_000, gone.signal);
  gone.abort();
  expect(await left).toEqual({ events: [], isLast: false });
  const ended = queue.take(60_000, never);
  queue.add(said("b"));
  queue.close();
  expect(await ended).toEqual({ events: [said("b")], isLast: true });
});

import { expect, test } from "vitest";
import type { CodingEvent } from "../dialects/coding-event.ts";
import { EventQueue } from "./event-queue.ts";

const said = (text: string): CodingEvent => ({ type: "text", text });
const never = new AbortController().signal;

test("who tells more than is taken is held, and let go on when there is room", async () => {
  const held: boolean[] = [];
  const queue = new EventQueue((isHeld) => held.push(isHeld));
  for (let at = 0; at < 1_500; at++) queue.add(said(String(at)));
  expect(held).toEqual([true]);
  const seen: CodingEvent[] = [];
  queue.close();
  for (let isLast = false; !isLast; ) {
    const batch = await queue.take(1_000, never);
    expect(batch.events.length).toBeLessThanOrEqual(100);
    seen.push(...batch.events);
    ({ isLast } = batch);
  }
  expect(held).toEqual([true, false]);
  expect(seen).toEqual(Array.from({ length: 1_500 }, (_, at) => said(String(at))));
});

test("a batch ends with its window, with the end, or with whoever waits", async () => {
  const queue = new EventQueue(() => undefined);
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

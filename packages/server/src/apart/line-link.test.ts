import { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { openLineLink } from "./line-link.ts";
import type { FromApart } from "./messages.ts";

/** The node's ends of two channels: `say` is what the other side writes, and it reads nothing. */
const link = (limits: Parameters<typeof openLineLink>[2], hear: (message: FromApart) => void = () => {}) => {
  const channel = () => new Duplex({ read() {}, write() {} });
  const [told, asked] = [channel(), channel()];
  let killed = 0;
  const opened = openLineLink([told, asked], { hear, kill: () => (killed += 1) }, limits);
  return { ...opened, asked, say: (text: string) => asked.push(text), killed: () => killed };
};

test.each([
  ["no JSON", "x\n"],
  ["no message", "null\n"],
  ["a line without end", "x".repeat(1_001)],
])("who says %s is ended", async (_, text) => {
  const { say, killed } = link({ maxLineBytes: 1_000 }, (message) => void message.type);
  say(text);
  await pause(1);
  expect(killed()).toBe(1);
});

test("who is told more than it reads is ended, and gets no more", () => {
  const { answer, asked, killed } = link({ maxLineBytes: 1_000, maxUnreadBytes: 10_000 });
  for (let n = 0; n < 100; n++) answer({ value: "x".repeat(1_000) });
  expect(killed()).toBeGreaterThan(0);
  expect(asked.writableLength).toBeLessThan(12_000);
});

test("who says much is heard for its share of the time, and in the end all of it", async () => {
  let heard = 0;
  const { say } = link({ maxLineBytes: 1_000, maxShare: 0.25 }, () => {
    heard += 1;
    for (const from = performance.now(); performance.now() - from < 1; );
  });
  const from = performance.now();
  const beats: number[] = [];
  const ticks = setInterval(() => beats.push(performance.now()), 1);
  // Many pieces, as they come from a socket.
  for (let n = 0; n < 20; n++) say("1\n".repeat(5));
  while (heard < 100) await pause(5);
  clearInterval(ticks);
  // 100 ms of hearing, in no less than three times that.
  expect(performance.now() - from).toBeGreaterThan(300);
  expect(beats.length).toBeGreaterThan(50);
});

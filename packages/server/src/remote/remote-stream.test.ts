import type { ReceivedFrame } from "@agentcore/a2a/client";
import { ManualClock } from "@agentcore/core/testing";
import { expect, it } from "vitest";
import { RemoteStream } from "./remote-stream.ts";
import { RemoteTask } from "./remote-task.ts";

const task = () => new RemoteTask({ taskId: "t", marks: {}, polls: false });
const frame = (text: string): ReceivedFrame => ({
  response: {
    artifactUpdate: { taskId: "t", contextId: "c", artifact: { artifactId: "a", parts: [{ text }] }, append: true },
  },
});

const openStream = (open: ConstructorParameters<typeof RemoteStream>[0]) => {
  const clock = new ManualClock({ macrotask: () => new Promise(setImmediate) });
  return { clock, stream: new RemoteStream(open, clock) };
};

it("says that nothing came for too long, and loses nothing that comes after all", async () => {
  let send = (): void => {};
  const late = new Promise<void>((resolve) => {
    send = resolve;
  });
  const { clock, stream } = openStream(async function* () {
    await late;
    yield frame("late");
  });
  const silent = stream.read(task(), { collectMs: 5, silenceMs: 10 });
  await clock.advance(10);
  expect(await silent).toBe("silent");
  send();
  expect(await stream.read(task(), { collectMs: 5, silenceMs: 60_000 })).toMatchObject({
    updates: [{ parts: [{ text: "late" }] }],
  });
  expect(await stream.read(task(), { collectMs: 5, silenceMs: 60_000 })).toBe("ended");
});

it("collects what comes within its time, and leaves the rest to the next batch", async () => {
  let send = (): void => {};
  const later = new Promise<void>((resolve) => {
    send = resolve;
  });
  const { clock, stream } = openStream(async function* () {
    yield frame("one");
    yield frame("two");
    await later;
    yield frame("three");
  });
  const limits = { collectMs: 20, silenceMs: 60_000 };
  const first = stream.read(task(), limits);
  await clock.advance(20);
  expect(await first).toMatchObject({ updates: [{ parts: [{ text: "one" }, { text: "two" }] }] });
  send();
  expect(await stream.read(task(), limits)).toMatchObject({ updates: [{ parts: [{ text: "three" }] }] });
});

it("ends its source when it is closed, also while it waits", async () => {
  let ended: unknown;
  const { stream } = openStream(async function* (signal) {
    yield frame("one");
    await new Promise<void>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject((ended = signal.reason)), { once: true });
    });
  });
  const reading = stream.read(task(), { collectMs: 60_000, silenceMs: 60_000 });
  await stream.peek();
  setImmediate(() => stream.close());
  await expect(reading).rejects.toMatchObject({ code: "CANCELED" });
  expect(ended).toMatchObject({ code: "CANCELED" });
});

import type { ReceivedFrame } from "@agentcore/a2a/client";
import type { A2ATaskStatus } from "@agentcore/contract";
import { ManualClock } from "@agentcore/core/testing";
import { describe, expect, it } from "vitest";
import { RemoteStream } from "./remote-stream.ts";
import { RemoteTask } from "./remote-task.ts";

const task = (seq?: number) => new RemoteTask({ taskId: "t", marks: {}, polls: false, seq });
const frame = (text: string, seq?: number): ReceivedFrame => ({
  response: {
    artifactUpdate: { taskId: "t", contextId: "c", artifact: { artifactId: "a", parts: [{ text }] }, append: true },
  },
  seq,
});

/** A sign of life: nothing of it is told. */
const working = (characters = 0, seq?: number): ReceivedFrame => {
  const parts = [{ data: "x".repeat(characters) }];
  const status: A2ATaskStatus = { state: "TASK_STATE_WORKING", message: { messageId: "m", role: "ROLE_AGENT", parts } };
  return { response: { statusUpdate: { taskId: "t", contextId: "c", status } }, seq };
};

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

it.each([
  ["with numbers", 1, 2],
  ["without numbers where others have one", 1, undefined],
  ["without numbers", undefined, undefined],
])("takes signs of life for no silence, for hours: %s", async (_what, first, second) => {
  let ring = (): void => {};
  const { clock, stream } = openStream(async function* () {
    for (let index = 0; ; index++) {
      await new Promise<void>((resolve) => {
        ring = resolve;
      });
      yield index < 200 ? working(10, second === undefined ? undefined : second + index) : frame("done", 300);
    }
  });
  const reading = stream.read(task(first), { collectMs: 250, silenceMs: 120_000 });
  for (let index = 0; index <= 200; index++) {
    await clock.advance(60_000);
    ring();
  }
  await clock.advance(250);
  expect(await reading).toMatchObject({ updates: [{ parts: [{ text: "done" }] }] });
});

describe("an event whose number does not come", () => {
  const limits = { collectMs: 250, silenceMs: 120_000 };

  it.each([
    ["many frames", 3_000, 10, 65],
    ["large frames", 300, 1_000_000, 6],
  ])("is given up within a bound: %s", async (_what, count, characters, taken) => {
    let sent = 0;
    const { stream } = openStream(async function* () {
      for (; sent < count; sent++) yield frame("x".repeat(characters));
    });
    await expect(stream.read(task(1), limits)).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(sent).toBeLessThanOrEqual(taken);
  });

  it("is given up as well when nothing but signs of life follows what it began with", async () => {
    let sent = 0;
    const { stream } = openStream(async function* () {
      yield frame("begin");
      for (; sent < 200; sent++) yield working(1_000);
    });
    await expect(stream.read(task(1), limits)).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(sent).toBeLessThanOrEqual(65);
  });

  it("keeps nobody from what there is to do, however often its frames come, and loses none of them", async () => {
    let ring = (): void => {};
    const { clock, stream } = openStream(async function* () {
      for (let index = 0; ; index++) {
        await new Promise<void>((resolve) => {
          ring = resolve;
        });
        yield frame(`${index} `, index === 9 ? 2 : undefined);
      }
    });
    const interrupted = { ...limits, lookMs: 500, interrupted: () => true };
    const first = stream.read(task(1), interrupted);
    for (let index = 0; index < 5; index++) {
      await clock.advance(100);
      ring();
    }
    await clock.advance(100);
    expect(await first).toMatchObject({ updates: [], turn: undefined, seq: undefined });
    const second = stream.read(task(1), limits);
    for (let index = 5; index < 10; index++) {
      await clock.advance(100);
      ring();
    }
    await clock.advance(250);
    const parts = Array.from({ length: 10 }, (_, index) => ({ text: `${index} ` }));
    expect(await second).toMatchObject({ updates: [{ parts }], seq: 2 });
  });

  it("holds up none of the events before it", async () => {
    let send = (): void => {};
    const rest = new Promise<void>((resolve) => {
      send = resolve;
    });
    const { clock, stream } = openStream(async function* () {
      yield frame("two", 2);
      yield frame("half of ");
      await rest;
      yield frame("three", 3);
    });
    const first = stream.read(task(1), limits);
    await clock.advance(250);
    expect(await first).toMatchObject({ updates: [{ parts: [{ text: "two" }] }], seq: 2 });
    send();
    expect(await stream.read(task(2), limits)).toMatchObject({
      updates: [{ parts: [{ text: "half of " }, { text: "three" }] }],
      seq: 3,
    });
  });
});

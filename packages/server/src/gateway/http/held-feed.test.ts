import type { Feed } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { HeldFeed } from "./held-feed.ts";
import { PendingAnswers } from "./pending-answers.ts";
import { StreamRoom } from "./stream-room.ts";

const ANN = { tenantId: "t", caller: "ann" };
const BOB = { tenantId: "t", caller: "bob" };
const KB = 1024;
const piece = ["x".repeat(60 * KB)];

/** Streams whose pieces are counted together. */
const create = () => {
  const answers = new PendingAnswers({ max: 1000 * KB, maxPerCaller: 100 * KB });
  const stream = (scope: typeof ANN, ...pieces: (readonly string[])[]) => {
    const seen = { closed: 0, rung: 0 };
    const room = new StreamRoom(answers, scope);
    const feed: Feed<string> = {
      read: async () => (pieces.length > 0 && !room.hasRoom() ? [] : (pieces.shift() ?? null)),
      wait: (ring) => ring(),
      close: () => (seen.closed += 1),
    };
    const held = new HeldFeed(feed, room);
    return { held, seen, wait: () => held.wait(() => (seen.rung += 1)) };
  };
  return { answers, stream };
};

/** Three of a caller who wait for room behind two that have their piece, which is more than the caller may have. */
const createFull = async (awaited = piece) => {
  const { answers, stream } = create();
  const [first, second] = [stream(ANN, piece), stream(ANN, piece)];
  for (const { held } of [first, second]) expect(await held.read()).toEqual(piece);
  const waiting = [stream(ANN, awaited), stream(ANN, awaited), stream(ANN, awaited)] as const;
  for (const { held, wait } of waiting) {
    expect(await held.read()).toEqual([]);
    wait();
  }
  const rung = () => waiting.map(({ seen }) => seen.rung);
  expect(rung()).toEqual([0, 0, 0]);
  return { answers, stream, first, second, waiting, rung };
};

test("a piece is counted, in bytes, until the next is asked for", async () => {
  const { answers, stream } = create();
  const large = "é".repeat(20 * KB);
  const { held } = stream(ANN, ["a", large], ["b"], []);
  await held.read();
  expect(answers.bytes).toBe(Buffer.byteLength(JSON.stringify(["a", large])));
  expect(await held.read()).toEqual(["b"]);
  expect(answers.bytes).toBe(0);
  expect([await held.read(), await held.read()]).toEqual([[], null]);
});

test("streams of a caller whose bound is reached wait, those of others do not, and one goes on for each piece that was taken", async () => {
  const { answers, stream, first, second, waiting, rung } = await createFull();
  expect(await stream(BOB, piece).held.read()).toEqual(piece);
  await first.held.read();
  expect(rung()).toEqual([1, 0, 0]);
  expect(await waiting[0].held.read()).toEqual(piece);
  // There is no room again.
  expect(rung()).toEqual([1, 0, 0]);
  await second.held.read();
  await waiting[0].held.read();
  expect(rung()).toEqual([1, 1, 1]);
  for (const { held } of waiting.slice(1)) expect(await held.read()).toEqual(piece);
  for (const { held } of waiting) held.close();
  expect(answers.bytes).toBe(Buffer.byteLength(JSON.stringify(piece)));
});

test("who was rung and takes little, or is closed, lets the next go on", async () => {
  const { first, waiting, rung } = await createFull(["small"]);
  await first.held.read();
  expect(rung()).toEqual([1, 0, 0]);
  waiting[0].held.close();
  expect(rung()).toEqual([1, 1, 0]);
  expect(await waiting[1].held.read()).toEqual(["small"]);
  expect(rung()).toEqual([1, 1, 1]);
});

test("room that comes between the look and the wait is not missed", async () => {
  const { stream, first, second } = await createFull();
  const late = stream(ANN, piece);
  expect(await late.held.read()).toEqual([]);
  for (const { held } of [first, second]) held.close();
  late.wait();
  expect(late.seen.rung).toBe(1);
  expect(await late.held.read()).toEqual(piece);
});

test("one that is closed while it waits is rung, and leaves nothing behind", async () => {
  const { answers, first, second, waiting, rung } = await createFull();
  for (const { held } of waiting) held.close();
  expect(rung()).toEqual([1, 1, 1]);
  expect(await waiting[0].held.read()).toBe(null);
  for (const { held } of [first, second]) held.close();
  expect([answers.bytes, ...rung()]).toEqual([0, 1, 1, 1]);
});

test("what comes after it was closed is not counted", async () => {
  const { answers, stream } = create();
  const { held } = stream(ANN, piece);
  const reading = held.read();
  held.close();
  expect([await reading, answers.bytes]).toEqual([null, 0]);
});

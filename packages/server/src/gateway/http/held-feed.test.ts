import type { Feed } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { HeldFeed } from "./held-feed.ts";
import { PendingAnswers } from "./pending-answers.ts";

const ANN = { tenantId: "t", caller: "ann" };
const KB = 1024;

/** Streams of one caller whose pieces are counted together. */
const create = () => {
  const answers = new PendingAnswers({ max: 1000 * KB, maxPerCaller: 100 * KB });
  const stream = (...pieces: (readonly string[])[]) => {
    let closed = 0;
    const feed: Feed<string> = {
      read: async () => pieces.shift() ?? null,
      wait: (ring) => ring(),
      close: () => (closed += 1),
    };
    return { held: new HeldFeed(feed, (bytes) => answers.hold(ANN, bytes)), closed: () => closed };
  };
  return { answers, stream };
};

test("a piece is counted, in bytes, until the next is asked for", async () => {
  const { answers, stream } = create();
  const large = "é".repeat(20 * KB);
  const { held } = stream(["a", large], ["b"], []);
  await held.read();
  expect(answers.bytes).toBe(Buffer.byteLength(JSON.stringify(["a", large])));
  expect(await held.read()).toEqual(["b"]);
  expect(answers.bytes).toBe(0);
  expect([await held.read(), await held.read()]).toEqual([[], null]);
});

test("a stream beyond the bound is refused its piece, and others go on once theirs was taken or they are closed", async () => {
  const { answers, stream } = create();
  const piece = ["x".repeat(60 * KB)];
  const [one, other, late] = [stream(piece), stream(piece), stream(piece)];
  await one.held.read();
  await expect(other.held.read()).rejects.toMatchObject({ code: "OVERLOADED" });
  one.held.close();
  expect([one.closed(), answers.bytes]).toEqual([1, 0]);
  expect(await late.held.read()).toEqual(piece);
});

test("what comes after it was closed is not counted", async () => {
  const { answers, stream } = create();
  const { held } = stream(["x".repeat(60 * KB)]);
  const reading = held.read();
  held.close();
  expect([await reading, answers.bytes]).toEqual([null, 0]);
});

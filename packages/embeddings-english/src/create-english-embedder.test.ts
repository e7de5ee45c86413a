// With a thread of the test's own; of the model itself is english-embedder.test.ts.
import { PlatformError } from "@agentcore/contract/errors";
import type { BoundedWorker } from "@agentcore/sandbox/bounded";
import { expect, test } from "vitest";
import { createEnglishEmbedder } from "./create-english-embedder.ts";

const vectorOf = (first: number): Float32Array => Float32Array.from({ length: 512 }, (_, at) => (at === 0 ? first : 0));

const begun = (): Promise<void> => new Promise(setImmediate);

/** Answers each call when it is let, in order, with how long each piece is. */
const world = () => {
  const turns: { pieces: readonly string[]; end: (result?: unknown) => Promise<void> }[] = [];
  let isClosed = false;
  const worker: BoundedWorker = {
    call: (value) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const pieces = value as readonly string[];
      const end = async (result: unknown = pieces.map(({ length }) => vectorOf(length))): Promise<void> => {
        if (result instanceof Error) reject(result);
        else resolve(result);
        await new Promise(setImmediate);
      };
      turns.push({ pieces, end });
      return promise;
    },
    close: async () => {
      isClosed = true;
      for (const { end } of turns) void end(new PlatformError("CANCELED", "closed"));
    },
  };
  const embedder = createEnglishEmbedder({ open: () => worker });
  const signal = new AbortController().signal;
  const embed = (texts: readonly string[], options = { signal }, tenantId = "acme") =>
    embedder.embed(tenantId, texts, options);
  const embedAs = (tenantId: string, texts: readonly string[]) => embed(texts, { signal }, tenantId);
  return { embedder, embed, embedAs, turns, isClosed: () => isClosed };
};

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => "x".repeat(at + 1));

test("many texts go by turns of eight, so that another's question comes between them", async () => {
  const { embed, embedAs, turns } = world();
  const catalogue = embed(texts(20));
  const question = embedAs("other", ["pay"]);
  await begun();
  expect(turns.map(({ pieces }) => pieces.length)).toEqual([8, 1]);
  await turns[1]?.end();
  expect((await question)[0]?.[0]).toBe(3);
  await turns[0]?.end();
  await turns[2]?.end();
  await turns[3]?.end();
  expect((await catalogue).map((vector) => vector[0])).toEqual(texts(20).map(({ length }) => length));
  expect(turns.map(({ pieces }) => pieces.length)).toEqual([8, 1, 8, 4]);
});

test("a tenant with many calls has one turn in the line at a time, and what another asks comes next", async () => {
  const { embed, embedAs, turns } = world();
  const many = texts(10).map((text) => embed([text]));
  const other = embedAs("other", ["x".repeat(99)]);
  await begun();
  expect(turns.map(({ pieces }) => pieces[0]?.length)).toEqual([1, 99]);
  for (let at = 0; at < 11; at += 1) await turns[at]?.end();
  expect((await other)[0]?.[0]).toBe(99);
  expect((await Promise.all(many)).map(([vector]) => vector?.[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("the turn of who left before it began is nobody's", async () => {
  const { embed, turns } = world();
  const stop = new AbortController();
  const first = embed(["first"]);
  const leaving = embed(["leaves"], { signal: stop.signal });
  const last = embed(["last"]);
  stop.abort(new Error("nobody waits"));
  await expect(leaving).rejects.toThrow("nobody waits");
  await begun();
  await turns[0]?.end();
  await turns[1]?.end();
  await Promise.all([first, last]);
  expect(turns.map(({ pieces }) => pieces[0])).toEqual(["first", "last"]);
});

test("a long text is the mean of its pieces, of length 1, and each of them a turn", async () => {
  const { embed, turns } = world();
  const made = embed(["word ".repeat(200), "short"]);
  await begun();
  await turns[0]?.end([vectorOf(1)]);
  await turns[1]?.end([vectorOf(1)]);
  await turns[2]?.end([vectorOf(-1), vectorOf(5)]);
  const [long, short] = await made;
  expect(turns.map(({ pieces }) => pieces.length)).toEqual([1, 1, 2]);
  expect([long?.[0], short?.[0]]).toEqual([1, 5]);
});

test("who leaves is told at once; what its turn gives is nobody's, and no further turn begins", async () => {
  const { embed, turns } = world();
  const stop = new AbortController();
  const leaving = embed(texts(20), { signal: stop.signal });
  const staying = embed(["stay"]);
  await begun();
  stop.abort(new Error("nobody waits"));
  await expect(leaving).rejects.toThrow("nobody waits");
  await turns[0]?.end();
  await turns[1]?.end();
  expect(await staying).toHaveLength(1);
  expect(turns).toHaveLength(2);
});

test("a thread that died fails its call and not the next; one that took too much is not the caller's mistake", async () => {
  const { embed, turns } = world();
  for (const [code, message] of [
    ["UPSTREAM_FAILED", "its thread has ended"],
    ["TOO_LARGE", "took more than 512 MiB"],
    ["DEADLINE_EXCEEDED", "took more than 30000 ms"],
  ] as const) {
    const failed = expect(embed(["one"])).rejects.toMatchObject({ code: "UPSTREAM_FAILED", message });
    await begun();
    await turns.at(-1)?.end(new PlatformError(code, message));
    await failed;
  }
  const next = embed(["next"]);
  await begun();
  await turns.at(-1)?.end();
  expect(await next).toHaveLength(1);
});

test("vectors that are not what was asked for are refused", async () => {
  const { embed, turns } = world();
  for (const answer of [[], [vectorOf(1).subarray(1)], "vectors", null, [[1, 2]]]) {
    const failed = expect(embed(["one"])).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
    await begun();
    await turns.at(-1)?.end(answer);
    await failed;
  }
});

test("more calls than 64 of a tenant, also of those that left, than 256 of all, and more texts than a hundred, are refused", async () => {
  const { embed, embedAs, embedder, turns } = world();
  await expect(embed(texts(101))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const waiting = texts(64).map((text) => embed([text]).catch((error: unknown) => error));
  await expect(embed(["one more"])).rejects.toMatchObject({ code: "OVERLOADED" });
  const stop = new AbortController();
  const leaving = texts(64).map((text) =>
    expect(embed([text], { signal: stop.signal }, "leaving")).rejects.toThrow("left"),
  );
  await begun();
  stop.abort(new Error("left"));
  await Promise.all(leaving);
  await expect(embedAs("leaving", ["one more"])).rejects.toMatchObject({ code: "OVERLOADED" });
  await turns[1]?.end();
  for (const tenant of ["b", "c", "d"])
    waiting.push(...texts(64).map((text) => embedAs(tenant, [text]).catch((error: unknown) => error)));
  await expect(embedAs("e", ["one more"])).rejects.toMatchObject({ code: "OVERLOADED" });
  await embedder.close();
  for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: "CANCELED" });
});

test("closing ends the thread, and what comes later is refused", async () => {
  const { embed, embedder, isClosed } = world();
  await embedder.close();
  expect(isClosed()).toBe(true);
  await expect(embed(["late"])).rejects.toMatchObject({ code: "CANCELED" });
});

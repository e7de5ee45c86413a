import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VectorEntry, VectorIndex, VectorScope } from "@agentcore/core/ports";
import { expect, onTestFinished, test, vi } from "vitest";
import { openSqlite } from "./index.ts";
import { SqliteVectorIndex } from "./sqlite-vector-index.ts";
import { WorkerClient } from "./worker-client.ts";

const scopeOf = (namespace: string): VectorScope => ({ tenantId: "acme", namespace });
const HERE = scopeOf("here");

const at = (degrees: number): readonly number[] => [
  Math.cos((degrees * Math.PI) / 180),
  Math.sin((degrees * Math.PI) / 180),
];

const entries = (from: number, to: number, degrees: (place: number) => number): VectorEntry[] =>
  Array.from({ length: to - from }, (_, index) => ({
    id: `v${String(from + index).padStart(5, "0")}`,
    vector: at(degrees(from + index)),
  }));

const fill = async (index: VectorIndex, scope: VectorScope, count: number): Promise<void> => {
  for (let from = 0; from < count; from += 500)
    await index.upsert(
      scope,
      entries(from, Math.min(count, from + 500), (place) => place / 100),
    );
};

const all = async (index: VectorIndex): Promise<readonly string[]> =>
  (await index.nearest(HERE, { vector: at(0), limit: 1000 })).map(({ id, similarity }) => `${id} ${similarity}`);

const newDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-vectors-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
};

/** An index on a file of its own, and the pages it has read so far. */
const openCounted = async (maxBytes: number) => {
  const file = join(await newDirectory(), "agentcore.db");
  const worker = await WorkerClient.start(
    { file, syncDelayMs: 0, maxPages: null, faultModule: null },
    { now: () => Date.now() },
  );
  onTestFinished(() => worker.close());
  const read = vi.spyOn(worker, "read");
  const pages = (): number => read.mock.calls.filter(([name]) => name === "vectorPage").length;
  return { index: new SqliteVectorIndex(worker, maxBytes), worker, read, pages };
};

test("vectors are there after a restart", async () => {
  const directory = await newDirectory();
  let stores = await openSqlite({ directory });
  await fill(stores.vectors, HERE, 1200);
  await stores.vectors.delete(HERE, ["v00000", "v00007"]);
  const before = await all(stores.vectors);
  await stores.close();
  stores = await openSqlite({ directory });
  expect(await all(stores.vectors)).toEqual(before);
  expect(await stores.vectors.count(HERE)).toBe(1198);
  await expect(stores.vectors.upsert(HERE, [{ id: "x", vector: [1] }])).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  await stores.close();
});

test("what is written while a scope is being read comes out as the file has it", async () => {
  const { index, worker, read, pages } = await openCounted(1e9);
  await fill(index, HERE, 3500);
  // The second page is handed over only when all changes are confirmed: it is old then, and the third has them already.
  const { promise: changed, resolve: changesAreMade } = Promise.withResolvers<void>();
  const { promise: half, resolve: halfIsRead } = Promise.withResolvers<void>();
  const readNow = WorkerClient.prototype.read.bind(worker);
  read.mockImplementation(async (name, argument) => {
    const answer = await readNow(name, argument);
    if (name === "vectorPage" && pages() === 2) {
      halfIsRead();
      await changed;
    }
    return answer;
  });
  const search = all(index);
  await half;
  const id = (place: number): string => `v${String(place).padStart(5, "0")}`;
  const reversed = (each: number): number => 90 - each / 100;
  for (let place = 0; place < 3500; place += 250) {
    await index.upsert(HERE, entries(place, place + 30, reversed));
    await index.delete(HERE, [id(place + 10), id(place + 40)]);
    await index.upsert(HERE, entries(place + 40, place + 41, reversed));
    await index.delete(HERE, [id(place + 5)]);
  }
  changesAreMade();
  const found = await search;
  expect(pages()).toBe(4);
  expect(found).toEqual(await all(index));
  expect(found).toEqual(await all(new SqliteVectorIndex(worker, 1e9)));
  expect(pages()).toBe(8);
});

test("a scope that is cleared while it is being read is empty for whoever comes next", async () => {
  const { index } = await openCounted(1e9);
  await fill(index, HERE, 2500);
  const searches = [all(index), all(index)];
  const clearing = index.clear(HERE);
  await Promise.all([...searches, clearing]);
  expect(await all(index)).toEqual([]);
  await index.upsert(HERE, [{ id: "other", vector: [1, 2, 3] }]);
  expect(await index.nearest(HERE, { vector: [1, 2, 3], limit: 5 })).toHaveLength(1);
});

test("a scope is read once, and again only after others have taken its place", async () => {
  // Room for two scopes of 100 entries, not for three.
  const { index, pages } = await openCounted(110_000);
  for (const name of ["a", "b", "c"]) await fill(index, scopeOf(name), 100);
  const search = async (name: string): Promise<number> => {
    const before = pages();
    await index.nearest(scopeOf(name), { vector: at(0), limit: 1 });
    return pages() - before;
  };
  expect([await search("a"), await search("b"), await search("a"), await search("b")]).toEqual([1, 1, 0, 0]);
  // "a" was searched longest ago.
  expect([await search("c"), await search("b"), await search("a")]).toEqual([1, 0, 1]);
  await index.upsert(
    scopeOf("a"),
    entries(100, 150, (place) => place),
  );
  // Grown, so that only "a" has room.
  expect([await search("a"), await search("b")]).toEqual([0, 1]);
});

test("what is being read takes its room from what is held", async () => {
  const { index, pages } = await openCounted(700_000);
  await fill(index, scopeOf("held"), 600);
  await fill(index, HERE, 2500);
  await index.nearest(scopeOf("held"), { vector: at(0), limit: 1 });
  // Its first page and what is held are more than the bound; its second alone is, and it is given up.
  await all(index);
  const before = pages();
  await index.nearest(scopeOf("held"), { vector: at(0), limit: 1 });
  expect(pages() - before).toBe(1);
});

test("a scope above the bound is read with every search, and is not held", async () => {
  const { index, pages } = await openCounted(110_000);
  await fill(index, HERE, 2500);
  await all(index);
  // Given up after a page, then searched in three.
  expect(pages()).toBe(4);
  await all(index);
  expect(pages()).toBe(7);
  await index.clear(HERE);
  await fill(index, HERE, 10);
  expect(await all(index)).toHaveLength(10);
  const before = pages();
  await all(index);
  expect(pages()).toBe(before);
});

test("searches that come together read a scope once, and one that fails leaves nothing behind", async () => {
  const { index, read, pages } = await openCounted(1e9);
  await fill(index, HERE, 50);
  read.mockRejectedValueOnce(new Error("disk"));
  const failed = await Promise.allSettled([all(index), all(index)]);
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const found = await Promise.all([all(index), all(index), all(index)]);
  expect([found.map(({ length }) => length), pages()]).toEqual([[50, 50, 50], 1]);
});

import { expect, test } from "vitest";
import { GroupCommit, type SettledResult } from "./group-commit.ts";

/** What was begun to be written, and what ends the first of these. */
const recordWrites = () => {
  const begun: (readonly string[])[] = [];
  const ends: (() => void)[] = [];
  const write = (items: readonly string[]): Promise<readonly SettledResult[]> =>
    new Promise((resolve) => {
      begun.push(items);
      ends.push(() => resolve(items.map((value) => ({ ok: true, value }))));
    });
  return { begun, write, endFirst: () => ends.shift()?.() };
};

const setUp = (options: { readonly maxWeight?: number; readonly maxInFlight?: number } = {}) => {
  const writes = recordWrites();
  const group = new GroupCommit({
    write: writes.write,
    nextTurn: queueMicrotask,
    ...{ maxWeight: 100, maxBytes: 100, maxInFlight: 1, ...options },
  });
  return { ...writes, add: (item: string) => group.add(item, 1, 1) };
};

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

test("what comes while a write is under way is written together, after it", async () => {
  const { add, begun, endFirst } = setUp();
  const first = add("a");
  await settled();
  const later = [add("b"), add("c")];
  await settled();
  expect(begun).toEqual([["a"]]);
  endFirst();
  expect(await first).toBe("a");
  await settled();
  expect(begun).toEqual([["a"], ["b", "c"]]);
  endFirst();
  expect(await Promise.all(later)).toEqual(["b", "c"]);
});

test("as many writes as may be are under way at once, and no more", async () => {
  const { add, begun } = setUp({ maxInFlight: 2 });
  for (const item of ["a", "b", "c"]) {
    void add(item);
    await settled();
  }
  expect(begun).toEqual([["a"], ["b"]]);
});

test("what is beyond the bound of a batch waits for the next, in order", async () => {
  const { add, begun, endFirst } = setUp({ maxWeight: 2 });
  for (const item of ["a", "b", "c"]) void add(item);
  await settled();
  expect(begun).toEqual([["a", "b"]]);
  endFirst();
  await settled();
  expect(begun).toEqual([["a", "b"], ["c"]]);
});

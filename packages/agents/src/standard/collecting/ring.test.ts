import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonBytes } from "./json-bytes.ts";
import { addToRing, EMPTY_RING, newestOf, sizeOfRing } from "./ring.ts";

const createMemory = () => {
  const values = new Map<string, unknown>();
  return {
    values,
    get: async (key: string) => structuredClone(values.get(key)) ?? null,
    set: async (key: string, value: unknown) => void values.set(key, structuredClone(value)),
    delete: async (key: string) => void values.delete(key),
  };
};

test("whatever is added how, the newest are there, newest first, and not much more than asked for", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 260 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 400 }),
      async (batches, most) => {
        const memory = createMemory();
        let head = EMPTY_RING;
        const all: number[] = [];
        for (const count of batches) {
          const items = Array.from({ length: count }, (_, index) => all.length + index);
          all.push(...items);
          head = await addToRing(memory, "r", head, items, most);
        }
        const kept: unknown[] = [];
        for await (const item of newestOf(memory, "r", head)) kept.push(item);
        expect(kept).toEqual(all.toReversed().slice(0, kept.length));
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(all.length, most));
        expect(kept.length).toBeLessThan(most + 100);
        expect([sizeOfRing(head), head.added]).toEqual([kept.length, all.length]);
        expect(memory.values.size).toBe(head.sizes.length + head.stale);
      },
    ),
    { numRuns: 50 },
  );
});

test("what was added to a head that was never kept is not there, and takes nothing away from what is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ count: fc.integer({ min: 0, max: 260 }), isKept: fc.boolean() }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 400 }),
      async (batches, most) => {
        const memory = createMemory();
        let head = EMPTY_RING;
        const all: string[] = [];
        for (const [batch, { count, isKept }] of batches.entries()) {
          const items = Array.from({ length: count }, (_, index) => `${batch}/${index}`);
          const added = await addToRing(memory, "r", head, items, most);
          if (!isKept) continue;
          all.push(...items);
          head = added;
        }
        const kept: unknown[] = [];
        for await (const item of newestOf(memory, "r", head)) kept.push(item);
        expect(kept).toEqual(all.toReversed().slice(0, kept.length));
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(all.length, most));
        expect(kept.length).toBe(sizeOfRing(head));
      },
    ),
    { numRuns: 50 },
  );
});

test("no piece is larger than what one value may have, whatever letters it is of", async () => {
  const memory = createMemory();
  const items = Array.from({ length: 150 }, () => ({ text: "é".repeat(8_000) }));
  const head = await addToRing(memory, "r", EMPTY_RING, items, 1_000);
  expect(sizeOfRing(head)).toBe(150);
  for (const value of memory.values.values())
    expect(new TextEncoder().encode(JSON.stringify(value)).length).toBeLessThan(2 ** 20);
});

test("the bytes of a value are never more than told", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(jsonBytes(value)).toBeGreaterThanOrEqual(new TextEncoder().encode(JSON.stringify(value)).length);
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

/** The bytes, cut at those places. */
const cut = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
};

test("lines are the same wherever the bytes are cut, and those that are too long are left out alone", () => {
  const line = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.string({ minLength: 20, maxLength: 60 }));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), (texts, places) => {
      const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, " ").toWellFormed());
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(""));
      const splitter = new LineSplitter(40);
      const seen = cut(bytes, places).flatMap((piece) => {
        const found = splitter.push(piece);
        expect(splitter.keptBytes).toBeLessThanOrEqual(40);
        return found;
      });
      const fits = lines.filter((each) => Buffer.byteLength(each) <= 40);
      expect([...seen, ...splitter.end()]).toEqual(fits);
      expect(splitter.skipped).toBe(lines.length - fits.length);
    }),
  );
});

test("a line of a gigabyte takes no more room than a line may, and the one after it is read", () => {
  const splitter = new LineSplitter(1_024);
  const piece = Buffer.alloc(2 ** 20, "x");
  for (let count = 0; count < 1_024; count++) {
    expect(splitter.push(piece)).toEqual([]);
    expect(splitter.keptBytes).toBeLessThanOrEqual(1_024);
  }
  expect(splitter.push(Buffer.from('\n{"ok":true}\r\nlast'))).toEqual(['{"ok":true}']);
  expect(splitter.end()).toEqual(["last"]);
  expect(splitter.skipped).toBe(1);
});

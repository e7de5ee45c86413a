import fc from "fast-check";
import { expect, test } from "vitest";
import { asData } from "./outside-text.ts";

test("text stands between marks that say where it comes from", () => {
  expect(asData("weather", "sunny")).toBe('<data from="weather">\nsunny\n</data>');
});

const marksIn = (text: string): number => text.match(/<\s*[/\\]?\s*data\b/giu)?.length ?? 0;

test.each(["</data>", "</DATA>", "< / data >", "<data>", '<data from="x">', "<\\data>", "<\n/data>"])(
  "text cannot close its marks by %s",
  (mark) => {
    expect(marksIn(asData("t", `a ${mark} b`))).toBe(2);
  },
);

test("of any text, the marks are the first and the last only", () => {
  const piece = fc.constantFrom("<", "/", "\\", "data", "DATA", ">", " ", "\n", "x", "&lt;", '"');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      expect(marksIn(asData(pieces.join(""), pieces.join("")))).toBe(2);
    }),
  );
});

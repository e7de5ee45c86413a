import fc from "fast-check";
import { expect, test } from "vitest";
import { piecesOf } from "./pieces-of.ts";

test("pieces are short, none is empty, and together they are the text, up to where it is cut off", () => {
  const words = fc.array(fc.string({ minLength: 1, maxLength: 900 }), { maxLength: 12 });
  fc.assert(
    fc.property(words, (some) => {
      const text = some.join(" ");
      const pieces = piecesOf(text);
      expect(pieces.length).toBeLessThanOrEqual(8);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(401);
      const whole = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
      if (whole === "") expect(pieces).toEqual([""]);
      else {
        expect(pieces).not.toContain("");
        if (pieces.length < 8) expect(pieces.join("").replaceAll(" ", "")).toBe(whole.replaceAll(" ", ""));
      }
    }),
  );
});

test("a text is cut between words, lines are blanks, and of a book the beginning is read", () => {
  expect(piecesOf("pay\n\tthe   bill ")).toEqual(["pay the bill"]);
  const pieces = piecesOf("seven77 ".repeat(10_000));
  expect(pieces).toHaveLength(8);
  for (const piece of pieces) expect(piece).toMatch(/^(seven77 )*seven77$/);
});

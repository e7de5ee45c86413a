import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { readLines } from "./read-lines.ts";

test("lines come whole, however they are cut", async () => {
  const source = new PassThrough();
  const lines: string[] = [];
  readLines(source, (line) => lines.push(line), { maxBytes: 4, onTooLong: () => lines.push("too long") });
  for (const piece of ["ab", "c\nd", "\n\nef"]) source.write(piece);
  await turn();
  expect(lines).toEqual(["abc", "d", ""]);
});

test("a line beyond the limit is told of once, and nothing is read after it", async () => {
  const source = new PassThrough();
  const lines: string[] = [];
  readLines(source, (line) => lines.push(line), { maxBytes: 4, onTooLong: () => lines.push("too long") });
  for (const piece of ["ab\n", "cde", "fg", "hijkl\n", "m\n"]) source.write(piece);
  await turn();
  expect(lines).toEqual(["ab", "too long"]);
});

import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "./read-lines.ts";

const linesOf = async (pieces: readonly Buffer[], maxBytes: number) => {
  const source = new PassThrough();
  const lines: string[] = [];
  let floods = 0;
  readLines(source, { maxBytes, onLine: (line) => lines.push(line), onFlood: () => (floods += 1) });
  for (const piece of pieces) source.write(piece);
  source.end();
  await new Promise((done) => source.on("end", done));
  return { lines, floods };
};

test("lines come whole however they are cut up on the way", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll("\n", ""))),
      fc.array(fc.nat(200)),
      async (lines, cuts) => {
        const all = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
        const pieces = places.slice(1).map((end, index) => all.subarray(places[index], end));
        expect(await linesOf(pieces, 10_000)).toEqual({ lines, floods: 0 });
      },
    ),
  ));

test("after a line that is too long nothing more is read, also when its end never comes", async () => {
  expect(await linesOf([Buffer.from("a\nlonger\nb\n")], 3)).toEqual({ lines: ["a"], floods: 1 });
  expect(await linesOf([Buffer.from("ab"), Buffer.from("cd"), Buffer.from("ef\nx\n")], 3)).toEqual({
    lines: [],
    floods: 1,
  });
});

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { letterFileName, writeLetterFile } from "./letter-file.ts";

it("names a letter after its application, also a very long one", () => {
  expect(letterFileName("a.pdf", "first")).toBe("a.pdf.txt");
  expect(letterFileName("a.pdf", "final")).toBe("a.pdf.after-review.txt");
  const long = letterFileName("😀".repeat(60), "final");
  expect(Buffer.byteLength(long)).toBeLessThan(220);
  expect(long).not.toBe(letterFileName("😀".repeat(61), "final"));
});

it("writes the same letter again without a trace of the try before", async () => {
  const directory = join(await mkdtemp(join(tmpdir(), "letters-")), "new", "folder");
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const path = await writeLetterFile({ directory, name: "a.txt", text: "Dear Ann" }, "k".repeat(64));
    expect(await readFile(path, "utf8")).toBe("Dear Ann");
  }
  expect(await readdir(directory)).toEqual(["a.txt"]);
  await rm(join(directory, "../.."), { recursive: true });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readInput } from "./read-input.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "agentcore-input-"));
  await writeFile(join(cwd, "person.json"), '{"name":"Ada"}');
  await writeFile(join(cwd, "person.yaml"), "name: Ada\n");
  await writeFile(join(cwd, "note.txt"), "hello");
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const read = (text: string) => readInput(text, { cwd, readStdin: async () => '{"from":"stdin"}' });

test.each([
  ['{"name":"Ada"}', { name: "Ada" }],
  ["[1, 2]", [1, 2]],
  ["42", 42],
  ["revenue by region / 2024", "revenue by region / 2024"],
  ["@person.json", { name: "Ada" }],
  ["@person.yaml", { name: "Ada" }],
  ["@note.txt", "hello"],
  ["@-", { from: "stdin" }],
  ["", ""],
])("%j", async (text, expected) => {
  expect(await read(text)).toEqual(expected);
});

test("a folder becomes its absolute path", async () => {
  expect(await read(".")).toEqual({ directory: cwd });
});

test.each([
  ['{"name":', /not valid JSON/],
  ["@nothing.json", /cannot read/],
  ["./nothing", /no such folder/],
  ["./note.txt", /write @\.\/note\.txt/],
])("%j is refused", async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

test("more than a node takes is refused before it is sent, from a file and from the standard input", async () => {
  const large = "x".repeat(10 * 1024 * 1024 + 1);
  await writeFile(join(cwd, "large.txt"), large);
  const refused = { code: "TOO_LARGE", message: expect.stringContaining("10485761 bytes") };
  await expect(read("@large.txt")).rejects.toMatchObject(refused);
  await expect(readInput("@-", { cwd, readStdin: async () => large })).rejects.toMatchObject(refused);
  expect(await readInput("@-", { cwd, readStdin: async () => large.slice(1) })).toHaveLength(large.length - 1);
});

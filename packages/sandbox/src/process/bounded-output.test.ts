import { PassThrough } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { boundedOutput } from "./bounded-output.ts";

test("sources share a bound: the first bytes are kept, and it is told that there was more", async () => {
  let exceeded = 0;
  const output = boundedOutput(5, () => (exceeded += 1));
  const [one, other] = [new PassThrough(), new PassThrough()];
  const [first, second] = [output.add(one), output.add(other)];
  one.write("ab");
  await new Promise((done) => setImmediate(done));
  other.write("cdefg");
  await new Promise((done) => setImmediate(done));
  expect([first(), second(), exceeded]).toEqual(["ab", "cde", 1]);
});

test("of what comes after the bound nothing is held", () => {
  const source = new PassThrough();
  const text = boundedOutput(4, () => {}).add(source);
  const concat = vi.spyOn(Buffer, "concat");
  onTestFinished(() => {
    concat.mockRestore();
  });
  const chunk = Buffer.alloc(65_536, "x");
  for (let count = 0; count < 100; count++) source.emit("data", chunk);
  expect(text()).toBe("xxxx");
  const pieces = concat.mock.calls[0]?.[0] as readonly Buffer[];
  expect(pieces.map(({ length }) => length)).toEqual([4]);
  expect(pieces.every(({ buffer }) => buffer !== chunk.buffer)).toBe(true);
});

test("a character that comes in two pieces is one", async () => {
  const output = boundedOutput(10, () => {});
  const source = new PassThrough();
  const text = output.add(source);
  const bytes = Buffer.from("é");
  source.write(bytes.subarray(0, 1));
  source.write(bytes.subarray(1));
  await new Promise((done) => setImmediate(done));
  expect(text()).toBe("é");
});

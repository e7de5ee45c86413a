import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLineReader } from "./line-reader.ts";

const terminal = () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const reader = createLineReader(input as unknown as NodeJS.ReadStream, output as unknown as NodeJS.WriteStream);
  return {
    reader,
    type: (text: string) => input.write(text),
    end: () => input.end(),
    shown: () => String(output.read()),
  };
};

test("what is typed comes line by line, after a prompt", async () => {
  const { reader, type, shown } = terminal();
  const line = reader.next("> ");
  type("hello\r");
  expect(await line).toBe("hello");
  expect(shown()).toContain("> ");
  reader.close();
  expect(await reader.next("> ")).toBeNull();
});

test("Ctrl-C interrupts what goes on between two lines, and ends the input while one is asked for", async () => {
  const { reader, type } = terminal();
  const interrupted = new Promise<void>((resolve) => reader.onInterrupt(resolve));
  type("\u0003");
  await interrupted;
  const line = reader.next("> ");
  type("half a li\u0003");
  expect(await line).toBeNull();
});

test("the end of the input ends it", async () => {
  const { reader, end } = terminal();
  const line = reader.next("> ");
  end();
  expect(await line).toBeNull();
});

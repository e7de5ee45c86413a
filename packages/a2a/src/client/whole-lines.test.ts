import { expect, it } from "vitest";
import { wholeLines } from "./whole-lines.ts";

const through = async (chunks: readonly string[], maxBytes: number): Promise<readonly string[]> => {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const said: string[] = [];
  for await (const chunk of stream.pipeThrough(wholeLines(maxBytes))) said.push(new TextDecoder().decode(chunk));
  return said;
};

it("hands lines on at once, and the beginning of one with its end", async () => {
  expect(await through(["data: 1\n\nda", "ta", ": 2\n", "\n"], 100)).toEqual(["data: 1\n\n", "data: 2\n", "\n"]);
  expect(await through(["", "é\n", "without an end"], 100)).toEqual(["é\n", "without an end"]);
});

it("hands on a line that is too long, and not in as many pieces as it came", async () => {
  expect(await through(Array(1_000).fill("data: x"), 699)).toEqual(Array(10).fill("data: x".repeat(100)));
});

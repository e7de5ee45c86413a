import { expect, it } from "vitest";
import { OutputParts } from "./output-parts.ts";

const of = (...updates: readonly (readonly [id: string, text: string, append?: boolean])[]) => {
  const output = new OutputParts();
  for (const [id, text, append = true] of updates)
    output.note({ type: "artifact", id, parts: [{ text }], append, lastChunk: true });
  return output;
};
const textOf = (output: OutputParts) => output.parts?.map(({ text }) => text).join("");

it("the artifact that began last is the output, whatever comes of the others after it", () => {
  expect(textOf(of(["a", "1"], ["b", "2"], ["a", "3"], ["b", "4"], ["a", "5", false]))).toBe("24");
  expect(textOf(of(["a", "1"], ["a", "2", false], ["a", "3"]))).toBe("23");
  expect(of().parts).toBeUndefined();
});

it("one that says it is the output is, whenever it began", () => {
  expect(textOf(of(["output", "1"], ["b", "2"], ["output", "3"]))).toBe("13");
});

it("no more is kept than the output, and that only as long as it may be one", () => {
  const large = "x".repeat(6_000_000);
  const output = of(["a", large], ["b", large], ["c", large], ["d", "small"]);
  expect(JSON.stringify([...Object.values(output)]).length).toBeLessThan(1_000);
  expect(textOf(output)).toBe("small");
  const tooLarge = of(["a", large], ["a", large], ["a", large], ["a", "more"]);
  expect(tooLarge.parts).toBeNull();
  tooLarge.note({ type: "artifact", id: "a", parts: [{ text: "again" }], append: false, lastChunk: true });
  expect(textOf(tooLarge)).toBe("again");
});

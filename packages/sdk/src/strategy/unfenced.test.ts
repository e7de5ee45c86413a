import { expect, test } from "vitest";
import { asData } from "./outside-text.ts";
import { unfenced } from "./unfenced.ts";

test.each([
  ['{"a":1}', '{"a":1}'],
  ['Here:\n```json\n{"a":1}\n```\nDone.', '{"a":1}'],
  ['```\n{"a":1}\n\n  ```', '{"a":1}\n'],
  ["```json\n```", ""],
  ["```json\nno end", "```json\nno end"],
  ["```ts\nlet a;\n```", "```ts\nlet a;\n```"],
])("of %j it is %j", (text, expected) => {
  expect(unfenced(text)).toBe(expected);
});

/** Milliseconds of the processor, not of the clock: other programs take that too. */
const processorMs = (work: () => unknown): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

// What was there before took seconds for texts ten times as short.
test.each([
  ["a fence that nobody closes", () => unfenced(`\`\`\`json${"\n".repeat(200_000)}x`)],
  ["fence after fence", () => unfenced("```\n".repeat(100_000))],
  ["what begins like a mark", () => asData("t", `<${" ".repeat(200_000)}`)],
  ["many that begin like a mark", () => asData("t", "< ".repeat(100_000))],
])("%s takes no time", (_name, work) => {
  expect(processorMs(work)).toBeLessThan(500);
});

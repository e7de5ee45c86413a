import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAILURE_MODES } from "./failure-modes.ts";

const documented = () => {
  const text = readFileSync(new URL("../../../docs/failure-modes.md", import.meta.url), "utf8");
  return [...text.matchAll(/^\| `([a-z-]+)` \| (\w+) \| (exactly|likely|no) \| (.+?) \| (.+) \|$/gm)].map(
    ([, mode, category, detected, meaning, how = ""]) => ({ mode, category, meaning, detected, how }),
  );
};

test("docs/failure-modes.md has one row per failure mode, in the same order and with the same words", () => {
  expect(documented().map(({ mode, category, meaning, detected }) => ({ mode, category, meaning, detected }))).toEqual(
    Object.entries(FAILURE_MODES).map(([mode, entry]) => ({ mode, ...entry })),
  );
});

test("there are fourteen, five, six and three of the categories of the taxonomy", () => {
  const categories = Object.values(FAILURE_MODES).map(({ category }) => category);
  const count = (category: string) => categories.filter((each) => each === category).length;
  expect([count("specification"), count("misalignment"), count("verification")]).toEqual([5, 6, 3]);
});

test("every mode that is seen says by what, every other says why not", () => {
  expect(documented().filter(({ how }) => how.trim().length < 10)).toEqual([]);
});

// The questions were written and split before the first guard was, and before any threshold was looked for. They stay as they are: what is
// measured later is comparable, and nothing can be tuned on the test half unseen.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FROZEN = {
  train: { rows: 403, sha256: "e6e44f0ac99bbace1557d6c7a6090ff7a3b185ecd193e0e5c8295abb1c69e990" },
  test: { rows: 419, sha256: "96e2ad5c8f2c87bf91f536141c2d3c072342287155c1be91b952560d69e7f7ef" },
};

const sha256 = (text) => createHash("sha256").update(text).digest();
const read = (split) => readFileSync(new URL(`data/${split}.jsonl`, import.meta.url), "utf8");
const rowsOf = (split) =>
  read(split)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test.each(Object.keys(FROZEN))("the %s half of the questions is the one that was frozen", (split) => {
  expect(sha256(read(split)).toString("hex")).toBe(FROZEN[split].sha256);
  expect(rowsOf(split)).toHaveLength(FROZEN[split].rows);
});

test("each question is in the half that its hash says, and no text stands twice", () => {
  const texts = Object.keys(FROZEN).flatMap((split) => {
    for (const { question } of rowsOf(split)) expect(sha256(question)[0] < 128 ? "train" : "test").toBe(split);
    return rowsOf(split).flatMap(({ question, paraphrase, negative }) => [question, paraphrase, negative]);
  });
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length / 3).toBeGreaterThan(520);
});

// The agents and requests were written and split before the search was. They stay as they are: what is measured later is comparable,
// and nothing can be tuned on the test half unseen.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FROZEN = {
  agents: { rows: 1025, sha256: "0b16932f11cfce1b7e60f71ab011adf62536470e362fbdf4cd86b7e91b537279" },
  "requests-dev": { rows: 262, sha256: "789535de4c170a5834d7c2fa2d9f29df0b088895676be240f794b4783e693475" },
  "requests-test": { rows: 269, sha256: "2f6a87a15f42c1adea683e7eacced1befb638006fe2566eadf914433a3c220f5" },
};

const sha256 = (text) => createHash("sha256").update(text).digest();
const read = (file) => readFileSync(new URL(`data/${file}.jsonl`, import.meta.url), "utf8");
const rowsOf = (file) =>
  read(file)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test.each(Object.keys(FROZEN))("%s is as it was frozen", (file) => {
  expect(sha256(read(file)).toString("hex")).toBe(FROZEN[file].sha256);
  expect(rowsOf(file)).toHaveLength(FROZEN[file].rows);
});

test("each request is in the half that its hash says, wants agents that are there, and stands once", () => {
  const names = new Set(rowsOf("agents").map(({ name }) => name));
  const needs = ["dev", "test"].flatMap((half) =>
    rowsOf(`requests-${half}`).map(({ need, want }) => {
      expect(sha256(need)[0] < 128 ? "dev" : "test").toBe(half);
      for (const name of want) expect(names).toContain(name);
      return need;
    }),
  );
  expect(new Set(needs).size).toBe(needs.length);
  expect(names.size).toBe(1025);
});

// The cases were written and split before the first built-in guardrail was. They stay as they are: what is measured later is comparable, and
// nothing can be tuned on the test half unseen.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FROZEN = {
  dev: { attacks: 75, benign: 52, sha256: "ec923c715f20cc66f299bacc073f71d21a5d5f73330ace4f99f005a50eea3273" },
  test: { attacks: 51, benign: 74, sha256: "e6f4579cf7d0fe9d65ef32a2780932cb2606d19463978bfdea0b45783911b398" },
};

const sha256 = (text) => createHash("sha256").update(text).digest();
const read = (split) => readFileSync(new URL(`data/${split}.jsonl`, import.meta.url), "utf8");
const rowsOf = (split) =>
  read(split)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test.each(Object.keys(FROZEN))("the %s half of the cases is the one that was frozen", (split) => {
  const { attacks, benign, sha256: hash } = FROZEN[split];
  expect(sha256(read(split)).toString("hex")).toBe(hash);
  const isAttack = ({ id }) => id.startsWith("attack-");
  expect(rowsOf(split).filter(isAttack)).toHaveLength(attacks);
  expect(rowsOf(split).filter((row) => !isAttack(row))).toHaveLength(benign);
});

test("each case is in the half that its hash says, and every attack has a harm", () => {
  const cases = Object.keys(FROZEN).flatMap((split) => {
    for (const { id } of rowsOf(split)) expect(sha256(id)[0] < 128 ? "dev" : "test").toBe(split);
    return rowsOf(split);
  });
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  for (const { id, steps, leaks } of cases)
    expect(leaks !== undefined || steps.some(({ harm }) => harm === true), id).toBe(id.startsWith("attack-"));
});

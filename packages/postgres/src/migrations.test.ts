import { expect, test } from "vitest";
import { STEPS } from "./migrations.ts";

test.each(STEPS)(
  "step $number says which tables of earlier steps it touches, so that they are locked first",
  (step) => {
    const names = (pattern: RegExp): string[] => [...step.sql.matchAll(pattern)].map(([, name = ""]) => name);
    const touched = names(/(?:alter table|^update|references|^create (?:unique )?index \w+ on) (\w+)/gm);
    const dropped = names(/^drop index (\w+)_/gm);
    const made = new Set(names(/create table (\w+)/g));
    const expected = [...touched, ...dropped].filter((table) => !made.has(table));
    expect([...step.alters].toSorted()).toEqual([...new Set(expected)].toSorted());
  },
);

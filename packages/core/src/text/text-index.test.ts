import fc from "fast-check";
import { expect, test } from "vitest";
import { TextIndex } from "./text-index.ts";
import { wordsOf } from "./words.ts";

test.each([
  ["Ann's CAFÉS, and her 2 Policies!", ["ann", "s", "cafe", "and", "her", "2", "polici"]],
  ["glass bus class", ["glass", "bu", "class"]],
  ["ＦＵＬＬ width", ["full", "width"]],
  ["東京都", ["東京", "京都"]],
  ["", []],
])("the words of %j", (text, words) => expect(wordsOf(text)).toEqual(words));

test("rare words count more than common ones, and short texts more than long ones", () => {
  const index = new TextIndex();
  index.set("long", "tea and many other words about nothing at all");
  index.set("rare", "tea oolong");
  index.set("short", "tea");
  const ids = (query: string) => index.search(query, 10, () => true).map(({ id }) => id);
  expect(ids("oolong tea")).toEqual(["rare", "short", "long"]);
  expect(ids("nothing here")).toEqual(["long"]);
  expect(index.search("tea", 10, (id) => id !== "short").map(({ id }) => id)).toEqual(["rare", "long"]);
});

test("whatever was set and deleted, it finds what a fresh index of the rest finds", () => {
  const texts = fc.array(fc.tuple(fc.nat(120), fc.constantFrom("a b", "b c d", "d", "a a e", null)), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(texts, (changes) => {
      const index = new TextIndex();
      const rest = new Map<string, string>();
      for (const [id, text] of changes) {
        if (text === null) index.delete(`${id}`);
        else index.set(`${id}`, text);
        if (text === null) rest.delete(`${id}`);
        else rest.set(`${id}`, text);
      }
      const fresh = new TextIndex();
      for (const [id, text] of rest) fresh.set(id, text);
      expect(index.size).toBe(rest.size);
      const found = (each: TextIndex) =>
        each
          .search("a d", 1000, () => true)
          .map(({ id }) => id)
          .toSorted();
      expect(found(index)).toEqual(found(fresh));
    }),
  );
});

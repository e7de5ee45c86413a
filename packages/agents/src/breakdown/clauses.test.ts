import fc from "fast-check";
import { expect, test } from "vitest";
import { clausesOf, itemsOf } from "./clauses.ts";

test.each([
  ["Look up the price of tea", ["Look up the price of tea"]],
  ["Look up the price of tea.", ["Look up the price of tea"]],
  ["Find facts, then write a text and send it", ["Find facts", "write a text", "send it"]],
  ["1. Find facts\n2. Pay 3.50 euros", ["Find facts", "Pay 3.50 euros"]],
  ["- a\n- b; c", ["a", "b", "c"]],
  ["Thenceforth sandy brand", ["Thenceforth sandy brand"]],
  ["?!", []],
])("%j has the clauses %j", (text, clauses) => {
  expect(clausesOf(text)).toEqual(clauses);
});

test.each([
  ["Find facts about fish and chips", ["Find facts about fish and chips"], [false]],
  ["Find facts. Write a text", ["Find facts", "Write a text"], [false, false]],
  ["Find facts, and then write a text; send it", ["Find facts", "write a text", "send it"], [false, true, false]],
  ["1) Find facts\n2) Then write a text", ["Find facts", "write a text"], [false, true]],
])("%j is the list %j", (text, items, waits) => {
  expect(itemsOf(text).map(({ what }) => what)).toEqual(items);
  expect(itemsOf(text).map((item) => item.waits)).toEqual(waits);
});

test("no word is lost but joints, whatever the text, and it takes no time", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("tea", "and", ",", "then", ".", "\n", "1.", "-", ";", "fish")), (words) => {
      const text = words.join(" ");
      const kept = (texts: readonly string[]): number => texts.join(" ").match(/tea|fish/g)?.length ?? 0;
      const given = words.filter((word) => word === "tea" || word === "fish").length;
      expect(kept(clausesOf(text))).toBe(given);
      expect(kept(itemsOf(text).map(({ what }) => what))).toBe(given);
    }),
  );
  const started = performance.now();
  for (const piece of [" ", " ,", "\n ", "..", "then", "and ", "1."])
    for (const look of [clausesOf, itemsOf]) look(`${piece.repeat(50_000)}x`);
  expect(performance.now() - started).toBeLessThan(1_000);
});

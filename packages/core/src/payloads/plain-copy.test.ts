import fc from "fast-check";
import { expect, test } from "vitest";
import { plainCopy } from "./plain-copy.ts";

test("it is equal, whatever the members are called, and shares nothing that can be changed", () => {
  const shared = (one: unknown, other: unknown): boolean =>
    typeof one === "object" &&
    one !== null &&
    (one === other ||
      Object.keys(one).some((key) =>
        shared((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]),
      ));
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = plainCopy(value);
      expect(copy).toEqual(value);
      expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
      expect(shared(value, copy)).toBe(false);
    }),
  );
  const named = JSON.parse('{"__proto__":{"isAdmin":true},"a":1}') as object;
  const copy = plainCopy(named) as object;
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(JSON.stringify(copy)).toBe(JSON.stringify(named));
});

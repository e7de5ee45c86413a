import fc from "fast-check";
import { expect, test } from "vitest";
import { leadsOut } from "./describe-work.ts";

test.each([
  ["a", "b", false],
  ["a/b", "../c", false],
  ["a/b/c", "../../d/e", false],
  ["a", "./b//c", false],
  ["a", "/etc/passwd", true],
  ["a", "../b", true],
  ["a/b", "../../c", true],
  ["a", "b\0c", true],
])("a link at %j to %j leads out: %j", (path, target, isOut) => {
  expect(leadsOut(path, target)).toBe(isOut);
});

test("what goes down before it goes up may go up from anywhere, since the way down may be a link", () => {
  // With `here` a link to `.`, `here/here/../..` is two folders above the repository.
  expect(leadsOut("up", "here/here/../../etc")).toBe(true);
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", ".", ""), { minLength: 1 }), (down) => {
      expect(leadsOut("x/y", [...down, "a", "..", "b"].join("/"))).toBe(true);
    }),
  );
});

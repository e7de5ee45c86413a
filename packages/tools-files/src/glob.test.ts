import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesPattern } from "./glob.ts";

test.each([
  ["*.md", "a/b/notes.md", true],
  ["*.md", "notes.mdx", false],
  ["a/*.md", "a/b/notes.md", false],
  ["a/**/*.md", "a/notes.md", true],
  ["a/**/*.md", "a/b/c/notes.md", true],
  ["**/c/*", "a/b/c/x", true],
  ["./a/**", "a/b/c", true],
  ["?.txt", "🎈.txt", true],
  ["[ab].txt", "a.txt", false],
  ["{a,b}.txt", "a.txt", false],
  ["(a+)+$", "aaaa", false],
])("%s and %s: %s", (pattern, path, expected) => {
  expect(matchesPattern(pattern, path)).toBe(expected);
});

/** As slow as the definition: each star tried with every length. */
const slowly = (pattern: readonly string[], items: readonly string[]): boolean => {
  const [first, ...rest] = pattern;
  if (first === undefined) return items.length === 0;
  if (first === "**") return items.some((_, at) => slowly(rest, items.slice(at))) || slowly(rest, []);
  return items.length > 0 && slowlyName(first, items[0] ?? "") && slowly(rest, items.slice(1));
};
const slowlyName = (pattern: string, name: string): boolean => {
  if (pattern === "") return name === "";
  if (pattern[0] === "*")
    return Array.from({ length: name.length + 1 }, (_, at) => at).some((at) =>
      slowlyName(pattern.slice(1), name.slice(at)),
    );
  return name !== "" && (pattern[0] === "?" || pattern[0] === name[0]) && slowlyName(pattern.slice(1), name.slice(1));
};

test("a pattern fits what its definition says", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 });
  const part = fc.oneof(
    fc.constant("**"),
    fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 4 }),
  );
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 2, maxLength: 5 }),
      fc.array(name, { minLength: 1, maxLength: 5 }),
      (parts, names) => {
        expect(matchesPattern(parts.join("/"), names.join("/"))).toBe(slowly(parts, names));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a pattern made to take years takes no time", () => {
  const begin = performance.now();
  expect(matchesPattern(`${"*a".repeat(200)}b`, "a".repeat(250))).toBe(false);
  expect(matchesPattern(`${"**/a/".repeat(80)}b`, "a/".repeat(30).slice(0, -1))).toBe(false);
  expect(performance.now() - begin).toBeLessThan(500);
});

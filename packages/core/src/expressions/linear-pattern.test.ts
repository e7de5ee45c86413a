import fc from "fast-check";
import { expect, test } from "vitest";
import { LinearPattern, PatternError } from "./linear-pattern.ts";
import { Meter } from "./meter.ts";

const matches = (pattern: string, text: string): boolean => new LinearPattern(pattern).test(text, new Meter());

test.each([
  ["b", "abc", true],
  ["^b", "abc", false],
  ["^a.c$", "abc", true],
  ["^a.c$", "a\nc", false],
  ["(?s)^a.c$", "a\nc", true],
  ["(?i)ÄB[c-d]", "xäBD", true],
  ["^(?:ab|c)+$", "abcab", true],
  ["^(?:ab|c)+$", "abca", false],
  ["^x{2,3}$", "xxx", true],
  ["^x{2,3}$", "xxxx", false],
  ["^x{2}$", "xx", true],
  ["^x{2,}?$", "xxxxx", true],
  ["^[^]a]+$", "bcd", true],
  ["^[]a]+$", "a]", true],
  ["^\\d{3}-\\w+\\.com$", "123-a_b.com", true],
  ["\\bcat\\b", "a cat.", true],
  ["\\bcat\\b", "concat", false],
  ["^\\p{Lu}\\x41\\x{1F600}$", "ÄA😀", true],
  ["^.$", "😀", true],
  ["^[^@\\s]+@[^@\\s]+\\.[a-z]+$", "ann@example.org", true],
  ["", "", true],
  ["a|", "", true],
  ["(a*)*$", "b", true],
  ['^\\/\\"\\-$', '/"-', true],
])("%s over %j: %s", (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

test.each([
  ["(a", "a group that is not closed at character 3"],
  ["a)", "a ) without its ( at character 2"],
  ["[a", "a class that is not closed at character 1"],
  ["*a", "nothing to repeat before * at character 1"],
  ["a**", "a repetition of a repetition at character 3"],
  ["(?=a)", "look-around, names and flags within are not allowed"],
  ["(a)\\1", "an escape that is none here, or refers back, at character 4"],
  ["a\\", "an escape that is none here"],
  ["[b-a]", "is no character or class"],
  ["[[:alpha:]]", "named classes are not known here"],
  ["a{3,2}", "expected at most 1000 repetitions, the lower number first"],
  ["((a{100}){100}){100}", "it takes more than 2000 states"],
  ["(".repeat(60), "groups nested deeper than 50"],
  ["a".repeat(1001), "it is longer than 1000 characters"],
])("refuses %s", (pattern, message) => {
  expect(() => new LinearPattern(pattern)).toThrow(PatternError);
  expect(() => new LinearPattern(pattern)).toThrow(message);
});

test("what makes JavaScript's own go back and forth takes time that grows with the text", () => {
  const text = `${"a".repeat(20_000)}!`;
  for (const pattern of ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "a*a*a*a*b$", "^(.*?,){11}P"])
    expect(matches(pattern, text)).toBe(false);
});

test("costs what it takes", () => {
  expect(() => matches("(a?){500}b", "a".repeat(100_000))).toThrow("it takes more than 5000000 steps");
});

const pattern: fc.Arbitrary<string> = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$", ""),
    fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
    fc.tuple(tie("pattern"), tie("pattern")).map(([left, right]) => `(?:${left}|${right})`),
    fc
      .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{1,2}", "{2,}", "*?"))
      .map(([part, repeat]) => `(?:${part})${repeat}`),
  ),
})).pattern;

test("finds what JavaScript's own finds", () => {
  fc.assert(
    fc.property(pattern, fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 8 }), (source, text) => {
      expect(matches(source, text)).toBe(new RegExp(source, "u").test(text));
    }),
    { numRuns: 2000 },
  );
});

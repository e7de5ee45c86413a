import type { Element, Meaning } from "./element.ts";
import { lexicon, longestPhrase } from "./lexicon.ts";
import type { NameIndex } from "./name-index.ts";
import { numberOf } from "./numbers.ts";
import type { TimeContext } from "./time-expression.ts";
import { timeExpression } from "./time-expression.ts";
import type { Token } from "./token.ts";

interface Match {
  readonly meaning: Meaning;
  readonly length: number;
}

/** Reads the question from left to right, always taking the longest thing it knows; what it does not know stays `unknown`. */
export function recognise(tokens: readonly Token[], names: NameIndex, context: TimeContext): readonly Element[] {
  const words = tokens.map(({ text }) => text);
  const elements: Element[] = [];
  for (let at = 0; at < words.length; ) {
    const match = longestMatch(words, at, names, context);
    elements.push({ ...match.meaning, words: words.slice(at, at + match.length).join(" ") });
    at += match.length;
  }
  return elements;
}

function longestMatch(words: readonly string[], at: number, names: NameIndex, context: TimeContext): Match {
  const name = names.find(words, at);
  const number = numberOf(words[at]);
  const candidates: readonly (Match | undefined)[] = [
    name && { meaning: { kind: "value", field: name.field, name: name.name }, length: name.words.length },
    timeExpression(words, at, context),
    knownPhrase(words, at),
    number === undefined ? undefined : { meaning: { kind: "number", value: number }, length: 1 },
  ];
  const nothing: Match = { meaning: { kind: "unknown" }, length: 0 };
  const longest = candidates.reduce<Match>(
    (best, match) => (match && match.length > best.length ? match : best),
    nothing,
  );
  return longest === nothing ? { meaning: { kind: "unknown" }, length: 1 } : longest;
}

function knownPhrase(words: readonly string[], at: number): Match | undefined {
  for (let length = Math.min(longestPhrase, words.length - at); length > 0; length -= 1) {
    const meaning = lexicon.get(words.slice(at, at + length).join(" "));
    if (meaning) return { meaning, length };
  }
  return undefined;
}

/**
 * Ways to say something: `(cancel|stop) [my] order {order}`. Words, `{slot}`, `[may be left out]`, `(one|of these)`, and `*` for any words. Matched in time that
 * is bounded by words × parts, whatever stands in a manifest: no place of both is looked at twice.
 */
import { invalidArgument } from "@agentcore/contract";
import { type SlotSpec, type SlotValue, valuesAt } from "./slots.ts";
import { isFiller, type Word, wordsOf } from "./words.ts";

type Part =
  | { readonly kind: "word"; readonly normal: string }
  | { readonly kind: "slot"; readonly name: string; readonly spec: SlotSpec }
  | { readonly kind: "any" };

export interface UtterancePattern {
  readonly text: string;
  /** Each way through its alternatives. */
  readonly ways: readonly (readonly Part[])[];
}

export interface PatternMatch {
  readonly slots: Readonly<Record<string, SlotValue>>;
  /** Words that it accounts for, by their place. */
  readonly covered: ReadonlySet<number>;
  /** Of its own words: how much of it is no slot. */
  readonly literal: number;
}

const MAX_WAYS = 64;
const MAX_PARTS = 40;
const MAX_SLOT_WORDS = 20;

/** Throws INVALID_ARGUMENT with what is wrong, at `field`. */
export const readPattern = (
  text: string,
  slots: Readonly<Record<string, SlotSpec>>,
  field: string,
): UtterancePattern => {
  const refuse = (description: string) => invalidArgument("the pattern", [{ field, description }]);
  let ways: readonly (readonly Part[])[] = [[]];
  const follow = (choices: readonly (readonly Part[])[]): void => {
    ways = ways.flatMap((way) => choices.map((choice) => [...way, ...choice]));
    if (ways.length > MAX_WAYS) throw refuse(`it can be said in more than ${MAX_WAYS} ways; write several patterns`);
  };
  const plain = (words: string): readonly Part[] =>
    words.split(/(\*|\{[^{}]*\})/).flatMap((piece): readonly Part[] => {
      if (piece === "*") return [{ kind: "any" }];
      if (!piece.startsWith("{")) return wordsOf(piece).map(({ normal }) => ({ kind: "word", normal }));
      const name = piece.slice(1, -1).trim();
      const spec = Object.hasOwn(slots, name) ? slots[name] : undefined;
      if (spec === undefined)
        throw refuse(`{${name}} is no slot of the intent; expected one of ${Object.keys(slots).join(", ") || "none"}`);
      return [{ kind: "slot", name, spec }];
    });
  for (let at = 0; at < text.length; ) {
    const opens = /[[(]/.exec(text.slice(at));
    const from = opens === null ? text.length : at + opens.index;
    follow([plain(text.slice(at, from))]);
    if (opens === null) break;
    const close = opens[0] === "[" ? "]" : ")";
    const end = text.indexOf(close, from);
    if (end === -1) throw refuse(`${opens[0]} at character ${from + 1} is not closed`);
    const inner = text.slice(from + 1, end);
    if (/[[\]()]/.test(inner)) throw refuse("brackets within brackets are not read");
    follow([...inner.split("|").map(plain), ...(close === "]" ? [[]] : [])]);
    at = end + 1;
  }
  for (const way of ways) {
    if (way.length > MAX_PARTS) throw refuse(`expected at most ${MAX_PARTS} words and slots`);
    const named = way.flatMap((part) => (part.kind === "slot" ? [part.name] : []));
    if (new Set(named).size < named.length) throw refuse("a slot stands in it twice");
    if (!way.some(({ kind }) => kind === "word")) throw refuse("expected a word besides slots: it would fit anything");
  }
  return { text, ways };
};

/** The way that accounts for most words; null when none fits. Words before and after it are left over. */
export const matchPattern = ({ ways }: UtterancePattern, text: string, words: readonly Word[]): PatternMatch | null => {
  const said = new Set(words.map(({ normal }) => normal));
  let best: PatternMatch | null = null;
  for (const way of ways) {
    // Most patterns fall here.
    if (!way.every((part) => part.kind !== "word" || said.has(part.normal))) continue;
    const match = matchWay(way, text, words);
    if (match !== null && (best === null || isBetter(match, best))) best = match;
  }
  return best;
};

const isBetter = (one: PatternMatch, other: PatternMatch): boolean =>
  one.covered.size === other.covered.size ? one.literal > other.literal : one.covered.size > other.covered.size;

/** The first place in the text where it fits. */
const matchWay = (way: readonly Part[], text: string, words: readonly Word[]): PatternMatch | null => {
  // Whether the rest fits from a place on does not depend on how one came there.
  const failed = new Set<number>();
  const covered: number[] = [];
  const slots: Record<string, SlotValue> = {};

  const walk = (part: number, at: number): boolean => {
    const place = part * (words.length + 1) + at;
    if (failed.has(place)) return false;
    const here = way[part];
    if (here === undefined) return true;
    if (choices(here, part, at).some(({ length, value, stays }) => take(here, part, at, length, value, stays === true)))
      return true;
    failed.add(place);
    return false;
  };
  const take = (
    here: Part,
    part: number,
    at: number,
    length: number,
    value: SlotValue | undefined,
    stays: boolean,
  ): boolean => {
    const before = covered.length;
    for (let index = at; index < at + length; index++) covered.push(index);
    if (walk(stays ? part : part + 1, at + length)) {
      if (here.kind === "slot" && value !== undefined) slots[here.name] = value;
      return true;
    }
    covered.length = before;
    return false;
  };
  const choices = (here: Part, part: number, at: number): readonly Choice[] => {
    const word = words[at];
    const most = Math.min(MAX_SLOT_WORDS, words.length - at);
    switch (here.kind) {
      case "word":
        if (word?.normal === here.normal) return [{ length: 1 }];
        // Words that say nothing may stand between.
        return word !== undefined && part > 0 && isFiller(word) ? [{ length: 1, stays: true }] : [];
      case "any":
        return Array.from({ length: most + 1 }, (_, length) => ({ length }));
      case "slot":
        return here.spec.type === "text" || here.spec.type === "word"
          ? spans(here.spec.type === "word" ? Math.min(1, most) : most, at, part === way.length - 1)
          : valuesAt(here.spec, words, at);
    }
  };
  /** As short as may be, and at the end of a pattern as long, without a "please" behind it. */
  const spans = (most: number, at: number, isLast: boolean): readonly Choice[] => {
    const all = Array.from({ length: most }, (_, index) => {
      const last = words[at + index];
      const value = text.slice(words[at]?.start ?? 0, last?.end ?? 0);
      return { length: index + 1, value, isIdle: last !== undefined && isFiller(last) };
    });
    if (!isLast) return all;
    const longest = all.toReversed();
    return [...longest.filter(({ isIdle }) => !isIdle), ...longest.filter(({ isIdle }) => isIdle)];
  };

  for (let start = 0; start < words.length; start++)
    if (walk(0, start))
      return {
        slots,
        covered: new Set(covered),
        literal: way.filter(({ kind }) => kind === "word").length,
      };
  return null;
};

interface Choice {
  /** Words. */
  readonly length: number;
  readonly value?: SlotValue;
  /** The part is still to come. */
  readonly stays?: boolean;
}

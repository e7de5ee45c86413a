/** Which intent a text has, by its patterns first, then by examples that are alike. Pure: the same text gives the same. */
import { invalidArgument } from "@agentcore/contract";
import { z } from "zod";
import { type SlotSpec, SlotSpecs, type SlotValue, valuesAt } from "./slots.ts";
import { matchPattern, readPattern, type UtterancePattern } from "./utterance-pattern.ts";
import { isFiller, isNegation, type Word, wordsOf } from "./words.ts";

const Said = z.string().min(1).max(500);

export const IntentSpec = z
  .strictObject({
    name: z
      .string()
      .regex(/^(?!none$)[\w.:-]{1,64}$/, { error: "expected a name of letters, digits and ._:-, other than none" }),
    description: z.string().max(1000).optional(),
    /** `(cancel|stop) [my] order {order}` */
    patterns: z.array(Said).max(100).default([]),
    /** Texts that mean it, as people write them. */
    examples: z.array(Said).max(200).default([]),
    slots: SlotSpecs,
  })
  .refine(({ patterns, examples, description }) => patterns.length + examples.length > 0 || description !== undefined, {
    error: "expected patterns, examples, or a description for a model to go by",
  });
export type IntentSpec = z.output<typeof IntentSpec>;

export const IntentSpecs = z
  .array(IntentSpec)
  .min(1)
  .max(200)
  .refine((intents) => new Set(intents.map(({ name }) => name)).size === intents.length, {
    error: "expected names that differ",
  });

export interface RankedIntent {
  readonly intent: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly by: "pattern" | "example";
  readonly slots: Readonly<Record<string, SlotValue>>;
  readonly reason: string;
  /** Of two that are as sure, the one that says more in words is meant. */
  readonly literal: number;
}

interface CompiledIntent {
  readonly spec: IntentSpec;
  readonly patterns: readonly UtterancePattern[];
  readonly examples: readonly ReadonlySet<string>[];
}

export interface CompiledIntents {
  readonly intents: readonly CompiledIntent[];
  /** Of a word: how much it tells, by how few examples have it. */
  readonly weights: ReadonlyMap<string, number>;
}

// Every word that is there tells something, also one that stands in all examples.
const LEAST_WEIGHT = 0.1;
// An example that is just the same is as sure as one can be without a pattern.
const EXAMPLE_SHARE = 0.95;
// Of a text half of which a pattern accounts for.
const PATTERN_FLOOR = 0.5;

/** Throws INVALID_ARGUMENT with the place of a pattern that cannot be read. */
export const compileIntents = (specs: readonly IntentSpec[]): CompiledIntents => {
  const intents = specs.map((spec, index) => ({
    spec,
    patterns: spec.patterns.map((text, at) => readPattern(text, spec.slots, `intents[${index}].patterns[${at}]`)),
    examples: spec.examples.map((text, at) => {
      const words = contentOf(wordsOf(text));
      if (words.size > 0) return words;
      const field = `intents[${index}].examples[${at}]`;
      throw invalidArgument("the example", [{ field, description: "expected words that say what is wanted" }]);
    }),
  }));
  const all = intents.flatMap(({ examples }) => examples);
  const counts = new Map<string, number>();
  for (const words of all) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const weights = new Map(
    [...counts].map(([word, count]) => [word, Math.max(LEAST_WEIGHT, Math.log((all.length + 1) / count))] as const),
  );
  return { intents, weights };
};

/** All that come into question, the surest first. */
export const rankIntents = (compiled: CompiledIntents, text: string): readonly RankedIntent[] => {
  const words = wordsOf(text);
  return compiled.intents
    .flatMap((intent) => {
      const found = [byPattern(intent, text, words), byExample(compiled, intent, words)].filter(
        (each) => each !== null,
      );
      return found.toSorted(surestFirst).slice(0, 1);
    })
    .toSorted(surestFirst);
};

const surestFirst = (one: RankedIntent, other: RankedIntent): number =>
  other.confidence - one.confidence || other.literal - one.literal;

/** As sure as the share of the text that a pattern accounts for; not at all when what is left over turns it round. */
const byPattern = ({ spec, patterns }: CompiledIntent, text: string, words: readonly Word[]): RankedIntent | null => {
  let best: RankedIntent | null = null;
  for (const pattern of patterns) {
    const match = matchPattern(pattern, text, words);
    if (match === null) continue;
    const left = words.filter((word, index) => !match.covered.has(index) && !isFiller(word));
    if (left.some(isNegation)) continue;
    const said = words.filter((word, index) => match.covered.has(index) || !isFiller(word)).length;
    const confidence =
      left.length === 0 ? 1 : PATTERN_FLOOR + (1 - PATTERN_FLOOR) * ((said - left.length) / said) * 0.9;
    const found: RankedIntent = {
      ...{
        intent: spec.name,
        confidence: rounded(confidence),
        by: "pattern",
        slots: match.slots,
        literal: match.literal,
      },
      reason: `"${pattern.text}"${left.length === 0 ? "" : ` accounts for all but ${left.length} of ${said} words`}`,
    };
    if (best === null || surestFirst(best, found) > 0) best = found;
  }
  return best;
};

/** How many of the words, by what each tells, an example and the text have in common. */
const byExample = (
  { weights }: CompiledIntents,
  { spec, examples }: CompiledIntent,
  words: readonly Word[],
): RankedIntent | null => {
  const said = contentOf(words);
  let best = 0;
  let at = -1;
  for (const [index, example] of examples.entries()) {
    // "Cancel it" and "do not cancel it" have nearly all words in common.
    if (isTurned(said) !== isTurned(example)) continue;
    let both = 0;
    let all = 0;
    for (const word of example) {
      const weight = weights.get(word) ?? 1;
      all += weight;
      if (said.has(word)) both += 2 * weight;
    }
    // A word that no example has tells that something else may be meant.
    for (const word of said) all += weights.get(word) ?? 1;
    const share = all === 0 ? 0 : both / all;
    if (share > best) {
      best = share;
      at = index;
    }
  }
  if (at === -1) return null;
  const slots = typedSlots(spec.slots, words);
  return {
    ...{ intent: spec.name, confidence: rounded(best * EXAMPLE_SHARE), by: "example", slots, literal: 0 },
    reason: `like "${spec.examples[at]}"`,
  };
};

const NEGATED = "not";
/** Words without those that say nothing; any way to say no is one. What stands for a value is none. */
const contentOf = (words: readonly Word[]): ReadonlySet<string> =>
  new Set(
    words.flatMap((word) => {
      if (isNegation(word)) return [NEGATED];
      return isFiller(word) || /\d/.test(word.normal) ? [] : [word.normal];
    }),
  );

const isTurned = (words: ReadonlySet<string>): boolean => words.has(NEGATED);

/** Those that are known wherever they stand: numbers, dates, addresses, choices. */
const typedSlots = (specs: Readonly<Record<string, SlotSpec>>, words: readonly Word[]): Record<string, SlotValue> => {
  const taken = new Set<number>();
  const slots: Record<string, SlotValue> = {};
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.type === "text" || spec.type === "word") continue;
    for (let at = 0; at < words.length; at++) {
      const [longest] = valuesAt(spec, words, at).toSorted((one, other) => other.length - one.length);
      if (longest === undefined || taken.has(at)) continue;
      for (let index = at; index < at + longest.length; index++) taken.add(index);
      slots[name] = longest.value;
      break;
    }
  }
  return slots;
};

const rounded = (share: number): number => Math.round(share * 1000) / 1000;

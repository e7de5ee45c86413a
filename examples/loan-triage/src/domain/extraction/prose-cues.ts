import type { Field } from "../application.ts";
import type { Span } from "./nearest-pairs.ts";

export interface Cue<F extends Field = Field> extends Span {
  readonly field: F;
  readonly text: string;
}

type MoneyField = Extract<Field, `${string}Cents`>;

/** What in a letter announces an amount of money, narrower meanings first: a span claimed by one is not read again. */
export const moneyCues: readonly (readonly [MoneyField, RegExp])[] = [
  ["monthlyCashDepositsCents", /\bcash deposits?|deposit(?:ing)? (?:in )?cash|pay(?:ing)? in cash|in cash\b/gi],
  [
    "monthlyObligationsCents",
    /\b(?:existing|other|current|outstanding|running) (?:\w+ )?(?:loans?|debts?|credits?|obligations|commitments)\b|\b(?:car|student|consumer|personal) (?:loan|lease|finance|credit)\b|\bcredit cards?\b|\bloan (?:re)?payments?\b|\b(?:re)?payments? (?:on|for|towards) (?:\w+ ){0,2}(?:loans?|debts?|credits?)\b|\b(?:debts?|obligations|commitments|leasing)\b/gi,
  ],
  ["monthlyHousingCents", /\b(?:rent|housing|mortgage|accommodation)\b/gi],
  [
    "monthlyIncomeCents",
    /\b(?:net (?:monthly )?income|take[- ]home(?: pay)?|earn(?:ing|ings|s)?|income|salary|wages?|net pay|brings? home|I am paid|I make|pays me|reaches my account)\b/gi,
  ],
  [
    "requestedAmountCents",
    /\b(?:borrow(?:ing)?|loan (?:of|for|over|in the amount of|amounting to|request)|appl(?:y|ying|ication) for|request(?:ing|ed)?|ask(?:ing)? (?:you )?for|amount (?:of|requested|I need)|lend me|credit of|financ(?:e|ing)|sum of|need)\b/gi,
  ],
];

export const dateCues: readonly (readonly ["dateOfBirth" | "employedSince", RegExp])[] = [
  ["dateOfBirth", /\bborn\b|\bDOB\b|\bbirth\b|\bbirthday\b/gi],
  ["employedSince", /\b(?:employed|employment|employer|work(?:ed|ing)?|job|joined|position|post)\b/gi],
];

export const durationCues: readonly (readonly ["termMonths" | "employmentMonths", RegExp])[] = [
  ["employmentMonths", /\b(?:employed|employment|employer|work(?:ed|ing)?|job|position|post|been with)\b/gi],
  [
    "termMonths",
    /\b(?:over|repay(?:ing|ment|ments)?|term|period|pay (?:it|this|the loan|the money) back|spread|within|instal?ments?)\b|(?<=(?:€|EUR|euros?|\d)\s)for(?=\s)/gi,
  ],
];

export function findCues<F extends Field>(text: string, patterns: readonly (readonly [F, RegExp])[]): Cue<F>[] {
  const cues: Cue<F>[] = [];
  for (const [field, pattern] of patterns) {
    for (const match of text.matchAll(pattern)) {
      const span = { start: match.index, end: match.index + match[0].length };
      if (cues.every((cue) => span.end <= cue.start || span.start >= cue.end))
        cues.push({ field, text: match[0], ...span });
    }
  }
  return cues;
}

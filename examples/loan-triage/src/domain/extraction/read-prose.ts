import type { Problem } from "../application.ts";
import { datePattern, parseDate } from "../calendar-date.ts";
import { countryPattern, parseCountry } from "../country.ts";
import { durationPattern, parseDuration } from "../duration.ts";
import { normaliseIdentityNumber } from "../identity-number.ts";
import { parseMoney } from "../money.ts";
import { acceptMoney } from "./interpret-labelled.ts";
import type { Mention, Reading } from "./mention.ts";
import { nearestPairs, type Span } from "./nearest-pairs.ts";
import { dateCues, durationCues, findCues, moneyCues } from "./prose-cues.ts";
import { readLetterFrame } from "./read-letter-frame.ts";
import { type PageLine, type Sentence, sentencesOf } from "./sentences.ts";

// Far enough for "my take-home pay, after the raise of last spring, is …", too short to reach the next topic.
const reach = 60;

const number = "(?:\\d{1,3}(?:[ .,'’\\u00a0\\u202f]\\d{3})+|\\d+)(?:[.,]\\d{1,2})?k?(?![\\d])";
const currency = "(?:€|£|\\$|EUR\\b|USD\\b|GBP\\b|CHF\\b)";
const moneyPattern = new RegExp(
  `${currency}\\s?${number}|${number}\\s?(?:${currency}|euros?\\b|dollars?\\b|pounds?\\b|francs?\\b)|${number}(?=\\s(?:a|per|each|every)\\s(?:month|year))`,
  "gi",
);

/** Reads running text: in each sentence, values of a kind are paired with the nearest words announcing one. */
export function readProse(lines: readonly PageLine[]): Reading {
  const mentions: Mention[] = [];
  const problems: Problem[] = [];
  for (const sentence of sentencesOf(lines)) {
    for (const read of [...readMoney(sentence), ...readDates(sentence), ...readWords(sentence)]) {
      if ("code" in read) problems.push(read);
      else mentions.push(read);
    }
  }
  const frame = readLetterFrame(lines);
  // The date of the letter heads it; a sentence's own "date of birth" must not be taken for it, and is not: it has a cue.
  return { mentions: [...frame, ...mentions], problems };
}

function readMoney({ text, evidenceAt }: Sentence): (Mention | Problem)[] {
  const cues = findCues(text, moneyCues);
  const read: (Mention | Problem)[] = [];
  for (const [cue, span] of nearestPairs(cues, spansOf(text, moneyPattern), reach)) {
    const money = parseMoney(span.text);
    if (!money) continue;
    const around = text.slice(Math.max(0, Math.min(cue.start, span.start) - 12), Math.max(cue.end, span.end) + 28);
    const after = text.slice(span.end, span.end + 28);
    read.push(
      acceptMoney({
        field: cue.field,
        cents: money.cents,
        currency: money.currency,
        yearly:
          /^\W*(?:net |after tax )?(?:a|per|each|every) (?:year|annum)|^\W*(?:yearly|annually|p\.a\.)/i.test(after) ||
          /\b(?:annual|yearly)\b/i.test(text.slice(Math.max(0, cue.start - 12), span.start)),
        gross: /\bgross\b|before tax/i.test(around),
        evidence: evidenceAt(span.start),
      }),
    );
  }
  const none =
    /\b(?:no|not have any|without(?: any)?|free of|never had any) (?:(?:other|existing|outstanding|further|current) )*(?:loans?|debts?|credits?|obligations|commitments|liabilities)\b/i.exec(
      text,
    );
  if (none && !read.some((entry) => entry.field === "monthlyObligationsCents")) {
    read.push({ field: "monthlyObligationsCents", value: 0, evidence: [evidenceAt(none.index)] });
  }
  const rentFree = /\brent[- ]free\b|\bpay no rent\b/i.exec(text);
  if (rentFree) read.push({ field: "monthlyHousingCents", value: 0, evidence: [evidenceAt(rentFree.index)] });
  return read;
}

function readDates({ text, evidenceAt }: Sentence): Mention[] {
  const read: Mention[] = [];
  for (const [cue, span] of nearestPairs(findCues(text, dateCues), spansOf(text, datePattern), reach)) {
    const value = parseDate(span.text);
    if (value !== undefined) read.push({ field: cue.field, value, evidence: [evidenceAt(span.start)] });
  }
  const ages = /\b(?:I am|I'm|aged?(?: of)?)\s+(\d{2,3})(?: years? (?:old|of age)\b|\b(?!\s*(?:months?|years?)))/i.exec(
    text,
  );
  if (ages) read.push({ field: "statedAge", value: Number(ages[1]), evidence: [evidenceAt(ages.index)] });
  const durations = spansOf(text, durationPattern).filter(
    (span) => !/^\s+(?:old|of age)\b/i.test(text.slice(span.end)),
  );
  for (const [cue, span] of nearestPairs(findCues(text, durationCues), durations, reach)) {
    const value = parseDuration(span.text);
    if (value !== undefined) read.push({ field: cue.field, value, evidence: [evidenceAt(span.start)] });
  }
  return read;
}

function readWords({ text, evidenceAt }: Sentence): Mention[] {
  const read: Mention[] = [];
  const identity =
    /\b(?:identity|identification|national|personal|ID)\b(?: ID)?(?: card)?(?:(?: number| no\.?| nr\.?| code)+(?: is| reads)?:?|:)\s*([A-Z0-9](?:[ -]?[A-Z0-9]){4,19}(?=[^A-Z0-9]|$))/i.exec(
      text,
    );
  const identityNumber = identity?.[1] && normaliseIdentityNumber(/^[\d -]+/.exec(identity[1])?.[0] ?? identity[1]);
  if (identity && identityNumber)
    read.push({ field: "identityNumber", value: identityNumber, evidence: [evidenceAt(identity.index)] });
  const residence = [...text.matchAll(/\b(?:liv(?:e|ing)|resid(?:e|ent|ing|ence)|home is|based)\b/gi)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  for (const [, span] of nearestPairs(residence, spansOf(text, countryPattern), reach)) {
    const value = parseCountry(span.text);
    if (value !== undefined) read.push({ field: "country", value, evidence: [evidenceAt(span.start)] });
  }
  const exposed =
    /\b(?:I am|I'm|as|being) (?:not )?(?:an? )?politically exposed\b|\bI (?:do not )?hold (?:a )?public office\b|\bI (?:serve|sit) as a? ?(?:minister|member of (?:the )?parliament|mayor)\b/i.exec(
      text,
    );
  if (exposed) {
    const denied = /\b(?:not|no|never|nor|neither)\b/i.test(
      text.slice(Math.max(0, exposed.index - 20), exposed.index + exposed[0].length),
    );
    read.push({ field: "politicallyExposed", value: !denied, evidence: [evidenceAt(exposed.index)] });
  }
  const purpose =
    /\b(?:(?:the )?(?:money|loan|sum|funds?) (?:is|are|will be used|would be used|will go|serves?)(?: meant| intended)? (?:for|to|towards)|purpose(?: of the loan)? is(?: to)?|in order to)\s+([^.;!?]{3,120})/i.exec(
      text,
    );
  if (purpose?.[1]) read.push({ field: "purpose", value: purpose[1].trim(), evidence: [evidenceAt(purpose.index)] });
  return read;
}

function spansOf(text: string, pattern: RegExp): (Span & { text: string })[] {
  return [...text.matchAll(pattern)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    text: match[0],
  }));
}

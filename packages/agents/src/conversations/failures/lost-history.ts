import { type Detector, note, quote } from "./facts.ts";
import { contentOf, isNumber, type Reading, shareIn, wordsOf } from "./reading.ts";

const FORGOT =
  /\b(?:(?:have|has|is|see|find) no|do(?:es)? ?n[o']t (?:have|see|recall|remember)|don't (?:have|see|recall|remember)|can ?not (?:see|recall|remember|access)|can't (?:see|recall|remember|access)|not aware of|have not been given|haven't been given|was never told|unable to (?:see|recall|access))\b[^.?!]{0,40}\b(?:record|information|context|history|memory|previous|earlier|before|discussed|decided|anything that was said|details|conversation|messages|what we)\b/iu;
// A record of a payment, or earlier orders, may well be missing.
const OF_CONVERSATION =
  /\b(?:conversation|talked|discussed|said|decided|previous messages?|history|so far|context|(?:given|been told) any (?:details|information)|any details)\b/iu;

/** What makes a question, and not what it is about. */
const FRAME = new Set(
  wordsOf(
    "what which who when where how many much please tell give need could would can may ask somebody someone nobody anybody again still yet before going told know have " +
      "does do did was is are were be it its the an to of on in for me my you your we our us they not no go put down get send want once more first now there any",
  ),
);
const ASKS = /[?？؟]|\b(?:tell me|give me|i (?:still )?need|ask for|let me know|bitte nennen|dites-moi|dime)\b/iu;
const SENTENCE = /[^.?!？。\n]+[.?!？。]?/gu;
// Nearer than that it is asked again because the answer was none, or because things change.
const LEAST_DISTANCE = 3;
// "The number of the order that came on Monday" is long for a key.
const MAX_KEY_WORDS = 8;
const MAX_QUESTIONS = 5;

/** A member asks for what it was told, says otherwise, or says itself that it knows of nothing. */
export const lostHistory: Detector = (facts) => forgot(facts) ?? asksAgain(facts) ?? contradicts(facts);

const forgot: Detector = (facts) => {
  const { newest, before } = facts;
  if (!FORGOT.test(newest.text) || !OF_CONVERSATION.test(newest.text)) return null;
  if (!before.some(({ speaker }) => speaker === newest.speaker)) return null;
  return note(
    facts,
    "loss-of-conversation-history",
    `${newest.speaker} says that it knows of nothing: ${quote(newest.text)}`,
  );
};

const asksAgain: Detector = (facts) => {
  const { newest, before } = facts;
  if (newest.isLong || !ASKS.test(newest.text)) return null;
  const subjects = sentencesOf(newest)
    .filter((sentence) => ASKS.test(sentence))
    .slice(-MAX_QUESTIONS)
    .map(subjectOf);
  const told = before.filter(({ speaker, isLong }) => speaker !== newest.speaker && !isLong);
  const keys = told.flatMap((reading) => keysIn(reading).map((key) => ({ reading, key })));
  for (const subject of subjects) {
    if (subject.size === 0) continue;
    const given = keys.findLast(
      ({ key }) => shareIn(subject, new Set(key)) === 1 && subject.has(key.at(-1) ?? ""),
    )?.reading;
    const isPolled = before.some(
      (each) => each.place > newest.place - LEAST_DISTANCE && asks(each, subject, newest.speaker),
    );
    if (given === undefined || isPolled || newest.place - given.place < LEAST_DISTANCE) continue;
    return note(
      facts,
      "loss-of-conversation-history",
      `${newest.speaker} asks for what turn ${given.place + 1} said: ${quote(given.text)}`,
      [given.place],
    );
  }
  return null;
};

const sentencesOf = ({ text }: Reading): readonly string[] => text.match(SENTENCE) ?? [];

const subjectOf = (sentence: string): ReadonlySet<string> =>
  new Set(wordsOf(sentence).filter((word) => word.length > 1 && !FRAME.has(word) && !isNumber(word)));

const asks = (reading: Reading, subject: ReadonlySet<string>, speaker: string): boolean =>
  reading.speaker === speaker && ASKS.test(reading.text) && shareIn(subject, new Set(reading.words)) === 1;

/** What is said to be something: "KEY is VALUE", "KEY: VALUE". */
const keysIn = (reading: Reading): readonly (readonly string[])[] =>
  sentencesOf(reading).flatMap((sentence) => {
    const value = VALUE.exec(sentence);
    if (
      value === null ||
      QUESTION.test(sentence) ||
      !/[\p{L}\p{N}]/u.test(sentence.slice(value.index + value[0].length))
    )
      return [];
    return [wordsOf(sentence.slice(0, value.index)).slice(-MAX_KEY_WORDS)];
  });

const QUESTION = /[?？؟]$/u;
const VALUE = /\s(?:is|are|was|equals|ist|lautet|sind|est|sont|es|son|è|é|jest|=)\s|\s?[:=：]\s?/iu;

// What the task itself says in numbers is not for a member to change.
const STATED =
  /\b(?:the|our|your|der|die|das|le|la|el) ([\p{L} -]{3,30}?) (?:is|are|ist|est|es) (?:exactly |only )?([\p{N}][\p{N}.,]*)/giu;

const contradicts: Detector = (facts) => {
  const { newest, exchange } = facts;
  if (newest.isLong || !newest.words.some(isNumber)) return null;
  const stated = statedIn(exchange.task);
  if (stated.size === 0) return null;
  for (const [key, value] of statedIn(newest.text)) {
    const given = stated.get(key);
    if (given === undefined || given === value) continue;
    return note(
      facts,
      "loss-of-conversation-history",
      `${newest.speaker} says ${value} for ${JSON.stringify(key)}, the task says ${given}`,
    );
  }
  return null;
};

const statedIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.slice(0, 4_000).matchAll(STATED)].map(([, key = "", value = ""]) => [
      [...contentOf(wordsOf(key))].join(" "),
      value.replace(/[.,]+$/, ""),
    ]),
  );

import { type Detector, note, quote } from "./facts.ts";
import { escaped, REQUEST } from "./phrases.ts";
import { type Reading, sharesWord } from "./reading.ts";

// A short answer need not share a word with its question: "Blue.", "On Tuesday, after ten."
const LEAST_WORDS = 12;
const LEAST_ASKED = 1;
const ANSWER =
  /^\W*(?:yes|no|not|sure|of course|certainly|sorry|okay|ok|ja|nein|oui|non|sí|si|no|sim|não|да|нет|はい|いいえ|是|不)\b/iu;

/** What was asked of a member by name is not touched by its next turn. Of a long turn only: whether a short one answers, words do not tell. */
export const ignoredInput: Detector = (facts) => {
  const { newest, before, exchange } = facts;
  if (newest.words.length < LEAST_WORDS || newest.isLong || ANSWER.test(newest.text)) return null;
  const since = before.findLastIndex(({ speaker }) => speaker === newest.speaker);
  const name = escaped(newest.speaker);
  // Spoken to, not of.
  const names = new RegExp(
    `(?:^|[.!?。！？\\n]\\s*)@?${name}\\s*[,:，：]|[,，]\\s*${name}\\s*[.!?。！？]|@${name}(?!\\p{L})`,
    "iu",
  );
  const isAsked = ({ to, text }: Reading): boolean =>
    REQUEST.test(text) && (to === newest.speaker || (to === undefined && names.test(text)));
  const asked = before.slice(since + 1).findLast(isAsked);
  if (asked === undefined) return null;
  const known = new Set(exchange.members.map(({ name }) => name.toLowerCase().slice(0, 6)));
  const subject = new Set([...asked.content].filter((word) => !known.has(word)));
  if (subject.size < LEAST_ASKED || sharesWord(subject, newest.content)) return null;
  return note(
    facts,
    "ignored-other-agents-input",
    `${newest.speaker} says nothing on what ${asked.speaker} asked of it in turn ${asked.place + 1}: ${quote(asked.text)}`,
    [asked.place],
  );
};

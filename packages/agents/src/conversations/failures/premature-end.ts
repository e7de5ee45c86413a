import { type Detector, type Facts, note, quote } from "./facts.ts";
import { escaped, REQUEST } from "./phrases.ts";
import { contentOf, sharesWord, wordsOf } from "./reading.ts";

const LATER =
  /\b(?:next,? (?:i|we)(?: wi)?'?ll|(?:i|we)(?: wi|')ll (?:now|then|next|write|continue|finish|get back)|(?:i|we) will (?:now|then|next|continue|finish)|still (?:to (?:be|do)|has to be|have to be|missing|open|needs? to be)|(?:is|are) (?:still )?not (?:yet )?(?:finished|done|complete)|to be continued|todo\b|get back to you|in a moment|let me (?:look|check|see)|muss noch|folgt noch|reste à faire|falta por)/iu;
// Of a task's parts and of what was said of them; more is not looked at.
const MAX_PARTS = 20;
const MAX_CHARACTERS = 60_000;

/** At the end: a question to a member is open, the last turn announces more, or a part that the task counts is nowhere spoken of. */
export const prematureEnd: Detector = (facts) => {
  if (facts.exchange.ended !== true) return null;
  return openQuestion(facts) ?? announcesMore(facts) ?? missingPart(facts);
};

const MODE = "premature-termination";

const openQuestion: Detector = (facts) => {
  const { newest, exchange } = facts;
  if (!/[?？؟]["'”’)\]]*$/u.test(newest.text.trimEnd().slice(-10))) return null;
  const names = exchange.members.map(({ name }) => name).filter((name) => name !== newest.speaker);
  const asked = names.find(
    (name) =>
      name === newest.to || new RegExp(`(?<![\\p{L}\\p{N}])${escaped(name)}(?![\\p{L}\\p{N}])`, "iu").test(newest.text),
  );
  if (asked === undefined || !REQUEST.test(newest.text)) return null;
  return note(facts, MODE, `it ended before ${asked} answered ${newest.speaker}: ${quote(newest.text)}`);
};

const announcesMore: Detector = (facts) => {
  const { text, speaker } = facts.newest;
  const last = text.slice(-400).match(/[^.!?\n]+[.!?]*\s*$/u)?.[0] ?? "";
  if (!LATER.test(last)) return null;
  return note(facts, MODE, `it ended although ${speaker} announced more: ${quote(last)}`);
};

const missingPart = (facts: Facts): ReturnType<Detector> => {
  const parts = partsOf(facts.exchange.task);
  if (parts.length < 2) return null;
  const said = new Set<string>();
  let read = 0;
  for (const { text } of facts.exchange.turns.toReversed()) {
    read += text.length;
    for (const word of wordsOf(text)) said.add(word);
    if (read > MAX_CHARACTERS) return null;
  }
  const missing = parts.filter((part) => {
    const content = contentOf(wordsOf(part));
    return content.size > 0 && !sharesWord(content, said);
  });
  if (missing.length === 0 || missing.length === parts.length) return null;
  return note(
    facts,
    MODE,
    `nothing was said on ${missing.map((part) => JSON.stringify(part)).join(", ")}, which the task asks for`,
  );
};

/** Of `1. … 2. … 3. …`, `(a) … (b) …` or lines with dashes. */
const partsOf = (task: string): readonly string[] => {
  const text = task.slice(0, 8_000);
  const numbered = text.split(/(?:^|\s)(?:\(?\d{1,2}[.)]|\([a-h]\))\s+/u).slice(1);
  const listed = [...text.matchAll(/^\s*[-*•]\s+(.+)$/gm)].map(([, part = ""]) => part);
  const parts = numbered.length >= 2 ? numbered : listed;
  return parts.slice(0, MAX_PARTS).map(
    (part) =>
      part
        .split(/[.;\n]|,\s*$/)[0]
        ?.replace(/,\s*(?:and|und|et|y)?\s*$/i, "")
        .trim() ?? "",
  );
};

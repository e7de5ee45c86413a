/** The form that a task asks its outcome to have, where it can be read and measured. English only. */
import { type Detector, note } from "./facts.ts";

/** What is wrong with an outcome, or null. */
type Check = (outcome: string) => string | null;

/** At the end: the last turn is not of the form that the task asks for. */
export const taskForm: Detector = (facts) => {
  const { exchange, newest } = facts;
  if (exchange.ended !== true) return null;
  const task = exchange.task.slice(0, MAX_TASK_CHARACTERS);
  const outcome = newest.text.trim();
  if (outcome.length > MAX_OUTCOME_CHARACTERS) return null;
  const reasons = FORMS.flatMap(({ asked, check }) => {
    const found = asked.exec(task);
    return found === null ? [] : [check(found)(outcome)];
  }).filter((reason) => reason !== null);
  if (reasons.length === 0) return null;
  return { ...note(facts, "disobey-task-specification", ""), reasons };
};

const MAX_TASK_CHARACTERS = 8_000;
const MAX_OUTCOME_CHARACTERS = 200_000;
// Room for a full stop, a quotation mark, a line of stars after what it is to end with.
const MAX_END_CHARACTERS = 100;

const NUMBERS =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split(
    " ",
  );
const COUNT = `(\\d{1,6}|${NUMBERS.slice(1).join("|")})`;
const countOf = (text: string): number => {
  const place = NUMBERS.indexOf(text.toLowerCase());
  return place < 0 ? Number(text) : place;
};

const UNIT = "(words?|sentences?|lines?|characters?|bullet points?|bullets|paragraphs?)";
const LIST_LINE = /^\s*(?:[-*•–]|\d+[.)])\s+/;
const NUMBERED_LINE = /^\s*\d+[.)]\s+/;

const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line.trim() !== "");
const unfenced = (text: string): string => /^```\w*\n([\s\S]*?)\n?```$/.exec(text)?.[1] ?? text;

const measure = (unit: string, text: string): number => {
  if (/^word/i.test(unit)) return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  if (/^sentence/i.test(unit))
    return text.split(/(?<![.!?])[.!?]+(?=\s|$)/).filter((each) => /[\p{L}\p{N}]/u.test(each)).length;
  if (/^line/i.test(unit)) return linesOf(text).length;
  if (/^char/i.test(unit)) return Array.from(text).length;
  if (/^paragraph/i.test(unit)) return text.split(/\n\s*\n/).filter((each) => each.trim() !== "").length;
  return linesOf(text).filter((line) => LIST_LINE.test(line)).length;
};

const counted =
  (is: (count: number, asked: number) => boolean, words: string) =>
  ([, number = "", unit = ""]: RegExpExecArray): Check =>
  (outcome) => {
    const count = measure(unit, outcome);
    const asked = countOf(number);
    return is(count, asked) ? null : `the task asks for ${words} ${asked} ${unit}, the outcome has ${count}`;
  };

const quoted =
  (is: (outcome: string, words: string) => boolean, problem: string) =>
  ([, words = ""]: RegExpExecArray): Check =>
  (outcome) =>
    is(outcome.toLowerCase(), words.toLowerCase()) ? null : `${problem} ${JSON.stringify(words)}`;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(unfenced(text));
    return true;
  } catch {
    return false;
  }
};

const hasTable = (text: string): boolean => {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.some((line, place) => /^\|.+\|$/.test(line) && /^\|[ \t:|-]*-[ \t:|-]*\|$/.test(lines[place + 1] ?? ""));
};

const QUOTED = `["“”'‘]([^"“”'’]{1,80})["”'’]`;
const NOT = "(?:do not|don't|never|must not|may not|without|avoid)";

const FORMS: readonly { readonly asked: RegExp; readonly check: (found: RegExpExecArray) => Check }[] = [
  {
    asked: /\b(?:as|in|with|valid|return|output|only|answer|reply|respond)\b[^.!?\n]{0,24}\bjson\b/i,
    check: () => (outcome) => (isJson(outcome) ? null : "the task asks for JSON, the outcome is none"),
  },
  {
    asked: /\bmarkdown table\b|\bas a table\b/i,
    check: () => (outcome) => (hasTable(outcome) ? null : "the task asks for a table, the outcome has none"),
  },
  {
    asked: new RegExp(`\\bexactly ${COUNT} ${UNIT}\\b`, "i"),
    check: counted((count, asked) => count === asked, "exactly"),
  },
  {
    asked: new RegExp(
      `\\b(?:at most|no more than|not more than|maximum(?: of)?|max\\.?|up to|within) ${COUNT} ${UNIT}\\b`,
      "i",
    ),
    check: counted((count, asked) => count <= asked, "at most"),
  },
  {
    asked: new RegExp(`\\b(?:at least|no fewer than|no less than|minimum(?: of)?) ${COUNT} ${UNIT}\\b`, "i"),
    check: counted((count, asked) => count >= asked, "at least"),
  },
  {
    asked: new RegExp(
      `(?:\\b(?:exactly|the|only) ${COUNT}\\b[^.!?\\n]{0,60})?\\b(?:as an? |in an? )?(numbered|bulleted) list\\b`,
      "i",
    ),
    check:
      ([, number, kind = ""]) =>
      (outcome) => {
        const lines = linesOf(outcome).filter((line) =>
          (/^n/i.test(kind) ? NUMBERED_LINE : LIST_LINE).test(line),
        ).length;
        if (lines === 0) return `the task asks for a ${kind} list, the outcome has none`;
        return number === undefined || lines === countOf(number)
          ? null
          : `the task asks for ${number}, the list has ${lines}`;
      },
  },
  {
    asked: /\b(?:answer|reply|respond)\b[^.!?\n]{0,12}\b(?:with )?["“]?yes["”]? or ["“]?no\b/i,
    check: () => (outcome) =>
      /^\W*(?:yes|no)\W*$/i.test(outcome) ? null : "the task asks for yes or no, the outcome is neither",
  },
  {
    asked: new RegExp(
      `(?<!${NOT}[^.!?\\n]{0,20})\\b(?:mention|include|contain|use)s? (?:the )?(?:exact )?(?:words?|phrase|name|term)? ?${QUOTED}`,
      "i",
    ),
    check: quoted((outcome, words) => outcome.includes(words), "the outcome lacks what it must hold:"),
  },
  {
    asked: new RegExp(
      `\\b${NOT} (?:mention|includ\\w*|contain\\w*|us(?:e|ing)|writ\\w*|say\\w*)? ?(?:the )?(?:words?|phrase|name|term)? ?${QUOTED}`,
      "i",
    ),
    check: quoted((outcome, words) => !outcome.includes(words), "the outcome holds what it must not:"),
  },
  {
    asked: new RegExp(
      `\\b(?:begin|start)s?\\b[^.!?\\n"“]{0,60}\\bwith (?:the )?(?:line|words?|phrase)? ?${QUOTED}`,
      "i",
    ),
    check: quoted((outcome, words) => outcome.startsWith(words), "the outcome does not begin with"),
  },
  {
    asked: new RegExp(`\\bends?\\b[^.!?\\n"“]{0,60}\\bwith (?:the )?(?:line|words?|phrase)? ?${QUOTED}`, "i"),
    check: quoted(
      (outcome, words) => outcome.slice(-MAX_END_CHARACTERS).includes(words),
      "the outcome does not end with",
    ),
  },
];

import { datePattern, parseDate } from "../calendar-date.ts";
import { normaliseName } from "../person-name.ts";
import type { Mention } from "./mention.ts";
import { type PageLine, sentencesOf } from "./sentences.ts";

const nameWord = "\\p{Lu}[\\p{L}'’.-]*";
const fullName = `(?:(?:Mr|Mrs|Ms|Dr)\\.?\\s+)?${nameWord}(?:\\s+(?:(?:van|von|de|der|den|da|di|dos|la|le|del|ter)\\s+){0,2}${nameWord}){1,3}`;
const introduction = new RegExp(
  `\\b(?:[Mm]y (?:full )?name is|I,|[Tt]he undersigned,?|I am called)\\s+(${fullName})`,
  "u",
);
const closing =
  /^\s*(?:(?:yours|with)\s+)?(?:(?:sincerely|faithfully|truly|kind|best|warm|many|regards|thanks|respectfully|cheers)\b[\s\w]*|best|thank you)[,.!]?\s*$/i;

/** What a letter says by where it stands: its date on a line of its own, its author in the introduction or signature. */
export function readLetterFrame(lines: readonly PageLine[]): Mention[] {
  const mentions: Mention[] = [];
  const date = lines.map(dateLine).find((mention) => mention !== undefined);
  if (date) mentions.push(date);
  for (const sentence of sentencesOf(lines)) {
    const match = introduction.exec(sentence.text);
    const value = match?.[1] && normaliseName(match[1]);
    if (match && value) mentions.push({ field: "fullName", value, evidence: [sentence.evidenceAt(match.index)] });
  }
  const signature = findSignature(lines);
  const signed = signature && normaliseName(signature.name);
  if (signed) mentions.push({ field: "fullName", value: signed, evidence: [evidence(signature.line)] });
  return mentions;
}

/** The name below the closing words, or behind them on their line: `Cheers, Ann Lee`. */
function findSignature(lines: readonly PageLine[]): { name: string; line: PageLine } | undefined {
  const whole = new RegExp(`^${fullName}$`, "u");
  for (const [index, line] of [...lines.entries()].reverse()) {
    const [words = "", behind] = line.text.split(/,\s+(?=\S)/, 2);
    if (!closing.test(behind === undefined ? line.text : words)) continue;
    const next = lines.slice(index + 1).find(({ text }) => text.trim() !== "");
    const [name, at] = behind === undefined ? [next?.text.trim(), next] : [behind.trim(), line];
    return name !== undefined && at && whole.test(name) ? { name, line: at } : undefined;
  }
  return undefined;
}

/** `12 May 2026`, also after a place: `Dublin, 12 May 2026`. */
function dateLine(line: PageLine): Mention | undefined {
  const text = line.text.trim();
  const found = [...text.matchAll(datePattern)];
  const [match] = found;
  if (!match || found.length > 1 || match.index + match[0].length !== text.length) return undefined;
  if (!/^(?:\p{Lu}[\p{L} -]{1,40},\s*)?(?:the\s+)?$/u.test(text.slice(0, match.index))) return undefined;
  const value = parseDate(match[0]);
  return value === undefined ? undefined : { field: "applicationDate", value, evidence: [evidence(line)] };
}

function evidence({ page, line, text }: PageLine) {
  return { page, line, text: text.trim().slice(0, 160) };
}

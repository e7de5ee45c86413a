import { fieldOfLabel } from "./field-of-label.ts";

const separator = /\s*(?::|=|\||\t|\.{3,}|_{2,}|\s{2,})\s*/g;

// "the Netherlands. You will need my ID number: 9404 …" has a colon and is still a wrapped piece of a letter.
const prose = /[.!?,;]\s|\S\s+(?:my|your)\b|\b(?:I|me|you|we|will|need|have|am|was)\b/i;

/** Splits `Net income: 2,100 EUR`, `Net income ..... 2,100`, `Net income | 2,100` and `Net income   2,100` where the left
 *  side is a label we know. Tries each separator, so a colon inside the label's text does no harm. */
export function splitLabelledLine(line: string): { label: string; value: string } | undefined {
  const start = /^\s*(?:[-*•#|]+\s*|\d{1,2}[.)]\s+)?/.exec(line)?.[0].length ?? 0;
  for (const match of line.slice(start).matchAll(separator)) {
    const label = line.slice(start, start + match.index);
    if (label.length > 70) return undefined;
    if (label === "" || prose.test(label) || !fieldOfLabel(label)) continue;
    // Leaders such as "..... :" are separators in a row.
    const value = line
      .slice(start + match.index + match[0].length)
      .replace(/^[\s:=|._]+(?=\S)/, "")
      .replace(/[\s|]+$/, "");
    // Another sentence after the value: a letter again, and that sentence must not be lost with the line.
    return /[.!?]\s+(?:\p{Lu}\p{Ll}|I\b)/u.test(value) ? undefined : { label, value };
  }
  return undefined;
}

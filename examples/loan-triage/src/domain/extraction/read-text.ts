import { interpretLabelled } from "./interpret-labelled.ts";
import { splitLabelledLine } from "./labelled-line.ts";
import type { LabelledValue, Reading } from "./mention.ts";
import { readProse } from "./read-prose.ts";
import { type PageLine, pieces } from "./sentences.ts";

// Patterns look at a line as a whole; the time they take must not grow with the square of what a stranger sends.
const maximumLineLength = 1_000;

/** A form feed begins a page. Overlong lines come in pieces that bear one line number. */
export function textLines(text: string): PageLine[] {
  return text
    .split("\f")
    .flatMap((page, pageIndex) =>
      page
        .split("\n")
        .flatMap((line, index) =>
          pieces(line, maximumLineLength).map((piece) => ({ page: pageIndex + 1, line: index + 1, text: piece })),
        ),
    );
}

/** Lines with a known label are read as a form, the others as prose; no line is read as both. */
export function readText(lines: readonly PageLine[]): Reading {
  const entries: LabelledValue[] = [];
  const prose: PageLine[] = [];
  for (const line of lines) {
    const split = splitLabelledLine(line.text);
    if (split)
      entries.push({ ...split, evidence: { page: line.page, line: line.line, text: line.text.trim().slice(0, 160) } });
    // The emptied line still ends the sentence before it.
    prose.push(split ? { ...line, text: "" } : line);
  }
  const labelled = interpretLabelled(entries);
  const written = readProse(prose);
  return {
    mentions: [...labelled.mentions, ...written.mentions],
    problems: [...labelled.problems, ...written.problems],
  };
}

import { interpretLabelled } from "./interpret-labelled.ts";
import { splitLabelledLine } from "./labelled-line.ts";
import type { LabelledValue, Reading } from "./mention.ts";
import { readProse } from "./read-prose.ts";
import type { PageLine } from "./sentences.ts";

/** A form feed begins a page. */
export function textLines(text: string): PageLine[] {
  return text
    .split("\f")
    .flatMap((page, pageIndex) => page.split("\n").map((line, index) => ({ page: pageIndex + 1, line: index + 1, text: line })));
}

/** Lines with a known label are read as a form, the others as prose; no line is read as both. */
export function readText(lines: readonly PageLine[]): Reading {
  const entries: LabelledValue[] = [];
  const prose: PageLine[] = [];
  for (const line of lines) {
    const split = splitLabelledLine(line.text);
    if (split) entries.push({ ...split, evidence: { page: line.page, line: line.line, text: line.text.trim().slice(0, 160) } });
    // The emptied line still ends the sentence before it.
    prose.push(split ? { ...line, text: "" } : line);
  }
  const labelled = interpretLabelled(entries);
  const written = readProse(prose);
  return { mentions: [...labelled.mentions, ...written.mentions], problems: [...labelled.problems, ...written.problems] };
}

/** A document as passages that say enough to be found and little enough to be read: cut where a section begins, else between paragraphs, else between lines or words. */
import type { DocumentText, Section } from "./document-text.ts";

export interface Passage {
  /** In the document's text, in characters. */
  readonly start: number;
  readonly end: number;
  /** From 1, both inclusive. */
  readonly fromLine: number;
  readonly toLine: number;
  readonly heading?: string | undefined;
  readonly page?: number | undefined;
}

// Some 200 words: what one paragraph, or a few short ones, say. Larger ones are found by words that have nothing to do with each other.
const WANTED = 1_000;
const MOST = 1_600;

export const splitDocument = ({ text, sections }: DocumentText): Passage[] => {
  const passages: Passage[] = [];
  let section: Section | undefined;
  let next = 0;
  let start = 0;
  let fromLine = 1;
  let line = 0;
  let at = 0;
  const endAt = (end: number, toLine: number): void => {
    if (text.slice(start, end).trim() !== "")
      passages.push({ start, end, fromLine, toLine, heading: section?.heading, page: section?.page });
    start = end;
    fromLine = toLine + 1;
  };
  while (at < text.length) {
    line += 1;
    const lineEnd = endOfLine(text, at);
    if (sections[next]?.line === line) {
      endAt(at, line - 1);
      while (sections[next]?.line === line) section = sections[next++];
    }
    const isBlank = text.slice(at, lineEnd).trim() === "";
    if (isBlank && at - start >= WANTED) endAt(at, line - 1);
    if (lineEnd - start > MOST && at > start) endAt(at, line - 1);
    // A line that is too long by itself is several passages of that line.
    while (lineEnd - start > MOST) {
      endAt(betweenWords(text, start, start + MOST), line);
      fromLine = line;
    }
    at = lineEnd;
  }
  endAt(text.length, line);
  return passages;
};

const endOfLine = (text: string, at: number): number => {
  const found = text.indexOf("\n", at);
  return found === -1 ? text.length : found + 1;
};

/** The end of the last word that ends by `most`; a word longer than that is cut, but not within a character. */
const betweenWords = (text: string, from: number, most: number): number => {
  for (let end = most; end > from + MOST / 2; end -= 1) if (/\s/.test(text[end - 1] ?? "")) return end;
  return /[\ud800-\udbff]/.test(text[most - 1] ?? "") ? most - 1 : most;
};

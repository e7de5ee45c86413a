import type { Evidence } from "../application.ts";

export interface PageLine {
  readonly page: number;
  /** Counts from 1 on its page. */
  readonly line: number;
  readonly text: string;
}

export interface Sentence {
  readonly text: string;
  /** The line on which the character at `offset` of the sentence stands. */
  readonly evidenceAt: (offset: number) => Evidence;
}

// A full stop ends a sentence before a capital, but not after a title or a single initial.
const ending = /(?<!(?<!\p{L})(?:mr|mrs|ms|dr|prof|no|nr|st|approx|\p{Lu}))[.!?](?=\s+["“]?\p{Lu})/giu;

// Nobody writes longer ones; see `maximumLineLength` for why there is a limit at all.
const maximumSentenceLength = 1_000;

/** Joins wrapped lines into sentences and remembers where each began. Blank lines end sentences. */
export function sentencesOf(lines: readonly PageLine[]): Sentence[] {
  const sentences: Sentence[] = [];
  let paragraph: PageLine[] = [];
  const flush = () => {
    sentences.push(...splitParagraph(paragraph));
    paragraph = [];
  };
  for (const line of lines) {
    if (line.text.trim() === "" || (paragraph[0] && paragraph[0].page !== line.page) || paragraph.length >= 100)
      flush();
    if (line.text.trim() !== "") paragraph.push(line);
  }
  flush();
  return sentences;
}

function splitParagraph(paragraph: readonly PageLine[]): Sentence[] {
  if (paragraph.length === 0) return [];
  const starts: { at: number; line: PageLine }[] = [];
  let joined = "";
  for (const line of paragraph) {
    starts.push({ at: joined.length, line });
    joined += `${line.text.trim()} `;
  }
  const sentence = (from: number, to: number): Sentence => ({
    text: joined.slice(from, to),
    evidenceAt: (offset) => {
      const { page, line, text } = (starts.findLast(({ at }) => at <= from + offset) ?? starts[0])?.line ?? {
        page: 1,
        line: 1,
        text: "",
      };
      return { page, line, text: text.trim().slice(0, 160) };
    },
  });
  const sentences: Sentence[] = [];
  const add = (start: number, end: number) => {
    for (let at = start; at < end; at += maximumSentenceLength)
      sentences.push(sentence(at, Math.min(end, at + maximumSentenceLength)));
  };
  let from = 0;
  for (const match of joined.matchAll(ending)) {
    // The pattern ignores case for titles; the capital that follows must be a real one.
    if (!/^\s+["“]?\p{Lu}/u.test(joined.slice(match.index + 1, match.index + 4))) continue;
    add(from, match.index + 1);
    from = match.index + 1;
  }
  add(from, joined.length);
  return sentences;
}

export function pieces(text: string, length: number): string[] {
  if (text.length <= length) return [text];
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );
}

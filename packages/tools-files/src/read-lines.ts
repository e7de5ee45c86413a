export interface LineRange {
  /** From 1. */
  readonly fromLine: number;
  /** Of that line, from 0. */
  readonly fromCharacter: number;
  readonly lines: number;
  readonly maxCharacters: number;
}

export interface ReadLines {
  readonly text: string;
  readonly fromLine: number;
  readonly toLine: number;
  readonly totalLines: number;
  /** Where to go on; absent at the end. */
  readonly next?: { readonly fromLine: number; readonly fromCharacter: number };
}

/** Lines of a text, cut where they are too many characters. */
export const readLines = (
  { text }: { readonly text: string },
  { fromLine, fromCharacter, lines, maxCharacters }: LineRange,
): ReadLines => {
  const all = text.split("\n");
  const totalLines = all.at(-1) === "" ? all.length - 1 : all.length;
  const first = (all[fromLine - 1] ?? "").slice(fromCharacter);
  const taken: string[] = [];
  let characters = 0;
  for (let line = fromLine; line <= Math.min(totalLines, fromLine + lines - 1); line += 1) {
    const own = line === fromLine ? first : (all[line - 1] ?? "");
    if (characters + own.length > maxCharacters) {
      if (taken.length > 0)
        return { text: taken.join("\n"), fromLine, toLine: line - 1, totalLines, next: begin(line) };
      // Not within a character: half of one is no text.
      const end = /[\ud800-\udbff]/.test(own[maxCharacters - 1] ?? "") ? maxCharacters - 1 : maxCharacters;
      const next = { fromLine: line, fromCharacter: fromCharacter + end };
      return { text: own.slice(0, end), fromLine, toLine: line, totalLines, next };
    }
    taken.push(own);
    characters += own.length + 1;
  }
  const toLine = fromLine + taken.length - 1;
  const end = { text: taken.join("\n"), fromLine, toLine, totalLines };
  return toLine < totalLines ? { ...end, next: begin(toLine + 1) } : end;
};

const begin = (fromLine: number) => ({ fromLine, fromCharacter: 0 });

import type { DocumentText, Section } from "./document-text.ts";
import { HeadingPath } from "./heading-path.ts";

const HEADING = /^ {0,3}(#{1,6})[ \t]+(\S.*)$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

export const readMarkdown = (text: string): DocumentText => {
  const sections: Section[] = [];
  const path = new HeadingPath();
  let fence: string | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const mark = FENCE.exec(line)?.[1];
    if (fence !== null) {
      if (mark !== undefined && mark.startsWith(fence)) fence = null;
      continue;
    }
    if (mark !== undefined) fence = mark;
    const [, signs = "", heading = ""] = HEADING.exec(line) ?? [];
    if (signs !== "") sections.push({ line: index + 1, heading: path.enter(signs.length, withoutSigns(heading)) });
  }
  return { kind: "markdown", text, sections };
};

/** A heading may end with signs, too. A loop, since a pattern for it takes the square of a long line. */
const withoutSigns = (heading: string): string => {
  const trimmed = heading.trimEnd();
  let end = trimmed.length;
  while (end > 0 && trimmed[end - 1] === "#") end -= 1;
  return end < trimmed.length && /\s/.test(trimmed[end - 1] ?? " ") ? trimmed.slice(0, end) : trimmed;
};

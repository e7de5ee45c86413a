import { Parser } from "htmlparser2";
import type { DocumentText, Section } from "./document-text.ts";
import { HeadingPath } from "./heading-path.ts";

const SILENT = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "math",
  "iframe",
  "object",
  "select",
  "head",
]);
const BLOCK = new Set(
  (
    "address article aside blockquote body br dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p " +
    "pre section summary table tbody td tfoot th thead title tr ul"
  ).split(" "),
);
// A cell goes on on its line.
const CELL = new Set(["td", "th"]);

/** What a page says to who reads it: without scripts and markup, a line for each block. Its lines are those of this text. */
export const readHtml = (html: string): DocumentText => {
  const lines: string[] = [];
  const sections: Section[] = [];
  const path = new HeadingPath();
  let line = "";
  let silent = 0;
  let heading = null as { readonly level: number; text: string } | null;
  const endLine = (): void => {
    const text = line.replaceAll(/[^\S\n]+/g, " ").trim();
    if (text !== "") lines.push(...text.split("\n").map((one) => one.trim()));
    line = "";
  };
  const endHeading = (): void => {
    if (heading === null) return;
    const { level, text } = heading;
    if (text.trim() !== "")
      sections.push({ line: lines.length + 1, heading: path.enter(level, text.replaceAll(/\s+/g, " ")) });
    heading = null;
  };
  const parser = new Parser(
    {
      onopentagname(name) {
        if (SILENT.has(name)) silent += 1;
        // Nobody closed it.
        if (BLOCK.has(name)) endHeading();
        if (CELL.has(name)) line += line === "" ? "" : " | ";
        else if (BLOCK.has(name)) endLine();
        const level = /^h([1-6])$/.exec(name)?.[1];
        if (level !== undefined) heading = { level: Number(level), text: "" };
      },
      onclosetag(name) {
        if (SILENT.has(name)) silent = Math.max(0, silent - 1);
        if (/^h[1-6]$/.test(name)) endHeading();
        if (BLOCK.has(name) && !CELL.has(name)) endLine();
      },
      ontext(text) {
        if (silent > 0) return;
        if (heading !== null) heading.text += text;
        line += text.replaceAll(/\s+/g, " ");
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  parser.end(html);
  endHeading();
  endLine();
  return { kind: "html", text: lines.join("\n"), sections };
};

import { PlatformError } from "@agentcore/contract/errors";
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

// The parser's work for one tag grows with the elements that are open: without a bound, a small file takes hours.
const MAX_DEPTH = 400;
// Of what is parsed before the loop's other work has its turn.
const CHUNK_CHARACTERS = 32 * 1024;

/**
 * What a page says to who reads it: without scripts and markup, a line for each block. Its lines are those of this text. Throws INVALID_ARGUMENT where it is nested deeper than 400
 * elements.
 */
export const readHtml = async (html: string, signal?: AbortSignal): Promise<DocumentText> => {
  const lines: string[] = [];
  const sections: Section[] = [];
  const path = new HeadingPath();
  let line = "";
  let silent = 0;
  let depth = 0;
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
        depth += 1;
        if (depth > MAX_DEPTH)
          throw new PlatformError("INVALID_ARGUMENT", `it is nested deeper than ${MAX_DEPTH} elements`);
        if (SILENT.has(name)) silent += 1;
        // Nobody closed it.
        if (BLOCK.has(name)) endHeading();
        if (CELL.has(name)) line += line === "" ? "" : " | ";
        else if (BLOCK.has(name)) endLine();
        const level = /^h([1-6])$/.exec(name)?.[1];
        if (level !== undefined) heading = { level: Number(level), text: "" };
      },
      onclosetag(name) {
        depth -= 1;
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
  for (let start = 0; start < html.length; start += CHUNK_CHARACTERS) {
    signal?.throwIfAborted();
    parser.write(html.slice(start, start + CHUNK_CHARACTERS));
    await new Promise(setImmediate);
  }
  parser.end();
  endHeading();
  endLine();
  return { kind: "html", text: lines.join("\n"), sections };
};

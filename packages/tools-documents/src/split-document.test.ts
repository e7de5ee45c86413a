import fc from "fast-check";
import { expect, test } from "vitest";
import type { DocumentText } from "./document-text.ts";
import { readHtml } from "./read-html.ts";
import { readMarkdown } from "./read-markdown.ts";
import { splitDocument } from "./split-document.ts";

const plain = (text: string): DocumentText => ({ kind: "text", text, sections: [] });

const shown = (document: DocumentText) =>
  splitDocument(document).map(({ start, end, fromLine, toLine, heading }) => ({
    ...{ text: document.text.slice(start, end).trim(), lines: `${fromLine}-${toLine}`, heading },
  }));

const words = fc.array(
  fc.constantFrom("a", "word", "naïve", "🎈", "x".repeat(1_700), "\n", "\n\n", " ", "# T\n", "```\n"),
  {
    maxLength: 400,
  },
);

test("passages are all of the text, in order, none too long, and each lies on the lines that it names", () => {
  fc.assert(
    fc.property(words, fc.boolean(), (parts, isMarkdown) => {
      const text = parts.join(parts.length % 2 === 0 ? " " : "");
      const document = isMarkdown ? readMarkdown(text) : plain(text);
      let at = 0;
      for (const { start, end, fromLine, toLine } of splitDocument(document)) {
        expect(text.slice(at, start).trim()).toBe("");
        expect(end - start).toBeLessThanOrEqual(1_600);
        const lines = text
          .split("\n")
          .slice(fromLine - 1, toLine)
          .join("\n");
        expect(lines).toContain(text.slice(start, end).trim());
        expect(text.slice(start, end).isWellFormed()).toBe(true);
        at = end;
      }
      expect(text.slice(at).trim()).toBe("");
    }),
  );
});

test("a heading of Markdown begins a passage that has those above it; one in code does not", () => {
  const document = readMarkdown(
    "intro\n# Leave\nall\n## Sick leave ##\nten days\n```sh\n# not one\n```\n# Pay\nmonthly",
  );
  expect(shown(document)).toEqual([
    { text: "intro", lines: "1-1", heading: undefined },
    { text: "# Leave\nall", lines: "2-3", heading: "Leave" },
    { text: "## Sick leave ##\nten days\n```sh\n# not one\n```", lines: "4-8", heading: "Leave > Sick leave" },
    { text: "# Pay\nmonthly", lines: "9-10", heading: "Pay" },
  ]);
});

test("HTML is what its reader sees: no scripts, nothing that is hidden, entities read, headings known, cells on one line", async () => {
  const document = await readHtml(
    "<html><head><title>t</title><style>p{}</style></head><body><h1>Sick <b>leave</b></h1><p>ten&nbsp;days &amp; more<script>alert(1)</script><i hidden>obey me</i>" +
      "<table><tr><th>Year<th>Days<tr><td>2026<td>10</table><h2>Pay<p>monthly",
  );
  expect(document.text).toBe("# Sick leave\n\nten days & more\n\nYear | Days\n2026 | 10\n\n## Pay\n\nmonthly");
  expect(document.sections).toEqual([
    { line: 1, heading: "Sick leave" },
    { line: 8, heading: "Sick leave > Pay" },
  ]);
});

test("HTML that is nested deeper than pages are is refused, and what is open and closed on and on is read", async () => {
  // The parser takes the square of its depth: minutes for this.
  await expect(readHtml("<b>".repeat(300_000))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const { text } = await readHtml(`${"<p>one<br><li>two</p>".repeat(1_000)}${"<b>".repeat(300)}end`);
  expect(text.split("\n").length).toBeGreaterThan(2_000);
  expect(text.endsWith("end")).toBe(true);
});

test("long HTML lets other work have its turn, and ends when it is given up", async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error("enough")));
  await expect(readHtml("<p>word</p>".repeat(100_000), stop.signal)).rejects.toThrow("enough");
});

test("long paragraphs are cut between lines, and short ones stay together", () => {
  const paragraph = (name: string, lines: number) =>
    Array.from({ length: lines }, (_, at) => `${name}${at} ${"x".repeat(90)}`);
  const text = [...paragraph("a", 8), "", ...paragraph("b", 4), "", ...paragraph("c", 20)].join("\n");
  expect(shown(plain(text)).map(({ lines }) => lines)).toEqual(["1-13", "14-30", "31-34"]);
});

import { readText } from "@agentcore/tools-files";
import type { DocumentKind, DocumentText } from "./document-text.ts";
import { readHtml } from "./read-html.ts";
import { readMarkdown } from "./read-markdown.ts";
import type { PdfReader } from "./read-pdf.ts";

const MAX_COLUMNS = 300;

export const readDocument = async (
  kind: DocumentKind,
  bytes: Uint8Array,
  readPdf: PdfReader["read"],
  signal?: AbortSignal,
): Promise<DocumentText> => {
  if (kind === "pdf") return documentOfPages(await readPdf(bytes, signal));
  const text = readText(bytes);
  switch (kind) {
    case "markdown":
      return readMarkdown(text);
    case "html":
      return readHtml(text, signal);
    case "csv": {
      const columns = text.slice(0, text.indexOf("\n") + 1 || text.length).trim();
      const sections = columns === "" ? [] : [{ line: 1, heading: `columns: ${columns.slice(0, MAX_COLUMNS)}` }];
      return { kind, text, sections };
    }
    case "text":
    case "json":
      return { kind, text, sections: [] };
  }
};

const documentOfPages = (pages: readonly string[]): DocumentText => {
  let line = 1;
  const sections = pages.map((page, index) => {
    const section = { line, page: index + 1 };
    line += page.split("\n").length;
    return section;
  });
  return { kind: "pdf", text: pages.join("\n"), sections };
};

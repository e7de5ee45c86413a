/** The process that reads PDFs. */
import { PlatformError } from "@agentcore/contract/errors";
import { serveCalls } from "@agentcore/sandbox/bounded";
import { getDocumentProxy } from "unpdf";
import type { PdfRequest } from "./read-pdf.ts";

// As PDF.js has it: errors alone.
const QUIET = 0;

// The request is what this package sends itself.
serveCalls((request) => pagesOf(request as PdfRequest).catch(refused));

const pagesOf = async ({ bytes, maxPages, maxCharacters }: PdfRequest): Promise<readonly string[]> => {
  // What comes from another process is a Buffer, which PDF.js refuses.
  const pdf = await getDocumentProxy(Uint8Array.from(bytes), { verbosity: QUIET });
  try {
    if (pdf.numPages > maxPages)
      throw new PlatformError("TOO_LARGE", `it has ${pdf.numPages} pages, more than the ${maxPages} that are read`);
    const pages: string[] = [];
    let characters = 0;
    for (let number = 1; number <= pdf.numPages; number += 1) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      const text = items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join("");
      page.cleanup();
      characters += text.length;
      if (characters > maxCharacters)
        throw new PlatformError("TOO_LARGE", `it has more than the ${maxCharacters} characters that are read`);
      pages.push(text.replaceAll(/[^\S\n]+/g, " ").trim());
    }
    return pages;
  } finally {
    await pdf.loadingTask.destroy();
  }
};

/** What PDF.js stumbles over is a fault of the file, as far as anybody can tell. */
const refused = (error: unknown): never => {
  if (PlatformError.is(error)) throw error;
  const isLocked = error instanceof Error && error.name === "PasswordException";
  const why = isLocked
    ? "it wants a password"
    : `it cannot be read (${error instanceof Error ? error.message : String(error)})`;
  throw new PlatformError("INVALID_ARGUMENT", why);
};

/** Text of PDFs, read in a process that ends when one takes too long or too much memory: whoever wrote it may have meant harm. */

import { PlatformError } from "@agentcore/contract/errors";
import { openProcess } from "@agentcore/sandbox/bounded";

export interface PdfLimits {
  readonly maxPages: number;
  readonly maxCharacters: number;
}

export interface PdfReader {
  /** The text of each page. Throws INVALID_ARGUMENT for what is no PDF or wants a password, TOO_LARGE, DEADLINE_EXCEEDED. */
  read(bytes: Uint8Array, signal?: AbortSignal): Promise<readonly string[]>;
}

export interface PdfRequest extends PdfLimits {
  readonly bytes: Uint8Array;
}

const TIMEOUT_MS = 60_000;
const MEMORY_BYTES = 512 * 1024 * 1024;
// From source it is `.ts`, from dist `.js`; it lies beside this file in both.
const file = new URL(import.meta.url.endsWith(".ts") ? "./pdf-worker.ts" : "./pdf-worker.js", import.meta.url);

export const openPdfReader = (limits: PdfLimits): PdfReader => {
  const process = openProcess({ file, doing: "reading the PDF", memoryBytes: MEMORY_BYTES });
  return {
    async read(bytes, signal) {
      const request: PdfRequest = { bytes, ...limits };
      const pages: unknown = await process.call(request, { timeoutMs: TIMEOUT_MS, signal });
      if (Array.isArray(pages) && pages.every((page) => typeof page === "string")) return pages;
      throw new PlatformError("INTERNAL", "the process that reads PDFs did not answer with pages");
    },
  };
};

import { PlatformError, type Tool, tool } from "@agentcore/sdk";
import { ConfinedFolder, readBounded } from "@agentcore/tools-files";
import { z } from "zod";
import { DEFAULT_LIMITS } from "./document-limits.ts";
import { openPdfReader } from "./read-pdf.ts";

export interface PdfToolsOptions {
  /** PDFs lie in it and in the folders below it. Relative to where the process was started. */
  readonly root: string;
  /** What they are, for the model. @default "a folder" */
  readonly description?: string | undefined;
  /** Also names that begin with a dot, or under which keys lie. @default false */
  readonly hidden?: boolean | undefined;
  /** A scope that whoever asks must have. @default none */
  readonly permission?: string | undefined;
}

const MAX_PAGES = 20;
const MAX_CHARACTERS = 40_000;

/** `read_pdf`: for PDFs that are named and not searched; reads the file anew with each call. */
export const pdfTools = ({ root, description = "a folder", hidden, permission }: PdfToolsOptions): readonly Tool[] => {
  const folder = new ConfinedFolder(root, { hidden });
  const { fileBytes: maxBytes, pages: maxPages, characters: maxCharacters } = DEFAULT_LIMITS;
  const reader = openPdfReader({ maxPages, maxCharacters });
  return [
    tool({
      name: "read_pdf",
      description: `Reads the text of pages of a PDF in ${description}.`,
      readOnly: true,
      permission,
      input: z.object({
        path: z.string().min(1).max(4_096).describe('relative, with "/" between names'),
        fromPage: z.int().min(1).default(1),
        pages: z.int().min(1).max(MAX_PAGES).default(5),
      }),
      async execute({ path, fromPage, pages: count }, { signal }) {
        const bytes = await folder.openFile(path, (file) => readBounded(file, path, { maxBytes, signal }));
        const all = await reader.read(bytes, signal);
        if (fromPage > all.length)
          throw new PlatformError("INVALID_ARGUMENT", `${JSON.stringify(path)} has ${all.length} pages`);
        const pages: { readonly page: number; readonly text: string; readonly cut?: true }[] = [];
        let left = MAX_CHARACTERS;
        for (const [index, text] of all.slice(fromPage - 1, fromPage - 1 + count).entries()) {
          // The first is given in any case.
          if (pages.length > 0 && text.length > left) break;
          const page = fromPage + index;
          pages.push(text.length > left ? { page, text: text.slice(0, left), cut: true } : { page, text });
          left -= text.length;
        }
        const next = fromPage + pages.length;
        return { path, pages, totalPages: all.length, ...(next <= all.length ? { nextPage: next } : {}) };
      },
    }),
  ] as readonly Tool[];
};

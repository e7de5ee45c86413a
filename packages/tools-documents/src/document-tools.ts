import { PlatformError, type Tool, tool } from "@agentcore/sdk";
import { ConfinedFolder, readLines } from "@agentcore/tools-files";
import { z } from "zod";
import { DocumentIndex } from "./document-index.ts";
import { DEFAULT_LIMITS, type DocumentLimits } from "./document-limits.ts";
import type { DocumentText } from "./document-text.ts";
import type { Embed } from "./passage-vectors.ts";

export interface DocumentToolsOptions {
  /** Documents lie in it and in the folders below it. Relative to where the process was started. */
  readonly folder: string;
  /** The tools are `search_NAME` and `read_NAME`, for an agent with several folders. @default "documents", and `read_document` */
  readonly name?: string | undefined;
  /** What the documents are about, for the model. */
  readonly description?: string | undefined;
  /** Vectors of texts: with them, passages are found by meaning beside words. @default words alone */
  readonly embed?: Embed | undefined;
  /** Also files whose names begin with a dot, or under which keys lie. @default false */
  readonly hidden?: boolean | undefined;
  readonly limits?: Partial<DocumentLimits> | undefined;
  /** A scope that whoever asks must have. @default none */
  readonly permission?: string | undefined;
  /** Milliseconds of one call. The first reads all documents. @default the task's deadline */
  readonly timeoutMs?: number | undefined;
}

const MAX_FOUND = 20;
const MAX_CHARACTERS = 40_000;
const MAX_LINES = 1_000;
const MAX_NAMED = 10;

/** `search_documents` and `read_document`. What they share is read with the first call, and held as long as the tools are. */
export const documentTools = (options: DocumentToolsOptions): readonly Tool[] => {
  const { folder, name = "documents", description = "a folder of documents", embed, hidden } = options;
  const limits = checkedLimits(options.limits);
  const index = new DocumentIndex(new ConfinedFolder(folder, { hidden }), { limits, embed });
  const rules = { readOnly: true, permission: options.permission, timeoutMs: options.timeoutMs };
  return [
    tool({
      ...rules,
      name: `search_${name}`,
      description: `Searches ${description}: gives the passages that fit best, each with its source. Say what you look for in words that the text may use.`,
      input: z.object({
        query: z.string().trim().min(1).max(1_000),
        within: z.string().max(1_000).optional().describe("a folder or file to search in, as sources name them"),
        limit: z.int().min(1).max(MAX_FOUND).default(6),
      }),
      async execute({ query, within, limit }, { signal }) {
        const { passages, how } = await index.search(query, limit, isWithin(within), signal);
        const { documents, skipped } = index.state;
        return {
          passages: passages.map(({ path, fromLine, toLine, heading, page, text, places }) => ({
            source: `${path}:${fromLine}-${toLine}`,
            ...(page === undefined ? {} : { page }),
            ...(heading === undefined ? {} : { heading }),
            ...{ text, places },
          })),
          ...{ how, documents },
          ...(skipped.length === 0 ? {} : { notRead: skipped.slice(0, MAX_NAMED), notReadCount: skipped.length }),
        };
      },
    }),
    tool({
      ...rules,
      name: name === "documents" ? "read_document" : `read_${name}`,
      description: `Reads lines of one document of ${description}, or a page of a PDF, as its source names it.`,
      input: z.object({
        path: z.string().min(1).max(4_096),
        fromLine: z.int().min(1).default(1),
        fromCharacter: z.int().min(0).default(0).describe("of that line, where an earlier answer ended within one"),
        lines: z.int().min(1).max(MAX_LINES).default(200),
        page: z.int().min(1).optional().describe("of a PDF, instead of lines"),
      }),
      async execute({ path, page, lines, fromLine, fromCharacter }, { signal }) {
        const document = await index.read(path, signal);
        const range = page === undefined ? { fromLine, fromCharacter, lines } : rangeOfPage(path, document, page);
        const { text, next, ...place } = readLines(document, { ...range, maxCharacters: MAX_CHARACTERS });
        if (page === undefined && fromLine > Math.max(1, place.totalLines))
          throw new PlatformError("INVALID_ARGUMENT", `"${path}" has ${place.totalLines} lines`);
        return { path, kind: document.kind, ...place, text, ...(next === undefined ? {} : { next }) };
      },
    }),
  ] as readonly Tool[];
};

const checkedLimits = (limits: Partial<DocumentLimits> = {}): DocumentLimits => {
  for (const [name, value] of Object.entries(limits))
    if (!(name in DEFAULT_LIMITS) || !Number.isInteger(value) || value < 1)
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `documentTools: limits.${name}: expected a whole number above 0 for one of ${Object.keys(DEFAULT_LIMITS).join(", ")}`,
      );
  return { ...DEFAULT_LIMITS, ...limits };
};

const isWithin = (within = ""): ((path: string) => boolean) => {
  const prefix = within.replace(/^\.?\//, "").replace(/\/$/, "");
  return prefix === "" || prefix === "." ? () => true : (path) => path === prefix || path.startsWith(`${prefix}/`);
};

const rangeOfPage = (path: string, { sections, text }: DocumentText, page: number) => {
  const at = sections.findIndex((section) => section.page === page);
  const section = sections[at];
  if (section === undefined) {
    const pages = sections.filter((one) => one.page !== undefined).length;
    throw new PlatformError(
      "INVALID_ARGUMENT",
      pages === 0 ? `"${path}" has no pages` : `"${path}" has ${pages} pages`,
    );
  }
  const end = sections[at + 1]?.line ?? text.split("\n").length + 1;
  return { fromLine: section.line, fromCharacter: 0, lines: end - section.line };
};

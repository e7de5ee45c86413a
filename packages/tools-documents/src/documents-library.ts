/** The tools of this package, for Tool manifests. */
import { PlatformError, type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";
import { DEFAULT_LIMITS, type DocumentLimits } from "./document-limits.ts";
import { documentTools } from "./document-tools.ts";
import type { Embed } from "./passage-vectors.ts";
import { pdfTools } from "./pdf-tools.ts";

const Limit = z.int().min(1).optional();
const Members = z.strictObject({
  folder: z.string().min(1).max(4096).describe("Absolute path of the folder"),
  description: z.string().min(1).max(500).optional().describe("What the documents are about, for the model"),
  wordVectors: z
    .boolean()
    .optional()
    .describe("Also by meaning, with vectors of English words: npm install @agentcore/vectors"),
  embedder: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe("Also by meaning, with a model of the tenant that makes vectors of text, as local/english"),
  hidden: z.boolean().optional().describe("Also names that begin with a dot, or under which keys lie"),
  limits: z
    .strictObject({ files: Limit, characters: Limit, passages: Limit, pages: Limit, fileBytes: Limit })
    .optional()
    .describe("Of what one folder may hold"),
  permission: z.string().max(128).optional().describe("A scope that whoever the task works for must have"),
});

const Options = Members.superRefine(({ wordVectors = false, embedder }, context) => {
  if (wordVectors && embedder !== undefined)
    context.addIssue({ code: "custom", path: ["embedder"], message: "expected either embedder or wordVectors" });
});

export const documentsLibrary: ToolLibrary<z.infer<typeof Options>> = toolLibrary({
  name: "documents",
  description: "Searches and reads a folder of documents: text, Markdown, HTML, CSV, JSON, PDF",
  options: Options,
  reaches: ({ folder }) => [{ field: "folder", kind: "folder", value: folder }],
  async open({ wordVectors = false, embedder, limits, ...options }, { tenantId, embed: embedBy }) {
    const byModel: Embed | undefined =
      embedder === undefined ? undefined : (texts, given) => embedBy(embedder, texts, given);
    return documentTools({
      ...options,
      limits: withoutAbsent(limits ?? {}),
      embed: wordVectors ? await openEmbed(tenantId) : byModel,
    });
  },
});

const PdfOptions = z.strictObject({
  root: z.string().min(1).max(4096).describe("Absolute path of the folder"),
  description: z.string().min(1).max(500).optional().describe("What the PDFs are, for the model"),
  hidden: z.boolean().optional().describe("Also names that begin with a dot, or under which keys lie"),
  permission: z.string().max(128).optional().describe("A scope that whoever the task works for must have"),
});

export const pdfLibrary: ToolLibrary<z.infer<typeof PdfOptions>> = toolLibrary({
  name: "pdf",
  description: "Reads the text of PDFs in one folder, page by page",
  options: PdfOptions,
  reaches: ({ root }) => [{ field: "root", kind: "folder", value: root }],
  open: (options) => pdfTools(options),
});

const withoutAbsent = (limits: { readonly [Name in keyof DocumentLimits]?: number | undefined }): DocumentLimits => ({
  ...DEFAULT_LIMITS,
  ...(Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Partial<DocumentLimits>),
});

const openEmbed = async (tenantId: string): Promise<Embed> => {
  try {
    const { createTextEmbedder, openWordVectors } = await import("@agentcore/vectors");
    const embedder = createTextEmbedder(await openWordVectors());
    return (texts, { signal }) => embedder.embed(tenantId, texts, { signal });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    const message = "wordVectors: the vectors are not installed: npm install @agentcore/vectors";
    throw new PlatformError("NOT_INSTALLED", message, { cause: error });
  }
};

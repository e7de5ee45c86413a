/** Tools by which an agent searches and reads a folder of documents. */
export type { DocumentLimits } from "./document-limits.ts";
export { type DocumentToolsOptions, documentTools } from "./document-tools.ts";
export { documentsLibrary, pdfLibrary } from "./documents-library.ts";
export type { Embed } from "./passage-vectors.ts";
export { type PdfToolsOptions, pdfTools } from "./pdf-tools.ts";

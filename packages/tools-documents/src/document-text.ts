/** What a file says, as lines, and where in it a section begins. */
export interface Section {
  /** From 1. */
  readonly line: number;
  /** With those above it: "Leave > Sick leave". */
  readonly heading?: string;
  /** From 1. */
  readonly page?: number;
}

export interface DocumentText {
  readonly kind: DocumentKind;
  readonly text: string;
  /** By line; what stands before the first belongs to none. */
  readonly sections: readonly Section[];
}

export type DocumentKind = "text" | "markdown" | "html" | "csv" | "json" | "pdf";

const KINDS: Readonly<Record<string, DocumentKind>> = {
  ...{ txt: "text", text: "text", log: "text", rst: "text", md: "markdown", markdown: "markdown" },
  ...{ html: "html", htm: "html", csv: "csv", tsv: "csv", json: "json", jsonl: "json", ndjson: "json", pdf: "pdf" },
};

/** By the name's ending; null: not a document that is read. */
export const kindOf = (path: string): DocumentKind | null => {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(KINDS, ending) ? (KINDS[ending] ?? null) : null;
};

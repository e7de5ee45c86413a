import type { DocumentKind, Extraction, Problem } from "../application.ts";
import { decodeText } from "./decode-text.ts";
import { findInstructions } from "./instructions-to-software.ts";
import type { Reading } from "./mention.ts";
import { csvLayout, readCsv } from "./read-csv.ts";
import { readJson } from "./read-json.ts";
import { readPdf } from "./read-pdf.ts";
import { readText, textLines } from "./read-text.ts";
import { reconcile } from "./reconcile.ts";
import type { PageLine } from "./sentences.ts";

/** An application fits in far less; more is a mistake or an attack. */
export const maximumDocumentBytes = 5_000_000;
const maximumTextLength = 200_000;

interface Content extends Reading {
  readonly kind: DocumentKind;
  readonly lines: readonly PageLine[];
}

/** Reads one document, whatever it is: recognised by its content alone, never by its name. Never throws for a bad
 *  document; what cannot be read is a `document-unreadable` problem. `receivedOn` (ISO) is when it arrived. */
export async function extractApplication(
  bytes: Uint8Array,
  { receivedOn }: { receivedOn: string },
): Promise<Extraction> {
  const content = await readContent(bytes);
  if ("code" in content) return { kind: kindOf(bytes), application: {}, problems: [content] };
  const { application, problems } = reconcile(content, receivedOn);
  const instructions = findInstructions(content.lines);
  if (instructions) problems.push(instructions);
  if (content.mentions.length === 0 && content.problems.length === 0) {
    problems.push({
      code: "no-application-found",
      message: "The document can be read but states nothing an application states",
      evidence: [],
    });
  }
  return { kind: content.kind, application, problems };
}

async function readContent(bytes: Uint8Array): Promise<Content | Problem> {
  if (bytes.length === 0) return unreadable("The file is empty");
  if (bytes.length > maximumDocumentBytes)
    return unreadable(`The file has ${bytes.length} bytes, the limit is ${maximumDocumentBytes}`);
  if (kindOf(bytes) === "pdf") return readPdfContent(bytes);
  const text = decodeText(bytes);
  if (text === undefined) return unreadable("The file is neither text nor a PDF");
  if (text.length > maximumTextLength)
    return unreadable(`The text has ${text.length} characters, the limit is ${maximumTextLength}`);
  const lines = textLines(text);
  if (/^\s*[{[]/.test(text)) {
    try {
      JSON.parse(text);
    } catch (error) {
      return unreadable(
        `The file begins as JSON but is none: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return { kind: "json", lines, ...readJson(text) };
  }
  const layout = csvLayout(text);
  if (layout) return { kind: "csv", lines, ...readCsv(layout) };
  return { kind: "text", lines, ...readText(lines) };
}

async function readPdfContent(bytes: Uint8Array): Promise<Content | Problem> {
  // A reader may rescue the front part of a cut-off PDF; what a rescued part does not say may have stood in the rest.
  if (!asciiOf(bytes.subarray(-1024)).includes("%%EOF")) return unreadable("The PDF is cut off: its end is missing");
  try {
    const { empty, ...reading } = await readPdf(bytes);
    return empty ? unreadable("The PDF has no text, perhaps it is a scan") : { kind: "pdf", ...reading };
  } catch (error) {
    return unreadable(`The PDF is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function kindOf(bytes: Uint8Array): DocumentKind {
  return asciiOf(bytes.subarray(0, 1024)).includes("%PDF-") ? "pdf" : "unknown";
}

function asciiOf(bytes: Uint8Array): string {
  return new TextDecoder("windows-1252").decode(bytes);
}

function unreadable(message: string): Problem {
  return { code: "document-unreadable", message, evidence: [] };
}

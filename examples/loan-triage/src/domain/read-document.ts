import { open, stat } from "node:fs/promises";
import type { Extraction } from "./application.ts";
import { extractApplication, maximumDocumentBytes } from "./extraction/extract-application.ts";

/** Trying again would bring the same. */
const finalCodes = new Set(["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "ELOOP", "ENAMETOOLONG"]);

/** Reads one file, never more of it than a document may have. A file that cannot be opened is an unreadable document. */
export async function readDocument(path: string, receivedOn: string): Promise<Extraction> {
  let bytes: Uint8Array;
  try {
    // A pipe or a device would be waited for without end.
    const { size, isOther } = await stat(path).then((found) => ({ size: found.size, isOther: !found.isFile() }));
    if (isOther) return unreadable("It is not a file");
    if (size > maximumDocumentBytes)
      return unreadable(`The file has ${size} bytes, the limit is ${maximumDocumentBytes}`);
    bytes = await readStart(path, maximumDocumentBytes + 1);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (finalCodes.has(code)) return unreadable(`The file cannot be opened (${code})`);
    throw error;
  }
  return extractApplication(bytes, { receivedOn });
}

async function readStart(path: string, limit: number): Promise<Uint8Array> {
  await using file = await open(path);
  const chunks: Uint8Array[] = [];
  let left = limit;
  // The file may grow while it is read; the limit holds all the same.
  for await (const chunk of file.createReadStream({ end: limit - 1, autoClose: false }) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    left -= chunk.length;
    if (left <= 0) break;
  }
  return Buffer.concat(chunks);
}

/** What stands in for a document nobody could read; it leads to a person. */
export function unreadable(message: string): Extraction {
  return {
    kind: "unknown",
    application: {},
    problems: [{ code: "document-unreadable", message, evidence: [] }],
  };
}

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { StorePages } from "@agentcore/core/ports";
import type { BackupFooter, BackupHeader, MissingBlobs } from "./backup-format.ts";

// Of lines in UTF-16 units: small rows go to gzip together, a larger one alone.
const CHUNK = 64 * 1024;

/** The bytes of a backup, made as they are read; nothing but a page, the text of two rows and gzip's buffers is held. */
export const writeBackup = (
  header: BackupHeader,
  pages: StorePages,
  /** Asked after the last page. */
  missing: () => MissingBlobs | undefined = () => undefined,
): Readable => {
  const gzip = createGzip();
  const lines = Readable.from(backupText(header, pages, missing), { highWaterMark: 1 });
  lines.once("error", (error) => gzip.destroy(error));
  // Whoever stops reading ends the source, and with it what it holds.
  gzip.once("close", () => lines.destroy());
  return lines.pipe(gzip);
};

async function* backupText(
  header: BackupHeader,
  pages: StorePages,
  missing: () => MissingBlobs | undefined,
): AsyncGenerator<string, void> {
  const hash = createHash("sha256");
  const counts: Record<string, number> = {};
  const counted = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield counted(`${JSON.stringify({ header })}\n`);
  let chunk = "";
  for await (const page of pages)
    for (const row of page) {
      counts[row.kind] = (counts[row.kind] ?? 0) + 1;
      const line = `${JSON.stringify(row)}\n`;
      if (chunk !== "" && chunk.length + line.length > CHUNK) {
        yield counted(chunk);
        chunk = "";
      }
      chunk += line;
    }
  if (chunk !== "") yield counted(chunk);
  const footer: BackupFooter = { counts, sha256: hash.digest("hex"), missing: missing() };
  yield `${JSON.stringify({ footer })}\n`;
}

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { StorePages } from "@agentcore/core/ports";
import type { BackupFooter, BackupHeader } from "./backup-format.ts";

/** The bytes of a backup, made as they are read; nothing but a page and gzip's buffers is held. */
export const writeBackup = (header: BackupHeader, pages: StorePages): Readable => {
  const gzip = createGzip();
  const lines = Readable.from(backupText(header, pages));
  lines.once("error", (error) => gzip.destroy(error));
  // Whoever stops reading ends the source, and with it what it holds.
  gzip.once("close", () => lines.destroy());
  return lines.pipe(gzip);
};

async function* backupText(header: BackupHeader, pages: StorePages): AsyncGenerator<string, void> {
  const hash = createHash("sha256");
  const counts: Record<string, number> = {};
  const counted = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield counted(`${JSON.stringify({ header })}\n`);
  for await (const page of pages) {
    for (const { kind } of page) counts[kind] = (counts[kind] ?? 0) + 1;
    yield counted(page.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  const footer: BackupFooter = { counts, sha256: hash.digest("hex") };
  yield `${JSON.stringify({ footer })}\n`;
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { PlatformError } from "@agentcore/contract";
import type { StorePages, StoreRow } from "@agentcore/core/ports";
import {
  type BackupFooter,
  type BackupHeader,
  BackupLine,
  FORMAT_VERSION,
  type MissingBlobs,
} from "./backup-format.ts";

/** A backup as it is read: its pages, and what is known when they have ended. */
export interface ReadBackup {
  /** Throws INVALID_ARGUMENT at the end, at the latest, for a file that is none, was cut or changed, or is of a newer version. */
  readonly pages: StorePages;
  /** Null until its line was read. */
  readonly header: () => BackupHeader | null;
  /** Rows by kind that were read. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** What was missing when it was written; known when the pages have ended. */
  readonly missing: () => MissingBlobs | undefined;
}

const refuse = (why: string, cause?: unknown): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `the backup cannot be used: ${why}`, cause === undefined ? {} : { cause });

// Of bytes. Twice any row: 32 MiB of payload are twice as much at most as a string of JSON, and 43 MiB when they are sealed. A file without
// newlines is no backup, and must not fill the memory.
const MAX_LINE = 128 * 1024 * 1024;
const NEWLINE = 0x0a;

export const readBackup = (file: string): ReadBackup => {
  let header: BackupHeader | null = null;
  let footer: BackupFooter | null = null;
  const counts: Record<string, number> = {};
  const hash = createHash("sha256");

  const take = (line: string): StoreRow | null => {
    if (footer !== null) throw refuse("there is something after its end");
    const parsed = parseLine(line);
    if ("footer" in parsed) {
      footer = parsed.footer;
      return null;
    }
    hash.update(`${line}\n`);
    if ("header" in parsed) {
      if (header !== null) throw refuse("it has two beginnings");
      const { version } = parsed.header;
      if (!Number.isInteger(version) || version < 1 || version > FORMAT_VERSION)
        throw refuse(`its format is version ${version}, this AgentCore knows 1 to ${FORMAT_VERSION}`);
      header = parsed.header;
      return null;
    }
    if (header === null) throw refuse("it does not begin as one");
    counts[parsed.kind] = (counts[parsed.kind] ?? 0) + 1;
    return parsed;
  };

  const assertWhole = (): void => {
    if (footer === null) throw refuse("its end is missing");
    if (footer.sha256 !== hash.digest("hex") || !sameCounts(footer.counts, counts))
      throw refuse("it is not as it was written");
  };

  async function* pages(): StorePages {
    for await (const lines of linesOf(file)) {
      const rows = lines.map(take).filter((row) => row !== null);
      if (rows.length > 0) yield rows;
    }
    assertWhole();
  }

  return { pages: pages(), header: () => header, counts: () => counts, missing: () => footer?.missing };
};

const parseLine = (line: string): BackupLine => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw refuse("a line of it is not JSON", cause);
  }
  const parsed = BackupLine.safeParse(value);
  if (!parsed.success) throw refuse("a line of it is not as AgentCore writes them", parsed.error);
  return parsed.data;
};

const sameCounts = (left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): boolean =>
  [...new Set([...Object.keys(left), ...Object.keys(right)])].every((kind) => (left[kind] ?? 0) === (right[kind] ?? 0));

async function* linesOf(file: string): AsyncGenerator<readonly string[], void> {
  const gunzip = createGunzip();
  const reading = pipeline(createReadStream(file), gunzip);
  // Told by the loop below, which reads the same stream.
  reading.catch(() => undefined);
  // Joined when a line has ended: of a long line, each byte is copied once.
  let begun: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of gunzip) {
      const lines: string[] = [];
      let from = 0;
      for (let end: number; (end = (chunk as Buffer).indexOf(NEWLINE, from)) >= 0; from = end + 1) {
        const last = (chunk as Buffer).subarray(from, end);
        lines.push((begun.length === 0 ? last : Buffer.concat([...begun, last])).toString("utf8"));
        [begun, size] = [[], 0];
      }
      const rest = (chunk as Buffer).subarray(from);
      if (rest.byteLength > 0) begun.push(rest);
      size += rest.byteLength;
      if (size > MAX_LINE) throw refuse("a line of it has no end");
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    if (PlatformError.is(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw refuse(code === "ENOENT" ? `there is no file ${file}` : `it is cut or damaged (${message})`, error);
  }
  if (size > 0) throw refuse("its last line is cut");
}

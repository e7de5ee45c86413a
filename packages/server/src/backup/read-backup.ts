import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { createGunzip } from "node:zlib";
import { PlatformError } from "@agentcore/contract";
import type { StorePages, StoreRow } from "@agentcore/core/ports";
import { type BackupFooter, type BackupHeader, BackupLine, FORMAT_VERSION } from "./backup-format.ts";

/** A backup as it is read: its pages, and what is known when they have ended. */
export interface ReadBackup {
  /** Throws INVALID_ARGUMENT at the end, at the latest, for a file that is none, was cut or changed, or is of a newer version. */
  readonly pages: StorePages;
  /** Null until its line was read. */
  readonly header: () => BackupHeader | null;
  /** Rows by kind that were read. */
  readonly counts: () => Readonly<Record<string, number>>;
}

const refuse = (why: string, cause?: unknown): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `the backup cannot be used: ${why}`, cause === undefined ? {} : { cause });

// Much longer than any row: a file without newlines is no backup, and must not fill the memory.
const MAX_LINE = 512 * 1024 * 1024;

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
      if (parsed.header.version !== FORMAT_VERSION)
        throw refuse(`its format is version ${parsed.header.version}, this AgentCore knows ${FORMAT_VERSION}`);
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

  return { pages: pages(), header: () => header, counts: () => counts };
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
  const decoder = new StringDecoder("utf8");
  let rest = "";
  try {
    for await (const chunk of gunzip) {
      const parts = (rest + decoder.write(chunk as Buffer)).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > MAX_LINE) throw refuse("a line of it has no end");
      if (parts.length > 0) yield parts;
    }
  } catch (error) {
    if (PlatformError.is(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw refuse(code === "ENOENT" ? `there is no file ${file}` : `it is cut or damaged (${message})`, error);
  }
  if (rest !== "") throw refuse("its last line is cut");
}

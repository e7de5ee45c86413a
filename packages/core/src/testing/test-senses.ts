/** Senses that give the same answers in every run. */
import type { Digest, GrowingDigest, Ids, Logger, LogLevel } from "../ports/senses.ts";

/** `prefix-00000001`, `prefix-00000002` …: sorts by creation like the real ones. */
export const createSequentialIds = (prefix = "id"): Ids => {
  let count = 0;
  let secrets = 0;
  return {
    next: () => {
      count += 1;
      return `${prefix}-${String(count).padStart(8, "0")}`;
    },
    secret: () => String(++secrets).padStart(64, "5ec2e7"),
  };
};

const fnv1a = (text: string, seed: number): string => {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
};

/**
 * Not SHA-256 and not safe: eight seeded FNV-1a hashes that look like one. Enough for tests to tell texts apart without
 * Node's crypto.
 */
export const createFnvDigest = (): Digest => {
  const sha256 = (text: string): string =>
    Array.from({ length: 8 }, (_, index) => fnv1a(text, Math.imul(index, 0x9e3779b1))).join("");
  const growing = (text: string): GrowingDigest => ({ add: (more) => growing(text + more), hex: () => sha256(text) });
  return { sha256, begin: () => growing(""), hmacSha256: (key, text) => sha256(JSON.stringify([key, text])) };
};

export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps what was logged, for a test to look at. */
export const createRecordingLogger = (): Logger & { readonly records: readonly LogRecord[] } => {
  const records: LogRecord[] = [];
  return { records, log: (level, message, fields = {}) => void records.push({ level, message, fields }) };
};

/** Cassettes on disk: a file for each call, named by its model and key. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import type { CassetteReader, CassetteWriter, SimilarCalls } from "./cassette.ts";
import { parseRecordedCall, printRecordedCall, type RecordedCall } from "./recorded-call.ts";
import type { RecordedRequest } from "./recorded-request.ts";

// A request and an answer of 16 MiB each, the answer's pieces, and what JSON puts around them.
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_FILES = 100_000;
// Looked at to find the nearest of one that is missing.
const MAX_SIMILAR = 300;
const MAX_SIMILAR_BYTES = 64 * 1024 * 1024;
const KEY_DIGITS = 16;
const MAX_SLUG = 80;

/** `openai-gpt-5-mini.3fa9c2e1b7d04455.json`, and `….2.json` for the second answer to the same. */
const FILE_NAME = /^(.+)\.([0-9a-f]{16})(?:\.([2-9]|[1-9]\d{1,5}))?\.json$/;

const slugOf = ({ model }: RecordedRequest): string =>
  model
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .slice(0, MAX_SLUG);

const stemOf = (request: RecordedRequest, key: string): string => `${slugOf(request)}.${key.slice(0, KEY_DIGITS)}`;
const nameOf = (stem: string, place: number): string => `${stem}${place === 1 ? "" : `.${place}`}.json`;

/**
 * To record into; made when missing, for this user alone. What is there stays: a call is put behind those of the same key, also by several processes
 * at once. Each file appears whole or not at all.
 */
export const createCassetteFolder = (directory: string): CassetteWriter => {
  /** The last place taken, as far as this process knows. */
  const places = new Map<string, number>();
  return {
    async add(call) {
      const text = printRecordedCall(call);
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_FILE_BYTES)
        throw new PlatformError("TOO_LARGE", `a recording of ${bytes} bytes: expected at most ${MAX_FILE_BYTES}`);
      const stem = stemOf(call.request, call.key);
      const part = join(directory, `.part-${randomUUID()}`);
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(part, text, { flag: "wx", mode: 0o600, flush: true });
        try {
          for (let place = (places.get(stem) ?? 0) + 1; ; place += 1) {
            if (place > MAX_FILES) throw new Error(`there are ${MAX_FILES} answers to one request`);
            // A name that is taken is never taken from who has it.
            if (!(await linkNew(part, join(directory, nameOf(stem, place))))) continue;
            places.set(stem, Math.max(place, places.get(stem) ?? 0));
            return;
          }
        } finally {
          await unlink(part);
        }
      } catch (cause) {
        throw new PlatformError("CONFIG_INVALID", `cannot record into ${directory}: ${messageOf(cause)}`, { cause });
      }
    },
  };
};

/** False when the name is taken. */
const linkNew = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
};

/** To replay from, as it is now: what is added later is not seen. Throws CONFIG_INVALID when it cannot be read, or holds over 100,000 calls. */
export const openCassetteFolder = async (directory: string): Promise<CassetteReader> => {
  const names = await readdir(directory).catch((cause: unknown) => {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new PlatformError(
      "CONFIG_INVALID",
      `cannot replay from ${directory}: ${isMissing ? "there is no such folder; record into it first" : messageOf(cause)}`,
      { cause },
    );
  });
  const stems = new Map<string, number[]>();
  for (const name of names) {
    const [, slug, digits, place = "1"] = FILE_NAME.exec(name) ?? [];
    if (slug === undefined || digits === undefined) continue;
    const stem = `${slug}.${digits}`;
    stems.set(stem, [...(stems.get(stem) ?? []), Number(place)]);
  }
  if (names.length > MAX_FILES)
    throw new PlatformError(
      "CONFIG_INVALID",
      `${directory} holds over ${MAX_FILES} files: record into several folders`,
    );
  for (const places of stems.values()) places.sort((a, b) => a - b);
  const sorted = [...stems.keys()].sort();

  const read = async (name: string): Promise<RecordedCall> => {
    const path = join(directory, name);
    try {
      const { size } = await stat(path);
      if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes: expected at most ${MAX_FILE_BYTES}`);
      return parseRecordedCall(await readFile(path, "utf8"));
    } catch (cause) {
      throw new PlatformError("CONFIG_INVALID", `${path} is no recording: ${messageOf(cause)}`, { cause });
    }
  };

  return {
    location: directory,
    async find(request, key, place) {
      const stem = stemOf(request, key);
      const places = stems.get(stem);
      const taken = places?.[Math.min(place, places.length) - 1];
      if (taken === undefined) return null;
      const call = await read(nameOf(stem, taken));
      return call.key === key ? call : null;
    },
    async similar(request) {
      const prefix = `${slugOf(request)}.`;
      const calls: SimilarCalls["calls"][number][] = [];
      let bytes = 0;
      for (const stem of sorted) {
        if (!stem.startsWith(prefix) || stem.length !== prefix.length + KEY_DIGITS) continue;
        if (calls.length >= MAX_SIMILAR || bytes > MAX_SIMILAR_BYTES) break;
        const name = nameOf(stem, stems.get(stem)?.[0] ?? 1);
        bytes += (await stat(join(directory, name))).size;
        const { request: recorded } = await read(name);
        if (recorded.model === request.model && recorded.operation === request.operation)
          calls.push({ name, request: recorded });
      }
      return { calls, models: [...new Set(sorted.map((stem) => stem.slice(0, -1 - KEY_DIGITS)))].sort() };
    },
  };
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

import { PlatformError } from "@agentcore/contract/errors";
import type { ConfinedFolder } from "./confined-folder.ts";
import { matchesPattern } from "./glob.ts";
import { MAX_LOOKED_AT } from "./list-files.ts";
import { readBounded } from "./read-bounded.ts";
import { readText } from "./read-text.ts";

export interface SearchOptions {
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly pattern?: string | undefined;
  readonly limit: number;
  readonly maxFileBytes: number;
  readonly signal: AbortSignal;
}

export interface FoundLines {
  readonly matches: readonly { readonly path: string; readonly line: number; readonly text: string }[];
  readonly searched: number;
  /** Files that are no text, too large, or that cannot be read. */
  readonly passedOver: number;
  /** Why it ended before all was searched. */
  readonly ended?: string;
}

// About what a machine reads while a model waits.
const MAX_BYTES = 500 * 1024 * 1024;
const MAX_SHOWN = 300;
// Of a long line, before what was found.
const BEFORE = 100;

/** Lines that have a text, by path and line. No regular expressions: one that a model wrote may hold the thread for years. */
export const searchFiles = async (
  folder: ConfinedFolder,
  path: string,
  { text, ignoreCase, pattern, limit, maxFileBytes, signal }: SearchOptions,
): Promise<FoundLines> => {
  const matches: FoundLines["matches"][number][] = [];
  const wanted = ignoreCase ? text.toLowerCase() : text;
  let searched = 0;
  let passedOver = 0;
  let bytesRead = 0;
  for await (const { path: found, bytes } of folder.walk(path, { signal, maxEntries: MAX_LOOKED_AT })) {
    if (pattern !== undefined && !matchesPattern(pattern, found)) continue;
    const isTooLarge = bytes > maxFileBytes;
    if (!isTooLarge && bytesRead + bytes > MAX_BYTES)
      return { matches, searched, passedOver, ended: `${MAX_BYTES} bytes were read` };
    const content = isTooLarge ? null : await contentOf(folder, found, maxFileBytes, signal);
    if (content === null) {
      passedOver += 1;
      continue;
    }
    searched += 1;
    bytesRead += bytes;
    if (!(ignoreCase ? content.toLowerCase() : content).includes(wanted)) continue;
    for (const [index, line] of content.split("\n").entries()) {
      const at = (ignoreCase ? line.toLowerCase() : line).indexOf(wanted);
      if (at === -1) continue;
      if (matches.length >= limit) return { matches, searched, passedOver, ended: `${limit} lines were found` };
      const from = line.length > MAX_SHOWN ? Math.max(0, at - BEFORE) : 0;
      matches.push({ path: found, line: index + 1, text: line.slice(from, from + MAX_SHOWN) });
    }
  }
  return { matches, searched, passedOver };
};

const contentOf = async (
  folder: ConfinedFolder,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string | null> => {
  try {
    return readText(await folder.openFile(path, (file) => readBounded(file, path, { maxBytes, signal })));
  } catch (error) {
    if (signal.aborted || !PlatformError.is(error)) throw error;
    return null;
  }
};

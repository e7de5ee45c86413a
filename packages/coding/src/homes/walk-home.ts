import type { BigIntStats, Dirent } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

export interface HomeEntry {
  readonly path: string;
  readonly isFolder: boolean;
  /** Bytes that it takes on the disk, at least a block: many small files are many, too. */
  readonly bytes: number;
  /** Last read or written; milliseconds since 1970. A program may set it, to the future too. */
  readonly usedAt: number;
  /** Last written, as the system counts it: no program can say otherwise. */
  readonly changedAt: number;
}

const BLOCK_BYTES = 4_096;

/**
 * All that is below a folder, no link followed, what is in a folder before the folder itself, which comes as it was before. What goes meanwhile, or cannot be
 * opened, is passed over: `onTrouble` hears of the latter.
 */
export async function* walkHome(folder: string, onTrouble: (error: unknown) => void): AsyncGenerator<HomeEntry, void> {
  for await (const entry of entriesOf(folder, onTrouble)) {
    const path = join(folder, entry.name);
    const found = await statOf(path, onTrouble);
    if (found === null) continue;
    if (found.isDirectory()) yield* walkHome(path, onTrouble);
    yield entryOf(path, found);
  }
}

/** Null: it is not there any more. */
export const homeEntry = async (path: string, onTrouble: (error: unknown) => void): Promise<HomeEntry | null> => {
  const found = await statOf(path, onTrouble);
  return found === null ? null : entryOf(path, found);
};

async function* entriesOf(folder: string, onTrouble: (error: unknown) => void): AsyncGenerator<Dirent, void> {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (!isGone(error)) onTrouble(error);
  }
}

const statOf = async (path: string, onTrouble: (error: unknown) => void): Promise<BigIntStats | null> => {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (!isGone(error)) onTrouble(error);
    return null;
  }
};

const entryOf = (path: string, found: BigIntStats): HomeEntry => {
  const changedAt = Number(found.ctimeMs);
  // A folder is read by whoever looks into it, as we do.
  const usedAt = found.isDirectory() ? changedAt : Math.max(changedAt, Number(found.atimeMs));
  const bytes = Math.max(BLOCK_BYTES, Number(found.blocks) * 512);
  return { path, isFolder: found.isDirectory(), bytes, usedAt, changedAt };
};

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

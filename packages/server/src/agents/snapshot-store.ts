/**
 * The source of an agent at each revision, kept in the data folder: a task that began with this code goes on with it,
 * however the files change and however often the node restarts (runs are pinned to their revision).
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { CodeSnapshot } from "./read-code.ts";

/** Writes a snapshot once; the rename makes it whole or absent. */
export const storeSnapshot = async (
  directory: string,
  snapshot: CodeSnapshot,
  files: ReadonlyMap<string, Buffer>,
): Promise<void> => {
  const target = join(directory, snapshot.hash);
  if (existsSync(target)) return;
  // Agents of one package are applied at once, each writing the same snapshot.
  const temporary = `${target}.${randomUUID()}.tmp`;
  for (const [name, content] of files) {
    const file = resolve(temporary, name);
    // What another store or a backup names must not reach beyond the folder.
    if (!file.startsWith(resolve(temporary) + sep)) throw new Error(`a snapshot names ${name}, which is outside of it`);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: 0o600 });
  }
  await rename(temporary, target).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  });
};

/** All files of a snapshot by name; null when it is not there. */
export const readSnapshot = async (directory: string, hash: string): Promise<ReadonlyMap<string, Buffer> | null> => {
  const base = join(directory, hash);
  if (!existsSync(base)) return null;
  const entries = await readdir(base, { recursive: true, withFileTypes: true });
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(relative(base, file), await readFile(file));
  }
  return files;
};

export const hasSnapshot = (directory: string, hash: string): boolean => existsSync(join(directory, hash));

export const hasSnapshotFile = (directory: string, hash: string, name: string): boolean => {
  const base = join(directory, hash);
  const file = resolve(base, name);
  return file.startsWith(base + sep) && existsSync(file);
};

/** `name` is one that the snapshot has. */
export const readSnapshotFile = (directory: string, hash: string, name: string): Buffer =>
  readFileSync(join(directory, hash, name));

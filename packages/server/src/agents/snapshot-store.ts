/**
 * The source of an agent at each revision, kept in the data folder: a task that began with this code goes on with it,
 * however the files change and however often the node restarts (runs are pinned to their revision).
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { asDiskFull, syncFolder } from "@agentcore/sqlite";
import { type CodeSnapshot, hashOfCode, SOURCE } from "./read-code.ts";

type Files = ReadonlyMap<string, Buffer>;

/** Of a data folder. */
export const REVISION_FOLDER = "revisions";

/**
 * On disk when it resolves (I5); the rename makes it whole or absent. What is there under its name and is not what the hash says, as after
 * the power failed on a disk that writes names before contents, is replaced.
 */
export const storeSnapshot = async (directory: string, snapshot: CodeSnapshot, files: Files): Promise<void> => {
  const target = join(directory, snapshot.hash);
  if ((await readSnapshot(directory, snapshot.hash)) !== null) return;
  // Agents of one package are applied at once, each writing the same snapshot.
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    await write(temporary, files);
    if (existsSync(target)) await removeDamaged(directory, snapshot.hash);
    await rename(temporary, target);
    await syncFolder(directory);
    await syncFolder(dirname(directory));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if ((await readSnapshot(directory, snapshot.hash)) === null) throw asDiskFull(error);
  }
};

const write = async (folder: string, files: Files): Promise<void> => {
  const folders = new Set([folder]);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, content] of files) {
    const file = resolve(folder, name);
    // What another store or a backup names must not reach beyond the folder.
    if (!file.startsWith(resolve(folder) + sep)) throw new Error(`a snapshot names ${name}, which is outside of it`);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: 0o600, flush: true });
    for (let each = dirname(file); each !== resolve(folder); each = dirname(each)) folders.add(each);
  }
  for (const each of folders) await syncFolder(each);
};

/** Out of the way at once: whoever looks finds nothing, or what another has put there meanwhile. */
const removeDamaged = async (directory: string, hash: string): Promise<void> => {
  const aside = join(directory, `${hash}.${randomUUID()}.tmp`);
  if ((await readSnapshot(directory, hash)) !== null) return;
  await rename(join(directory, hash), aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rm(aside, { recursive: true, force: true });
};

/** All files of a snapshot by name; null when it is not there, or not what its hash says. */
export const readSnapshot = async (directory: string, hash: string): Promise<Files | null> => {
  try {
    const files = await readFiles(join(directory, hash));
    return hashOfCode(files) === hash ? files : null;
  } catch (error) {
    // Nothing there, or damaged and put aside by another while it was read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
};

const readFiles = async (base: string): Promise<Files> => {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(base, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && SOURCE.test(entry.name))
      files.set(relative(base, file).split(sep).join("/"), await readFile(file));
  }
  return files;
};

/** Files of a revision, by themselves: what reads them runs apart from the node as well, where there is no store. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";

export const hasSnapshotFile = (directory: string, hash: string, name: string): boolean => {
  const base = join(directory, hash);
  const file = resolve(base, name);
  return file.startsWith(base + sep) && existsSync(file);
};

/** `name` is one that the snapshot has. */
export const readSnapshotFile = (directory: string, hash: string, name: string): Buffer =>
  readFileSync(join(directory, hash, name));

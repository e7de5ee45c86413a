import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** All of it, also where whoever wrote there has shut folders, as package managers do with what is not to be changed. No link is followed. */
export const removeTree = async (path: string): Promise<void> => {
  const options = { recursive: true, force: true, maxRetries: 3 } as const;
  try {
    await rm(path, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENOTEMPTY") throw error;
    await openFolders(path);
    await rm(path, options);
  }
};

const openFolders = async (path: string): Promise<void> => {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true }))
    if (entry.isDirectory()) await openFolders(join(path, entry.name));
};

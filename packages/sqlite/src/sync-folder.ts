import { open } from "node:fs/promises";

/** Names, new, changed or removed, are on disk when their folder is. Windows cannot open folders, and writes names through. */
export const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

import { open } from "node:fs/promises";
import { failure } from "../failure.ts";

// Thousands of keys.
const MAX_FILE_BYTES = 256 * 1024;

/** A file that holds keys, for this user alone. Throws CONFIG_INVALID: it cannot be read, others may read it, or it is too large. */
export const readSecretFile = async (path: string): Promise<string> => {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw failure("CONFIG_INVALID", `cannot read ${path}`, "Give a file that this user can read.", cause);
  });
  try {
    // One handle for the look and the reading, so that both are of the same file.
    const { mode, size } = await handle.stat();
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      throw failure(
        "CONFIG_INVALID",
        `${path} can be read or written by other users (mode ${(mode & 0o777).toString(8)}); keys are for one user alone`,
        `chmod 600 ${path}`,
      );
    if (size > MAX_FILE_BYTES)
      throw failure("CONFIG_INVALID", `${path} has ${size} bytes, ${MAX_FILE_BYTES} are read`, "Give a file of keys.");
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
};

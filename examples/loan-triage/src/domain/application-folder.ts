import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** More belong in several runs: the log of one task is bounded. */
export const maximumApplications = 500;

/** The names of the files in a folder, sorted; hidden files, folders and links are passed over. Does not throw for what
 *  the caller can put right. */
export async function listApplications(
  directory: string,
): Promise<{ readonly names: readonly string[] } | { readonly problem: string }> {
  let names: string[];
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return { problem: `The folder ${directory} does not exist` };
    if (code === "ENOTDIR") return { problem: `${directory} is a file; give the folder that holds the applications` };
    if (code === "EACCES" || code === "EPERM") return { problem: `The folder ${directory} may not be read` };
    throw error;
  }
  if (names.length === 0)
    return { problem: `The folder ${directory} holds no files; put one application a file in it` };
  if (names.length > maximumApplications)
    return { problem: `The folder ${directory} holds ${names.length} files; ${maximumApplications} are taken at once` };
  return { names: names.sort() };
}

/** Beside the folder and not in it, where letters would be read as applications. */
export function lettersDirectoryOf(directory: string): string {
  return join(dirname(directory), `${basename(directory)}-letters`);
}

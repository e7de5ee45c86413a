/** What programs of this machine are made of, for a sandbox that has the system's folders and nothing else: where PATH leads, and the packages that commands lie in. */
import { readdir, realpath } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";
import type { ReadOnlyMount } from "@agentcore/sandbox";

// What a sandbox has of itself.
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];
// More than any folder of programs has.
const MAX_ENTRIES = 2_000;

/** `files`: commands, as they were found. What is not there is left out. */
export const programMounts = async (
  path: string | undefined,
  files: readonly string[],
): Promise<readonly ReadOnlyMount[]> => {
  const folders = (path ?? "").split(delimiter).filter((folder) => isAbsolute(folder) && folder !== "/");
  const mounts = new Map<string, ReadOnlyMount>();
  const add = (from: string, to: string): void => {
    if (isSystem(to) || [...mounts.keys()].some((known) => known === to || to.startsWith(`${known}${sep}`))) return;
    mounts.set(to, { from, to });
  };
  /** What a file lies in: the outermost `node_modules`, as packages need each other. */
  const addPackages = (real: string): boolean => {
    const at = `${real}/`.indexOf("/node_modules/");
    if (at === -1) return false;
    const packages = real.slice(0, at + "/node_modules".length);
    add(packages, packages);
    return true;
  };
  for (const folder of folders) {
    const real = await realOf(folder);
    if (real === null || isSystem(real)) continue;
    if (!addPackages(real) || real !== folder) add(real, folder);
    for (const link of await linksIn(real)) addPackages(link);
  }
  for (const file of files) {
    const real = await realOf(file);
    if (real === null || isSystem(real)) continue;
    if (!addPackages(real)) add(real, real);
    // By its own name too, which says where what it is linked to lies.
    if (real !== file && !isCovered(file, mounts)) mounts.set(file, { target: real, to: file });
  }
  return [...mounts.values()];
};

const isSystem = (path: string): boolean => SYSTEM.some((folder) => path === folder || path.startsWith(`${folder}/`));

const isCovered = (file: string, mounts: ReadonlyMap<string, ReadOnlyMount>): boolean =>
  isSystem(file) || [...mounts.keys()].some((known) => file.startsWith(`${known}${sep}`));

const realOf = (path: string): Promise<string | null> => realpath(path).catch(() => null);

/** Where links in a folder of programs lead: package managers put them there. */
const linksIn = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink()).slice(0, MAX_ENTRIES);
  const found = await Promise.all(links.map(({ name }) => realOf(join(folder, name))));
  return found.filter((path) => path !== null);
};

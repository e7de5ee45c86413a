/** Which files below some paths are manifests. */
import { type Dirent, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { failure } from "../failure.ts";

const MANIFEST_FILE =
  /(^agentcore|\.agent|\.workflow|\.model|\.tool|\.budget|\.tenant|\.schedule|\.pool)\.(yaml|yml|json)$/;
// A wrong folder, such as a home folder, must end in a sentence and not in a long silence.
const MAX_DEPTH = 12;
const MAX_ENTRIES = 20_000;

/** Skipped when folders are searched or watched. */
export const isSkippedFolder = (name: string): boolean => name === "node_modules" || name.startsWith(".");

/** Files as given, folders searched. In the order given, names sorted within a folder. Throws when there is none. */
export const findManifestFiles = async (paths: readonly string[], cwd: string): Promise<readonly string[]> => {
  const found = new Set<string>();
  for (const path of paths) {
    const absolute = resolve(cwd, path);
    if (!existsSync(absolute))
      throw failure("NOT_FOUND", `${path} does not exist`, "Give a manifest file, or a folder that holds some.");
    const isFolder = (await stat(absolute)).isDirectory();
    if (!isFolder && !/\.(ya?ml|json)$/.test(path))
      throw failure("INVALID_ARGUMENT", `${path} is no manifest`, "Give a .yaml, .yml or .json file, or a folder.");
    const files = isFolder ? await searchFolder(absolute) : [absolute];
    if (files.length === 0) {
      throw failure(
        "NOT_FOUND",
        `no manifest below ${path}`,
        "Manifests are files named *.agent.yaml, *.workflow.yaml, *.model.yaml, *.tool.yaml, *.budget.yaml, *.tenant.yaml, *.schedule.yaml, *.pool.yaml or agentcore.yaml (also .yml, .json).",
      );
    }
    for (const file of files) found.add(file);
  }
  return [...found];
};

const searchFolder = async (root: string): Promise<readonly string[]> => {
  const files: string[] = [];
  let entryCount = 0;
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => a.name.localeCompare(b.name));
    entryCount += entries.length;
    if (entryCount > MAX_ENTRIES) {
      throw failure(
        "TOO_LARGE",
        `${root} holds more than ${MAX_ENTRIES} files and folders`,
        "Give the folder that holds the manifests.",
      );
    }
    for (const entry of entries) {
      if (entry.isFile() && MANIFEST_FILE.test(entry.name)) files.push(join(folder, entry.name));
      else if (isSearched(entry) && depth < MAX_DEPTH) await visit(join(folder, entry.name), depth + 1);
    }
  };
  await visit(root, 0);
  return files;
};

// A symbolic link is no directory here, so that links cannot lead in circles or out of the folder.
const isSearched = (entry: Dirent): boolean => entry.isDirectory() && !isSkippedFolder(entry.name);

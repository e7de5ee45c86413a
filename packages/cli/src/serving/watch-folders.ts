/**
 * Tells which files changed below some folders, a moment after they stopped changing. One watcher a folder: Node's own
 * recursive watching loses a file on Linux once an editor has put a new one in its place (Node 24.21).
 */
import { type Dirent, type FSWatcher, readdirSync, watch } from "node:fs";
import { extname, join, sep } from "node:path";
import { failure } from "../failure.ts";
import { isSkippedFolder } from "../manifests/find-manifest-files.ts";

// Editors write a file in several steps, and a checkout many files: long enough for both, short enough to feel immediate.
const DEBOUNCE_MS = 150;
// A wrong folder, such as a home folder, must end in a sentence and not take all watchers that the system allows.
const MAX_FOLDERS = 2_000;

const WATCHED_EXTENSIONS = new Set([".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml"]);

interface WatchOptions {
  /** Absolute paths below which nothing counts: the node's own data changes all the time. */
  readonly ignore: readonly string[];
  readonly signal: AbortSignal;
  /** Calls do not overlap; what changes meanwhile comes with the next. Sorted absolute paths. */
  readonly onChange: (files: readonly string[]) => Promise<void>;
}

/** Watches when it returns. Throws TOO_LARGE. */
export const watchFolders = (roots: readonly string[], { ignore, signal, onChange }: WatchOptions): void => {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isBusy = false;

  const deliver = async (): Promise<void> => {
    if (isBusy || signal.aborted || changed.size === 0) return;
    isBusy = true;
    const files = [...changed].toSorted();
    changed.clear();
    try {
      await onChange(files);
    } finally {
      isBusy = false;
    }
    schedule();
  };
  const schedule = (): void => {
    clearTimeout(timer);
    if (changed.size > 0) timer = setTimeout(() => void deliver(), DEBOUNCE_MS);
  };

  const note = (path: string): void => {
    if (!isWatched(path)) return;
    changed.add(path);
    schedule();
  };

  /** What lies in a folder that appears while we watch may have been written before its watcher was there. */
  const add = (folder: string, { isNew }: { readonly isNew: boolean }): void => {
    if (watchers.has(folder) || ignore.some((path) => isBelow(folder, path))) return;
    if (watchers.size >= MAX_FOLDERS) {
      const message = `${roots.join(", ")} holds more than ${MAX_FOLDERS} folders`;
      throw failure("TOO_LARGE", message, "Give the folder that holds the agents.");
    }
    const watcher = watch(folder, { signal }, (event, name) => {
      if (name === null) return;
      const path = join(folder, name);
      // Made, moved or removed: a watcher on a folder of that name looks at one that is gone.
      if (event === "rename") drop(path);
      if (!isSkippedFolder(name) && entriesOf(path) !== undefined) addNew(path);
      else note(path);
    });
    watcher.on("error", () => drop(folder));
    watchers.set(folder, watcher);
    for (const entry of entriesOf(folder) ?? []) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !isSkippedFolder(entry.name)) add(path, { isNew });
      else if (isNew && entry.isFile()) note(path);
    }
  };
  const drop = (folder: string): void => {
    for (const [path, watcher] of watchers) {
      if (!isBelow(path, folder)) continue;
      watcher.close();
      watchers.delete(path);
    }
  };
  const addNew = (folder: string): void => {
    try {
      add(folder, { isNew: true });
    } catch {
      // It was gone again before it could be watched, or there are too many: what is watched stays so.
    }
  };

  for (const root of outermost(roots)) add(root, { isNew: false });
  signal.addEventListener("abort", () => clearTimeout(timer));
};

/** Undefined for what is no folder, or not there. */
const entriesOf = (path: string): readonly Dirent[] | undefined => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return undefined;
  }
};

const isWatched = (path: string): boolean => WATCHED_EXTENSIONS.has(extname(path));

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

/** Without those that lie below another: each change is told once. */
export const outermost = (folders: readonly string[]): readonly string[] => {
  const unique = [...new Set(folders)];
  return unique.filter((folder) => !unique.some((other) => other !== folder && isBelow(folder, other)));
};

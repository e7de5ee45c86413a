/** Tells which files changed below some folders, a moment after they stopped changing. */
import { watch } from "node:fs";
import { dirname, extname, join, sep } from "node:path";
import { isSkippedFolder } from "../manifests/find-manifest-files.ts";

// Editors write a file in several steps, and a checkout many files: long enough for both, short enough to feel immediate.
const DEBOUNCE_MS = 150;

const WATCHED_EXTENSIONS = new Set([".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml"]);

interface WatchOptions {
  /** Absolute paths below which nothing counts: the node's own data changes all the time. */
  readonly ignore: readonly string[];
  readonly signal: AbortSignal;
  /** Calls do not overlap; what changes meanwhile comes with the next. Sorted absolute paths. */
  readonly onChange: (files: readonly string[]) => Promise<void>;
}

export const watchFolders = (folders: readonly string[], { ignore, signal, onChange }: WatchOptions): void => {
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

  for (const folder of outermost(folders)) {
    watch(folder, { recursive: true, signal }, (_, name) => {
      if (name === null || !isWatched(name) || ignore.some((path) => isBelow(join(folder, name), path))) return;
      changed.add(join(folder, name));
      schedule();
    }).on("error", () => {
      // A watched folder was removed: there is nothing left to tell about it.
    });
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
};

/** `name` is relative to the watched folder. */
export const isWatched = (name: string): boolean =>
  WATCHED_EXTENSIONS.has(extname(name)) &&
  !dirname(name)
    .split(sep)
    .some((part) => part !== "." && isSkippedFolder(part));

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

/** Without those that lie below another: each change is told once. */
export const outermost = (folders: readonly string[]): readonly string[] => {
  const unique = [...new Set(folders)];
  return unique.filter((folder) => !unique.some((other) => other !== folder && isBelow(folder, other)));
};

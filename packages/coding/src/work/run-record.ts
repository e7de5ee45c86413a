/** What is known of a task's work outside of its log: enough to find it again, and to take it away once the task is over. */
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GitPerson } from "../git/git.ts";
import { removeTree } from "./remove-tree.ts";

export interface RunRecord {
  readonly version: 1;
  readonly key: string;
  readonly tenantId: string;
  readonly taskId: string;
  readonly agent: string;
  /** Where the branches of the repository are. */
  readonly commonDir: string;
  readonly branch: string;
  readonly base: string;
  readonly baseCommit: string;
  /** The worktree, and where git keeps what is its own; null: it was not made yet, or was removed. */
  readonly worktree: { readonly folder: string; readonly gitDir: string } | null;
  /** Whether its commands of preparation have run there. */
  readonly isPrepared: boolean;
  /** Carried by all processes that work for the task. */
  readonly marker: string;
  readonly person: GitPerson;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface RunPaths {
  readonly folder: string;
  readonly record: string;
  readonly lock: string;
  readonly worktree: string;
  readonly merge: string;
  readonly program: string;
  readonly index: string;
  /** Of a run in a sandbox: its home, what stands for the repository, and what it is told of the system. */
  readonly home: string;
  readonly git: string;
  readonly system: string;
}

export const runPaths = (stateFolder: string, key: string): RunPaths => {
  const folder = join(stateFolder, "runs", key);
  return {
    folder,
    record: join(folder, "run.json"),
    lock: join(folder, "lock"),
    // Git names what it keeps of a worktree by its last part.
    worktree: join(folder, `work-${key}`),
    merge: join(folder, `merge-${key}`),
    program: join(folder, "program"),
    index: join(folder, "index"),
    home: join(folder, "home"),
    git: join(folder, "git"),
    system: join(folder, "system"),
  };
};

/** Carried by processes that check a merge: those of the run itself have ended by then. */
export const mergeMarker = (key: string): string => `${key}-merge`;

export const readRecord = async (paths: RunPaths): Promise<RunRecord | null> => {
  try {
    return JSON.parse(await readFile(paths.record, "utf8")) as RunRecord;
  } catch (error) {
    // What is half written was never the record: it is put in place whole.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
};

export const writeRecord = async (paths: RunPaths, record: RunRecord): Promise<void> => {
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  const fresh = `${paths.record}.${process.pid}`;
  await writeFile(fresh, JSON.stringify(record), { mode: 0o600 });
  await rename(fresh, paths.record);
};

export const removeRun = (paths: RunPaths): Promise<void> => removeTree(paths.folder);

export const listRuns = async (stateFolder: string): Promise<readonly string[]> => {
  try {
    return await readdir(join(stateFolder, "runs"));
  } catch {
    return [];
  }
};

/** Worktrees of a repository: checkouts of their own with a branch of their own. */
import { readFile } from "node:fs/promises";
import { PlatformError } from "@agentcore/contract";
import { removeTree } from "../work/remove-tree.ts";
import { type GitPlace, git } from "./git.ts";
import { commitOf } from "./open-repository.ts";

/** Makes one in `folder`, which is not there yet. A branch that is there is gone on with; else it begins at `from`. */
export const addWorktree = async (
  repository: GitPlace,
  { folder, branch, from }: { readonly folder: string; readonly branch: string | null; readonly from: string },
  signal?: AbortSignal,
): Promise<GitPlace> => {
  const isThere = branch !== null && (await commitOf(repository, `refs/heads/${branch}`, signal)) !== null;
  const what =
    branch === null
      ? ["--detach", folder, from]
      : isThere
        ? [folder, branch]
        : ["--no-track", "-b", branch, folder, from];
  // Twice forced: a folder that a crash has left half made, or that is gone, is no reason to refuse.
  await git(repository, ["worktree", "add", "-f", "-f", "--quiet", ...what], { signal });
  const pointer = await readFile(`${folder}/.git`, "utf8");
  const gitDir = /^gitdir: (.+)$/m.exec(pointer)?.[1];
  if (gitDir === undefined) throw new PlatformError("INTERNAL", `git made no worktree in ${folder}`);
  return { folder, gitDir };
};

/** With all that is in it. Nothing is left of one that was there in part. */
export const removeWorktree = async (repository: GitPlace, folder: string): Promise<void> => {
  await removeTree(folder);
  await git(repository, ["worktree", "prune", "--expire=now"]);
};

export interface Checkout {
  readonly folder: string;
  /** Null: none is checked out there. */
  readonly branch: string | null;
}

/** The main one of the repository too. */
export const listWorktrees = async (repository: GitPlace, signal?: AbortSignal): Promise<readonly Checkout[]> => {
  const { stdout } = await git(repository, ["worktree", "list", "--porcelain", "-z"], { signal });
  return stdout
    .split("\0\0")
    .map((block) => block.split("\0"))
    .flatMap((lines) => {
      const value = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
      const folder = value("worktree");
      if (folder === undefined || lines.includes("bare")) return [];
      return [{ folder, branch: value("branch")?.replace(/^refs\/heads\//, "") ?? null }];
    });
};

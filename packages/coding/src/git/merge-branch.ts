/**
 * Merges a commit into a branch, in a worktree of its own, and moves the branch only once the merge has been checked: by compare-and-set, so that
 * what others have brought in meanwhile is never lost. What somebody has checked out is moved along only where nothing in it was changed.
 */
import type { CheckResult } from "../process/run-check.ts";
import { removeTree } from "../work/remove-tree.ts";
import { type GitPerson, type GitPlace, git } from "./git.ts";
import { commitOf, isAncestor } from "./open-repository.ts";
import { addWorktree, listWorktrees, removeWorktree } from "./worktree.ts";

export type MergeOutcome =
  | { readonly outcome: "merged"; readonly commit: string }
  | { readonly outcome: "conflict"; readonly files: readonly string[] }
  | { readonly outcome: "failed"; readonly checks: readonly CheckResult[] }
  /** The branch may not be moved now. */
  | { readonly outcome: "refused"; readonly reason: string };

export interface MergeRequest {
  readonly repository: GitPlace;
  readonly base: string;
  readonly commit: string;
  readonly message: string;
  readonly person: GitPerson;
  /** For the worktree; removed at the end. */
  readonly folder: string;
  readonly check: (place: GitPlace, signal: AbortSignal) => Promise<readonly CheckResult[]>;
}

// Each time others were faster.
const MAX_TURNS = 5;

export const mergeBranch = async (request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome> => {
  for (let turn = 1; turn <= MAX_TURNS; turn++) {
    const outcome = await mergeOnce(request, signal);
    if (outcome !== null) return outcome;
  }
  return { outcome: "refused", reason: `${request.base} moved ${MAX_TURNS} times while the merge was checked` };
};

/** Null: the base has moved meanwhile. */
const mergeOnce = async (request: MergeRequest, signal: AbortSignal): Promise<MergeOutcome | null> => {
  const { repository, base, commit, folder } = request;
  const tip = await commitOf(repository, `refs/heads/${base}`, signal);
  if (tip === null) return { outcome: "refused", reason: `there is no branch ${base} any more` };
  // By a run that did not live to say so.
  if (await isAncestor(repository, commit, tip, signal)) return { outcome: "merged", commit: tip };
  const refused = await whyNot(repository, base, signal);
  if (refused !== null) return { outcome: "refused", reason: refused };
  await removeTree(folder);
  const place = await addWorktree(repository, { folder, branch: null, from: tip }, signal);
  try {
    const merged = await mergeIn(place, request, signal);
    if (typeof merged !== "string") return merged;
    const checks = await request.check(place, signal);
    if (checks.some(({ passed }) => !passed)) return { outcome: "failed", checks };
    return await moveBase(request, tip, merged, signal);
  } finally {
    await removeWorktree(repository, folder);
  }
};

/** The commit of the merge. */
const mergeIn = async (
  place: GitPlace,
  { commit, message, person }: MergeRequest,
  signal: AbortSignal,
): Promise<string | MergeOutcome> => {
  const words = [
    "merge",
    "--no-ff",
    "--no-verify",
    "--no-gpg-sign",
    "--no-edit",
    "-m",
    message,
    "--end-of-options",
    commit,
  ];
  const { exitCode } = await git(place, words, { signal, person, accepts: [0, 1] });
  const merged = exitCode === 0 ? await commitOf(place, "HEAD", signal) : null;
  if (merged !== null) return merged;
  const { stdout } = await git(place, ["diff", "--name-only", "--diff-filter=U", "-z"], { signal });
  return {
    outcome: "conflict",
    files: stdout
      .split("\0")
      .filter((path) => path !== "")
      .slice(0, 100),
  };
};

/** Why what is checked out must not be moved now; null: it may. */
const whyNot = async (repository: GitPlace, base: string, signal: AbortSignal): Promise<string | null> => {
  for (const { folder, branch } of await listWorktrees(repository, signal)) {
    if (branch !== base) continue;
    const { stdout } = await git(
      { folder },
      ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"],
      { signal },
    );
    if (stdout !== "")
      return `${base} is checked out in ${folder}, and files there have changes that are not committed`;
  }
  return null;
};

const moveBase = async (
  { repository, base }: MergeRequest,
  tip: string,
  merged: string,
  signal: AbortSignal,
): Promise<MergeOutcome | null> => {
  const holders = (await listWorktrees(repository, signal)).filter(({ branch }) => branch === base);
  const [holder] = holders;
  if (holder === undefined) {
    const { exitCode } = await git(repository, ["update-ref", `refs/heads/${base}`, merged, tip], {
      signal,
      accepts: [0, 1, 128],
    });
    return exitCode === 0 ? { outcome: "merged", commit: merged } : null;
  }
  if (holders.length > 1) return { outcome: "refused", reason: `${base} is checked out in several worktrees` };
  // Refuses by itself where a file is in its way, or where the branch has moved to something else.
  const moved = ["merge", "--ff-only", "--quiet", "--end-of-options", merged];
  const { exitCode } = await git({ folder: holder.folder }, moved, { signal, accepts: [0, 1, 128] });
  if (exitCode === 0) return { outcome: "merged", commit: merged };
  const isMoved = (await commitOf(repository, `refs/heads/${base}`, signal)) !== tip;
  return isMoved
    ? null
    : { outcome: "refused", reason: `${base} is checked out in ${holder.folder}, and files there are in its way` };
};

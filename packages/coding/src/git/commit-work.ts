/** What a program has left in its worktree, as a commit of its branch. The worktree's own index is not looked at: a program that was killed may have left it locked. */
import { rm } from "node:fs/promises";
import { type GitPerson, type GitPlace, git } from "./git.ts";
import { commitOf, isAncestor } from "./open-repository.ts";

export interface CommitRequest {
  readonly place: GitPlace;
  readonly branch: string;
  readonly baseCommit: string;
  readonly message: string;
  readonly person: GitPerson;
  /** A file for an index, outside of the worktree. */
  readonly index: string;
}

export interface CommittedWork {
  /** Tip of the branch. */
  readonly commit: string;
  /** Whether it differs from what the branch began with. */
  readonly isChanged: boolean;
  /** Folders that are repositories of their own, and so were left out. */
  readonly leftOut: readonly string[];
}

export const commitWork = async (request: CommitRequest, signal?: AbortSignal): Promise<CommittedWork> => {
  const { place, branch, baseCommit, person, message } = request;
  const own: GitPlace = { ...place, index: request.index };
  await rm(request.index, { force: true });
  const parent = await parentOf(request, signal);
  await git(own, ["read-tree", parent], { signal });
  const leftOut = await nestedRepositories(own, signal);
  const paths = leftOut.map((path) => `:(exclude,literal,top)${path}\0`).join("");
  await git(own, ["add", "-A", "--pathspec-from-file=-", "--pathspec-file-nul"], { signal, stdin: `:/\0${paths}` });
  const tree = (await git(own, ["write-tree"], { signal })).stdout.trim();
  const treeBefore = (await git(place, ["rev-parse", "--verify", `${parent}^{tree}`], { signal })).stdout.trim();
  const commit =
    tree === treeBefore
      ? parent
      : (
          await git(place, ["commit-tree", tree, "-p", parent, "-F", "-"], { signal, person, stdin: message })
        ).stdout.trim();
  const tip = await commitOf(place, `refs/heads/${branch}`, signal);
  await git(place, ["update-ref", "--no-deref", `refs/heads/${branch}`, commit, tip ?? ZERO], { signal });
  // The program may have left its branch; the next run begins on it.
  await git(place, ["symbolic-ref", "HEAD", `refs/heads/${branch}`], { signal });
  const base = (await git(place, ["rev-parse", "--verify", `${baseCommit}^{tree}`], { signal })).stdout.trim();
  return { commit, isChanged: tree !== base, leftOut };
};

const ZERO = "0000000000000000000000000000000000000000";

/** What the program has committed itself counts, on whichever branch, as long as it stands on what it was given. */
const parentOf = async ({ place, branch, baseCommit }: CommitRequest, signal?: AbortSignal): Promise<string> => {
  for (const name of ["HEAD", `refs/heads/${branch}`]) {
    const commit = await commitOf(place, name, signal);
    if (commit !== null && (await isAncestor(place, baseCommit, commit, signal))) return commit;
  }
  return baseCommit;
};

/** Git would take such a folder for one commit of another repository, whose files are lost with the worktree. */
const nestedRepositories = async (place: GitPlace, signal?: AbortSignal): Promise<readonly string[]> => {
  const { stdout } = await git(place, ["ls-files", "-z", "--others", "--exclude-standard"], { signal });
  return stdout.split("\0").filter((path) => path.endsWith("/"));
};

/** The worktree as its branch has it; what git is told to ignore stays. */
export const restoreWorktree = async (
  { place, branch, index }: Pick<CommitRequest, "place" | "branch" | "index">,
  signal?: AbortSignal,
): Promise<void> => {
  const own: GitPlace = { ...place, index };
  await rm(index, { force: true });
  await git(own, ["read-tree", "--reset", "-u", `refs/heads/${branch}`], { signal });
  await git(own, ["clean", "-f", "-f", "-d", "-q"], { signal });
};

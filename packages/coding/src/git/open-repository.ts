import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { invalidArgument, PlatformError } from "@agentcore/contract";
import { type GitPlace, git } from "./git.ts";

export interface Repository {
  /** Where its branches and objects are. */
  readonly commonDir: string;
  /** For calls about the repository as a whole. */
  readonly place: GitPlace;
  /** Of `branch`. */
  readonly baseCommit: string;
  /** That work begins from: as it was asked for, or the one that is checked out. */
  readonly base: string;
}

/** Throws INVALID_ARGUMENT for a folder that is no repository of this account's, and for a branch that is not there. */
export const openRepository = async (
  path: string,
  base: string | undefined,
  refuse: (folder: string) => Promise<string | undefined>,
  signal?: AbortSignal,
): Promise<Repository> => {
  const folder = await realpath(path).catch(() => {
    throw refusal("repository", `there is no ${path}`);
  });
  const refused = await refuse(folder);
  if (refused !== undefined) throw refusal("repository", refused);
  const asked = ["rev-parse", "--git-common-dir"];
  const found = await git({ folder }, asked, { signal }).catch((error: unknown) => {
    // Also that it belongs to somebody else.
    throw refusal("repository", `${path} is no git repository of this account: ${PlatformError.from(error).message}`);
  });
  const commonDir = await realpath(resolve(folder, found.stdout.trim()));
  // A link, or a file that names a place: that would be another repository than the one that was judged.
  if (commonDir !== folder && !commonDir.startsWith(`${folder}/`))
    throw refusal("repository", `${path} is a worktree of another repository, or its .git leads there; name that one`);
  // Of the folder: what is checked out there is its own.
  const name = base ?? (await checkedOut({ folder }, signal));
  const place: GitPlace = { folder: commonDir, gitDir: commonDir };
  const commit = await commitOf(place, `refs/heads/${name}`, signal);
  if (commit === null) throw refusal("base", `${path} has no branch ${name}, or one without a commit`);
  return { commonDir, place, base: name, baseCommit: commit };
};

/** Null: there is none. */
export const commitOf = async (place: GitPlace, name: string, signal?: AbortSignal): Promise<string | null> => {
  const asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const { exitCode, stdout } = await git(place, asked, { signal, accepts: [0, 1, 128] });
  return exitCode === 0 ? stdout.trim() : null;
};

export const isAncestor = async (place: GitPlace, one: string, other: string, signal?: AbortSignal): Promise<boolean> =>
  (await git(place, ["merge-base", "--is-ancestor", one, other], { signal, accepts: [0, 1, 128] })).exitCode === 0;

const checkedOut = async (place: GitPlace, signal?: AbortSignal): Promise<string> => {
  const { exitCode, stdout } = await git(place, ["symbolic-ref", "--quiet", "--short", "HEAD"], {
    signal,
    accepts: [0, 1, 128],
  });
  if (exitCode !== 0) throw refusal("base", "no branch is checked out in the repository; name the one to begin from");
  return stdout.trim();
};

const refusal = (member: string, description: string): PlatformError =>
  invalidArgument("coding agent", [{ field: `coding.${member}`, description }]);

/**
 * Where a task works: a folder of its own in the state folder, with a worktree on a branch of its own.
 *
 * W1 Nothing touches it but the process that has taken it (`takeRun`), and not before what an earlier one started there has ended.
 * W2 A commit with work in it is never let go: its branch stays until somebody merges or deletes it.
 * W3 The worktree's own `.git` is not believed: where git keeps what is the worktree's was noted before the program began.
 */
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir } from "node:fs/promises";
import { PlatformError } from "@agentcore/contract";
import { type CommittedWork, commitWork, restoreWorktree } from "../git/commit-work.ts";
import { type GitPerson, type GitPlace, git } from "../git/git.ts";
import { commitOf, isAncestor, openRepository } from "../git/open-repository.ts";
import { addWorktree, removeWorktree } from "../git/worktree.ts";
import { endProcesses } from "../process/end-processes.ts";
import { TERM_GRACE_MS } from "../process/run-program.ts";
import { removeTree } from "./remove-tree.ts";
import { takeRun } from "./run-lock.ts";
import { type RunPaths, type RunRecord, readRecord, removeRun, runPaths, writeRecord } from "./run-record.ts";

export interface WorkRequest {
  readonly stateFolder: string;
  readonly tenantId: string;
  readonly taskId: string;
  readonly agent: string;
  readonly repository: string;
  readonly base: string | undefined;
  /** Why the repository may not be opened; undefined: it may. */
  readonly refuse: (folder: string) => Promise<string | undefined>;
  readonly person: GitPerson;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** As it was settled when the task began; undefined: it begins. */
  readonly settled?: WorkBase | undefined;
  /** Run once in each new worktree; what it changes of files that git knows is taken back. Null: it is not to be worked in. */
  readonly prepare: ((site: Worksite, signal: AbortSignal) => Promise<void>) | null;
}

/** What a task's work stands on: settled once, also if the base moves. */
export type WorkBase = Pick<RunRecord, "commonDir" | "base" | "baseCommit" | "branch">;

export interface Workplace {
  readonly paths: RunPaths;
  readonly record: RunRecord;
}

/** An opened one, whose worktree is there. */
export interface Worksite extends Workplace {
  readonly place: GitPlace;
}

const DEFAULT_TENANT = "default";

export const keyOf = (tenantId: string, taskId: string): string =>
  createHash("sha256").update(`${tenantId}/${taskId}`).digest("hex").slice(0, 20);

/** Of tenants but the first with their name: their tasks may be called alike. */
export const branchOf = (tenantId: string, taskId: string): string => {
  const name = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(taskId) ? taskId : keyOf(tenantId, taskId);
  return tenantId === DEFAULT_TENANT ? `agentcore/${name}` : `agentcore/${tenantId}/${name}`;
};

export const repositoryPlace = ({ commonDir }: Pick<RunRecord, "commonDir">): GitPlace => ({
  folder: commonDir,
  gitDir: commonDir,
});

/** Takes it (W1), and makes what is missing of it. What an earlier life left in the worktree is there as it was. */
export const openWorksite = async (request: WorkRequest, signal: AbortSignal): Promise<Worksite> => {
  const paths = runPaths(request.stateFolder, keyOf(request.tenantId, request.taskId));
  await takeRun(paths);
  let record = await readRecord(paths);
  if (record === null) {
    record = await begin(request, signal).catch(async (error: unknown) => {
      await removeRun(paths);
      throw error;
    });
    await writeRecord(paths, record);
  }
  await endProcesses(record.marker, TERM_GRACE_MS);
  if (record.worktree === null || !(await isThere(record.worktree.gitDir)) || !(await isThere(record.worktree.folder)))
    record = await place(record, paths, signal);
  const { worktree } = record;
  if (worktree === null) throw new PlatformError("INTERNAL", "a worktree was made and is not there");
  const site = { paths, record, place: worktree };
  if (record.isPrepared || request.prepare === null) return site;
  await request.prepare(site, signal);
  await restoreSite(site, signal);
  record = { ...record, isPrepared: true };
  await writeRecord(paths, record);
  return { ...site, record };
};

const place = async (record: RunRecord, paths: RunPaths, signal: AbortSignal): Promise<RunRecord> => {
  const repository = repositoryPlace(record);
  await removeWorktree(repository, paths.worktree);
  const { branch, baseCommit } = record;
  const added = await addWorktree(repository, { folder: paths.worktree, branch, from: baseCommit }, signal);
  const placed = { ...record, worktree: { folder: added.folder, gitDir: added.gitDir ?? "" }, isPrepared: false };
  await writeRecord(paths, placed);
  return placed;
};

const begin = async (request: WorkRequest, signal: AbortSignal): Promise<RunRecord> => {
  const { tenantId, taskId, agent, person, now } = request;
  const settled = request.settled ?? (await settleBase(request, signal));
  const { commonDir, base, baseCommit, branch } = settled;
  // Of a task that was cut off before it was noted, or that somebody made: work in it is gone on with, if it stands on the base.
  const tip = await commitOf({ folder: commonDir, gitDir: commonDir }, `refs/heads/${branch}`, signal);
  const place: GitPlace = { folder: commonDir, gitDir: commonDir };
  if (tip !== null && !(await isAncestor(place, baseCommit, tip, signal)))
    throw new PlatformError(
      "CONFLICT",
      `the repository has a branch ${branch} that does not stand on ${base}; rename or delete it`,
    );
  return {
    ...{ version: 1, key: keyOf(tenantId, taskId), tenantId, taskId, agent, commonDir, branch, base, baseCommit },
    ...{ worktree: null, isPrepared: false, marker: randomUUID(), person, startedAt: now },
  };
};

const settleBase = async (
  { tenantId, taskId, repository, base, refuse }: WorkRequest,
  signal: AbortSignal,
): Promise<WorkBase> => {
  const opened = await openRepository(repository, base, refuse, signal);
  return {
    ...{ commonDir: opened.commonDir, base: opened.base, baseCommit: opened.baseCommit },
    branch: branchOf(tenantId, taskId),
  };
};

export const commitSite = (
  { paths, record, place }: Worksite,
  message: string,
  signal?: AbortSignal,
): Promise<CommittedWork> => {
  const { branch, baseCommit, person } = record;
  return commitWork({ place, branch, baseCommit, person, message, index: paths.index }, signal);
};

export const restoreSite = ({ paths, record, place }: Worksite, signal?: AbortSignal): Promise<void> =>
  restoreWorktree({ place, branch: record.branch, index: paths.index }, signal);

/** Keeps what is there as a commit beside the branch, and goes back to `commit`. Resolves with the name it is kept under; null: there was nothing. */
export const beginAnew = async (
  site: Worksite,
  commit: string,
  attempt: number,
  signal: AbortSignal,
): Promise<string | null> => {
  const { record, place } = site;
  const left = await commitSite(site, `Work that was cut off (try ${attempt})`, signal);
  const kept = left.commit === commit ? null : `${record.branch}-lost-${attempt}`;
  if (kept !== null) await git(place, ["update-ref", `refs/heads/${kept}`, left.commit], { signal });
  await git(place, ["update-ref", `refs/heads/${record.branch}`, commit], { signal });
  await restoreSite(site, signal);
  return kept;
};

/**
 * Ends what runs there, keeps what is not committed yet, and takes the worktree away; with no work in it the branch too (W2). Resolves with the branch, if it
 * stays. Nothing of it needs the worktree to be whole.
 */
export const closeWorkplace = async (workplace: Workplace, message: string): Promise<string | null> => {
  const { paths, record } = workplace;
  const { branch, baseCommit, worktree, marker } = record;
  const repository = repositoryPlace(record);
  await endProcesses(marker, TERM_GRACE_MS);
  if (!(await isThere(record.commonDir))) {
    await removeRun(paths);
    return null;
  }
  if (worktree !== null && (await isThere(worktree.folder)) && (await isThere(worktree.gitDir)))
    await commitSite({ ...workplace, place: worktree }, message);
  await removeWorktree(repository, paths.merge);
  await removeWorktree(repository, paths.worktree);
  const tip = await commitOf(repository, `refs/heads/${branch}`);
  const hasWork = tip !== null && !(await isAncestor(repository, tip, baseCommit));
  if (tip !== null && !hasWork) await git(repository, ["update-ref", "-d", `refs/heads/${branch}`, tip]);
  await removeRun(paths);
  return hasWork ? branch : null;
};

/** Once all of it is in the base. */
export const deleteMergedBranch = async (record: WorkBase, base: string, signal: AbortSignal): Promise<void> => {
  const repository = repositoryPlace(record);
  const tip = await commitOf(repository, `refs/heads/${record.branch}`, signal);
  if (tip === null || !(await isAncestor(repository, tip, `refs/heads/${base}`, signal))) return;
  await git(repository, ["update-ref", "-d", `refs/heads/${record.branch}`, tip], { signal });
};

/** A folder of the run that is empty. */
export const freshFolder = async (folder: string): Promise<string> => {
  await removeTree(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

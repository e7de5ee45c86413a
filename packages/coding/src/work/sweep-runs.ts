/** Takes away what tasks that are over have left: of nodes that died, of deadlines that passed, of tasks that were removed. */
import { existsSync } from "node:fs";
import { PlatformError } from "@agentcore/contract";
import { endProcesses } from "../process/end-processes.ts";
import { TERM_GRACE_MS } from "../process/run-program.ts";
import { isAbandoned, isTakenByOther, takeRun } from "./run-lock.ts";
import { listRuns, mergeMarker, type RunPaths, readRecord, removeRun, runPaths } from "./run-record.ts";
import { closeWorkplace } from "./workplace.ts";

export interface SweepOptions {
  readonly stateFolder: string;
  /** Its runs alone, of all tenants; null: those of all agents. */
  readonly agent: string | null;
  /** Runs that this process is at. */
  readonly isActive: (key: string) => boolean;
  /** Null: it cannot be known; what is older than a week is then over. */
  readonly isOver: ((tenantId: string, taskId: string) => Promise<boolean>) | null;
  readonly now: number;
  /** Ends what runs in sandboxes of nodes that were killed. */
  readonly openSandbox: () => Promise<unknown>;
  readonly log: (message: string) => void;
}

const FORGOTTEN_AFTER_MS = 7 * 86_400_000;

/** One that fails is left for the next time, and told. */
export const sweepRuns = async (options: SweepOptions): Promise<void> => {
  for (const key of await listRuns(options.stateFolder)) {
    if (options.isActive(key)) continue;
    try {
      await sweepRun(key, options);
    } catch (error) {
      options.log(`the remains of run ${key} stay for now: ${PlatformError.from(error).message}`);
    }
  }
};

/** Of a process that died before it noted whose the run is, or while it merged. */
const sweepUnnamed = async (key: string, paths: RunPaths, openSandbox: SweepOptions["openSandbox"]): Promise<void> => {
  if (!(await isAbandoned(paths))) return;
  await takeRun(paths);
  if (existsSync(paths.git)) await openSandbox();
  if ((await readRecord(paths)) !== null) return;
  await endProcesses(mergeMarker(key), TERM_GRACE_MS);
  await removeRun(paths);
};

const sweepRun = async (
  key: string,
  { stateFolder, isActive, isOver, now, log, agent, openSandbox }: SweepOptions,
): Promise<void> => {
  const paths = runPaths(stateFolder, key);
  const record = await readRecord(paths);
  if (record === null) return sweepUnnamed(key, paths, openSandbox);
  if (agent !== null && record.agent !== agent) return;
  if (await isTakenByOther(paths)) return;
  const isDone =
    isOver === null ? now - record.startedAt > FORGOTTEN_AFTER_MS : await isOver(record.tenantId, record.taskId);
  if (!isDone || isActive(key)) return;
  await takeRun(paths);
  if (existsSync(paths.git)) await openSandbox();
  const branch = await closeWorkplace({ paths, record }, "Work of a task that ended before it was collected");
  log(
    branch === null
      ? `removed what task ${record.taskId} left`
      : `removed the worktree that task ${record.taskId} left; its work is on branch ${branch}`,
  );
};

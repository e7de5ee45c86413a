/** Takes away what tasks that are over have left: of nodes that died, of deadlines that passed, of tasks that were removed. */
import { PlatformError } from "@agentcore/contract";
import { isTakenByOther, takeRun } from "./run-lock.ts";
import { listRuns, readRecord, runPaths } from "./run-record.ts";
import { closeWorkplace } from "./workplace.ts";

export interface SweepOptions {
  readonly stateFolder: string;
  /** Its runs alone, of all tenants. */
  readonly agent: string;
  /** Runs that this process is at. */
  readonly isActive: (key: string) => boolean;
  /** Null: it cannot be known; what is older than a week is then over. */
  readonly isOver: ((tenantId: string, taskId: string) => Promise<boolean>) | null;
  readonly now: number;
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

const sweepRun = async (
  key: string,
  { stateFolder, isActive, isOver, now, log, agent }: SweepOptions,
): Promise<void> => {
  const paths = runPaths(stateFolder, key);
  const record = await readRecord(paths);
  if (record === null || record.agent !== agent) return;
  if (await isTakenByOther(paths)) return;
  const isDone =
    isOver === null ? now - record.startedAt > FORGOTTEN_AFTER_MS : await isOver(record.tenantId, record.taskId);
  if (!isDone || isActive(key)) return;
  await takeRun(paths);
  const branch = await closeWorkplace({ paths, record }, "Work of a task that ended before it was collected");
  log(
    branch === null
      ? `removed what task ${record.taskId} left`
      : `removed the worktree that task ${record.taskId} left; its work is on branch ${branch}`,
  );
};

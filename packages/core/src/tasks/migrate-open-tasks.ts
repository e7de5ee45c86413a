import { isTerminal, PlatformError } from "@agentcore/contract";
import type { TaskEngine } from "./engine.ts";
import { askToMigrate, type TaskMigration } from "./migrate-task.ts";
import { type OpenTaskReplay, replayOpenTasks } from "./replay-open-tasks.ts";
import type { TaskLogs } from "./task-logs.ts";
import type { MigrateOpenRequest, OpenTasksMigration } from "./task-service.ts";

/** A page of an agent's open tasks, replayed by another revision, and moved to it where that can be. */
export const migrateOpenTasks = async (
  engine: TaskEngine,
  logs: TaskLogs,
  { tenantId, agent, by }: { readonly tenantId: string; readonly agent: string; readonly by: string },
  { dryRun, ...request }: MigrateOpenRequest,
  {
    inTurn,
    signal,
  }: {
    readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<OpenTasksMigration> => {
  const report = await replayOpenTasks(engine, { tenantId, agent }, request, inTurn);
  const { revision } = report;
  const move = async (replay: OpenTaskReplay): Promise<TaskMigration> => {
    const head = await engine.store.head({ tenantId, taskId: replay.taskId });
    const asked = { ...replay, to: revision, outcome: "refused" as const, reason: "it has ended meanwhile" };
    if (head === null || isTerminal(head.state)) return asked;
    try {
      return await askToMigrate(engine, head, replay, {
        ...{ by, request: { revision, rules: request.rules, dryRun }, signal },
        readLog: (after) => logs.readAll(head, after),
      });
    } catch (error) {
      // One that ends meanwhile does not hide the others.
      if (PlatformError.is(error) && error.code === "TASK_TERMINAL") return asked;
      throw error;
    }
  };
  return { ...report, tasks: await Promise.all(report.tasks.map(move)) };
};

/** Schedules: what they have done and will do, for operators; and the loop that does it. */
import { PlatformError, type ScheduleSpec, type ScheduleStatus } from "@agentcore/contract";
import type { KeyValue, Senses } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import type { ScheduleService } from "../gateway/deps/schedule-service.ts";
import type { Metrics } from "../metrics.ts";
import type { NodeTurns } from "../turns/node-turns.ts";
import type { DeclaredSchedule, DeclaredSchedules } from "./declared-schedules.ts";
import { openOccurrences } from "./occurrences.ts";
import { callerOf, ScheduleLoop } from "./schedule-loop.ts";
import { ScheduleStates } from "./schedule-states.ts";

const SHOWN = 5;

export interface LocalScheduleService extends ScheduleService {
  start(): void;
  close(): Promise<void>;
}

export const createScheduleService = (options: {
  readonly declared: DeclaredSchedules;
  readonly specOf: (tenantId: string, name: string) => Promise<ScheduleSpec | null>;
  readonly tasks: Pick<TaskService, "submit" | "head">;
  readonly keyValue: KeyValue;
  readonly senses: Senses;
  readonly metrics: Metrics;
  readonly turns: NodeTurns;
}): LocalScheduleService => {
  const { declared, specOf, tasks, keyValue, senses, metrics, turns } = options;
  const { clock } = senses;
  const states = new ScheduleStates(keyValue);
  const totals = { started: 0, skipped: 0, failed: 0 };
  metrics.counter("agentcore_schedule_started_tasks", "Tasks begun by schedules on this node.", () => totals.started);
  metrics.counter("agentcore_schedule_skipped_times", "Times left out since a task was open.", () => totals.skipped);
  metrics.counter("agentcore_schedule_failed_times", "Times whose work was refused.", () => totals.failed);
  const loop = new ScheduleLoop({
    ...{ declared, states, tasks, specOf, senses },
    onDone: (outcome) => {
      totals[outcome] += 1;
    },
  });
  const turn = turns({
    ...{ key: "schedules", does: "begins the tasks of schedules" },
    isWanted: () => declared.all.size > 0,
    round: (signal) => loop.round(signal),
    end: async () => loop.forget(),
  });
  declared.onChange(() => turn.wake());

  const statusOf = async ({ tenantId, name, spec }: DeclaredSchedule): Promise<ScheduleStatus> => {
    const [stored, occurrences] = await Promise.all([states.get(tenantId, name), openOccurrences(spec)]);
    const { last, started = 0, skipped = 0, missed = 0, failed = 0, failure } = stored?.state ?? {};
    const next: number[] = [];
    const from = Math.max(clock.now(), Math.min(stored?.state.handledUntil ?? 0, clock.now()));
    for (let time = occurrences.next(from); time !== null && next.length < SHOWN; time = occurrences.next(time))
      next.push(time);
    const isSuspended = spec.suspend === true;
    return {
      name,
      state: isSuspended ? "suspended" : next.length === 0 ? "ended" : "active",
      spec,
      next: isSuspended ? [] : next,
      ...(last === undefined ? {} : { last: { ...last, ...(await stateOf(tenantId, name, last.taskId)) } }),
      ...{ started, skipped, missed, failed },
      ...(failure === undefined ? {} : { failure }),
    };
  };
  const stateOf = async (tenantId: string, name: string, taskId: string): Promise<{ readonly state?: string }> => {
    try {
      return { state: (await tasks.head(callerOf(tenantId, name), taskId)).state };
    } catch (error) {
      // Retention has removed it.
      if (PlatformError.is(error) && error.code === "TASK_NOT_FOUND") return {};
      throw error;
    }
  };

  return {
    async list(tenantId) {
      const statuses: ScheduleStatus[] = [];
      for (const schedule of declared.of(tenantId)) statuses.push(await statusOf(schedule));
      return statuses.sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async get(tenantId, name) {
      const found = declared.of(tenantId).find((schedule) => schedule.name === name);
      if (found === undefined) throw new PlatformError("NOT_FOUND", `there is no Schedule "${name}"`);
      return statusOf(found);
    },
    start: () => turn.start(),
    close: () => turn.close(),
  };
};

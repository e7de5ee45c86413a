/**
 * Begins a task for each time of each schedule: on one node at a time, in its turn, which is a matter of thrift. That it is done once is by
 * the key that it is submitted under, which stands for schedule and time.
 *
 * A time is done in this order: the task is durable, then the state says so. Whoever dies in between has it done again, under the same key.
 */
import { isTerminal, PlatformError, parseDuration, type ScheduleSpec } from "@agentcore/contract";
import type { Senses } from "@agentcore/core/ports";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { DeclaredSchedule, DeclaredSchedules } from "./declared-schedules.ts";
import { type Occurrences, openOccurrences, timingOf } from "./occurrences.ts";
import { planTimes } from "./plan-times.ts";
import type { ScheduleState, ScheduleStates } from "./schedule-states.ts";

/** Between two looks at the clock, which may be set. */
const LOOK_MS = 5_000;
const RETRY_MS = 5_000;
const MAX_RETRY_MS = 60_000;

export interface ScheduleLoopOptions {
  readonly declared: Pick<DeclaredSchedules, "all">;
  readonly states: ScheduleStates;
  readonly tasks: Pick<TaskService, "submit" | "head">;
  /** As it stands in the store now; null when it is declared no more. */
  readonly specOf: (tenantId: string, name: string) => Promise<ScheduleSpec | null>;
  readonly senses: Pick<Senses, "clock" | "digest" | "logger">;
  readonly onDone?: ((outcome: "started" | "skipped" | "failed") => void) | undefined;
}

interface Entry {
  readonly schedule: DeclaredSchedule;
  readonly occurrences: Occurrences;
  state: ScheduleState;
  version: number;
  /** Not looked at before: the work was refused for now. */
  notBefore: number;
  /** From `lookedAt` to `dueAt` there is nothing to do. The calendar is too dear to be asked at every look. */
  lookedAt: number;
  dueAt: number;
}

/** Who the tasks of a schedule belong to: no credential may have such a name. */
export const callerOf = (tenantId: string, name: string): CallerScope => ({
  tenantId,
  caller: `schedule:${name}`,
  // Operators alone apply schedules.
  operator: true,
});

export class ScheduleLoop {
  private readonly options: ScheduleLoopOptions;
  private readonly entries = new Map<string, Entry>();

  constructor(options: ScheduleLoopOptions) {
    this.options = options;
  }

  /** Begins what is due. Resolves, when what is under way has been written, with the milliseconds until there is something to do. */
  async round(signal: AbortSignal): Promise<number> {
    const { declared, senses } = this.options;
    for (const key of this.entries.keys()) if (!declared.all.has(key)) this.entries.delete(key);
    let left = LOOK_MS;
    for (const [key, schedule] of [...declared.all]) {
      if (signal.aborted) return left;
      try {
        left = Math.min(left, await this.doOne(key, schedule, signal));
      } catch (thrown) {
        const error = PlatformError.from(thrown);
        this.entries.delete(key);
        const { tenantId, name } = schedule;
        senses.logger.log("warn", `schedule ${name}: ${error.message}`, { tenantId, schedule: name, code: error.code });
      }
    }
    return left;
  }

  /** Another node may go on with them. */
  forget(): void {
    this.entries.clear();
  }

  private async doOne(key: string, schedule: DeclaredSchedule, signal: AbortSignal): Promise<number> {
    const { clock } = this.options.senses;
    const entry = await this.entryOf(key, schedule);
    if (entry === null) return LOOK_MS;
    const waits = entry.notBefore - clock.now();
    if (waits > 0 && waits <= MAX_RETRY_MS) return waits;
    if (clock.now() >= entry.lookedAt && clock.now() < entry.dueAt) return entry.dueAt - clock.now();
    const { spec } = schedule;
    const maxDelayMs = spec.jitter === undefined ? 0 : (parseDuration(spec.jitter) ?? 0);
    const delayOf = (time: number): number => this.delayOf(entry.schedule, time, maxDelayMs);
    if (spec.suspend !== true) {
      const { occurrences, state } = entry;
      const plan = await planTimes({
        ...{ occurrences, delayOf, maxDelayMs, handledUntil: state.handledUntil, now: clock.now() },
        ...{ catchUp: spec.catchUp ?? "last", turn: () => clock.turn() },
      });
      if (plan.due.length > 0) {
        // Another node may have changed or deleted it a moment ago.
        const current = await this.options.specOf(schedule.tenantId, schedule.name);
        if (current === null || timingOf(current) !== state.timing) {
          this.entries.delete(key);
          return LOOK_MS;
        }
        for (const [index, time] of plan.due.entries())
          if (signal.aborted || !(await this.doTime(entry, current, time, index === 0 ? plan.missed : 0))) break;
      } else if (plan.missed > 0) {
        const { missed } = entry.state;
        await this.write(entry, { missed: missed + plan.missed, handledUntil: plan.handledUntil });
      }
    }
    if (this.entries.get(key) !== entry) return 0;
    const now = clock.now();
    if (entry.notBefore > now) return entry.notBefore - now;
    const next = spec.suspend === true ? null : entry.occurrences.next(Math.min(entry.state.handledUntil, now));
    entry.lookedAt = now;
    entry.dueAt = next === null ? Number.POSITIVE_INFINITY : next + delayOf(next);
    return entry.dueAt - now;
  }

  /** False: no more for now. */
  private async doTime(entry: Entry, spec: ScheduleSpec, time: number, missed: number): Promise<boolean> {
    const { senses, tasks, onDone } = this.options;
    const { tenantId, name } = entry.schedule;
    const scope = callerOf(tenantId, name);
    const handled = { handledUntil: time, missed: entry.state.missed + missed };
    // A clock that was set back shows it again.
    if (entry.state.last?.time === time) return this.write(entry, handled);
    if ((spec.overlap ?? "skip") === "skip" && (await this.isOpen(scope, entry.state.last?.taskId))) {
      onDone?.("skipped");
      return this.write(entry, { ...handled, skipped: entry.state.skipped + 1 });
    }
    const at = new Date(time).toISOString();
    const deadlineMs = spec.deadline === undefined ? null : parseDuration(spec.deadline);
    try {
      const { taskId, existing } = await tasks.submit(scope, {
        ...{ target: spec.target, skill: spec.skill, input: spec.input, priority: spec.priority },
        idempotencyKey: `schedule/${name}/${at}`,
        deadline: deadlineMs === null ? undefined : senses.clock.now() + deadlineMs,
        metadata: { schedule: { name, time: at } },
      });
      if (!existing) onDone?.("started");
      const started = entry.state.started + 1;
      return await this.write(entry, { ...handled, last: { time, taskId }, started, failure: undefined });
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      const fields = { tenantId, schedule: name, time: at, code: error.code };
      senses.logger.log("warn", `schedule ${name}: ${error.message}`, fields);
      if (error.retryable) {
        entry.notBefore = senses.clock.now() + Math.min(error.retryAfterMs ?? RETRY_MS, MAX_RETRY_MS);
        return false;
      }
      onDone?.("failed");
      const failure = { time, code: error.code, message: error.message };
      return this.write(entry, { ...handled, failed: entry.state.failed + 1, failure });
    }
  }

  private async isOpen(scope: CallerScope, taskId: string | undefined): Promise<boolean> {
    if (taskId === undefined) return false;
    try {
      return !isTerminal((await this.options.tasks.head(scope, taskId)).state);
    } catch (error) {
      // Retention has removed it.
      if (PlatformError.is(error) && error.code === "TASK_NOT_FOUND") return false;
      throw error;
    }
  }

  /** With the state that it left off in, or, when it is new or has changed, from now on. */
  private async entryOf(key: string, schedule: DeclaredSchedule): Promise<Entry | null> {
    const known = this.entries.get(key);
    if (known?.schedule === schedule) return known;
    const { states, senses } = this.options;
    const { tenantId, name, spec } = schedule;
    const since = senses.clock.now();
    const timing = timingOf(spec);
    const occurrences = await openOccurrences(spec);
    const stored = await states.get(tenantId, name);
    const counts = { started: 0, skipped: 0, missed: 0, failed: 0 };
    // Deleted on another node a moment ago: what it had counted is not to come back.
    if (stored === null && (await this.options.specOf(tenantId, name)) === null) return null;
    const isSame = stored?.state.timing === timing;
    const state = isSame ? stored.state : { ...counts, ...stored?.state, timing, handledUntil: since };
    const version = isSame ? stored.version : await states.put(tenantId, name, state, stored?.version ?? 0);
    if (version === null) return null;
    const entry: Entry = { schedule, occurrences, state, version, notBefore: 0, lookedAt: 0, dueAt: 0 };
    this.entries.set(key, entry);
    return entry;
  }

  /** False when another node has written it meanwhile, or it was deleted: then it is read again. */
  private async write(entry: Entry, change: Partial<ScheduleState>): Promise<boolean> {
    const { tenantId, name } = entry.schedule;
    const state = { ...entry.state, ...change };
    const version = await this.options.states.put(tenantId, name, state, entry.version);
    if (version === null) {
      for (const [key, each] of this.entries) if (each === entry) this.entries.delete(key);
      return false;
    }
    entry.state = state;
    entry.version = version;
    return true;
  }

  /** The same on every node and in every life. */
  private delayOf({ tenantId, name }: DeclaredSchedule, time: number, maxDelayMs: number): number {
    if (maxDelayMs === 0) return 0;
    const hash = this.options.senses.digest.sha256(`${tenantId}/${name}/${time}`);
    return Math.floor((Number.parseInt(hash.slice(0, 12), 16) / 2 ** 48) * maxDelayMs);
  }
}

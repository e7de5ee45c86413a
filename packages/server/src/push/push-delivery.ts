/**
 * One turn of one webhook: what its task's log has after what was taken is sent, event by event, until nothing is left, one is
 * not taken, or the turn is over.
 *
 * P1 An event counts as taken once every notification of it was answered with 2xx and that is stored; until then it is sent again.
 * P2 Nothing is sent before all that comes before it was taken.
 * P3 Nothing is stored over what somebody else stored meanwhile.
 */
import { type A2ATask, isTerminal, type TaskEvent } from "@agentcore/contract";
import type { TaskHead, TaskKey } from "@agentcore/core/ports";
import { TaskView } from "@agentcore/core/tasks";
import { projectTask } from "../gateway/a2a/project-task.ts";
import { updatesOf } from "../gateway/a2a/task-stream.ts";
import type { PushKey, PushRecord, PushStore, StoredPush } from "./push-store.ts";
import { GIVE_UP_AFTER_MS, MAX_RETRY_DELAY_MS, retryDelay } from "./retry-schedule.ts";
import type { SendNotification, SendOutcome } from "./webhook-sender.ts";

export interface TaskLog {
  head(key: TaskKey): Promise<TaskHead | null>;
  /** A page of events after `after`; empty at the end. */
  read(key: TaskKey, after: number): Promise<readonly TaskEvent[]>;
}

export interface DeliveryServices {
  readonly store: Pick<PushStore, "get" | "put" | "delete">;
  readonly log: TaskLog;
  readonly send: SendNotification;
  /** A task in the JSON form of A2A 0.3. */
  readonly toLegacyTask: (task: A2ATask) => Promise<unknown>;
  readonly now: () => number;
  /** Milliseconds from any moment on; never goes back. */
  readonly monotonic: () => number;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly onAttempt: (attempt: Attempt) => void;
}

export interface Attempt {
  readonly key: PushKey;
  readonly record: PushRecord;
  readonly outcome: SendOutcome;
  /** What comes of it: `abandoned` when it was the last one. */
  readonly result: "delivered" | "failed" | "abandoned" | "gone";
}

export type TurnEnd =
  /** All was sent: `seq` is the last event that was looked at. */
  | { readonly end: "idle"; readonly seq: number }
  | { readonly end: "later"; readonly at: number }
  /** The turn is over, or something else was stored meanwhile. */
  | { readonly end: "again" }
  /** There is nothing more to do for it. */
  | { readonly end: "over" };

// So that others have their turn: of the same host, and, where receivers are slow, of other tenants. The second one only ends a turn
// between two events.
const MAX_NOTIFICATIONS = 50;
const MAX_TURN_MS = 10_000;

/** Whether its next attempt is still to come. */
export const isAhead = ({ nextAttemptAt }: PushRecord, now: number): boolean =>
  nextAttemptAt > now && nextAttemptAt <= now + MAX_RETRY_DELAY_MS;

/** `after`: up to it the log has nothing that was not sent. `isDue`: it was waited for what is stored already. Rejects when the store gives no answer, or by the signal's reason. */
export const deliverTurn = async (
  services: DeliveryServices,
  stored: StoredPush,
  { after, isDue, signal }: { readonly after: number; readonly isDue: boolean; readonly signal: AbortSignal },
): Promise<TurnEnd> => {
  const { record } = stored;
  if (record.state !== "open") return { end: "over" };
  if (!isDue && isAhead(record, services.now())) return { end: "later", at: record.nextAttemptAt };
  const head = await services.log.head(taskKey(stored.key));
  if (head === null) {
    // The task was removed, and nobody can read it any more.
    return (await services.store.delete(stored.key, stored.version)) ? { end: "over" } : { end: "again" };
  }
  return new Turn(services, stored, head, signal).run(after);
};

const taskKey = ({ tenantId, taskId }: PushKey): TaskKey => ({ tenantId, taskId });

class Turn {
  private readonly services: DeliveryServices;
  private readonly key: PushKey;
  private readonly head: TaskHead;
  private readonly signal: AbortSignal;
  private readonly view: TaskView;
  private record: PushRecord;
  private version: number;
  private readonly endsAt: number;
  private sent = 0;

  constructor(services: DeliveryServices, { key, record, version }: StoredPush, head: TaskHead, signal: AbortSignal) {
    this.services = services;
    this.key = key;
    this.head = head;
    this.signal = signal;
    this.record = record;
    this.version = version;
    this.view = new TaskView(key.taskId, head.contextId);
    this.endsAt = services.monotonic() + MAX_TURN_MS;
  }

  async run(looked: number): Promise<TurnEnd> {
    // A notification that shows the task as a whole needs the log from its beginning.
    const isWhole = this.record.version === "0.3" || this.record.acknowledged < this.record.from;
    let after = isWhole ? 0 : Math.max(looked, this.record.acknowledged);
    for (;;) {
      const page = await this.services.log.read(taskKey(this.key), after);
      for (const event of page) {
        this.signal.throwIfAborted();
        const end = await this.process(event);
        if (end !== null) return end;
        after = event.seq;
      }
      if (page.length > 0) continue;
      if (!isTerminal(this.head.state) || this.head.seq > after) return { end: "idle", seq: after };
      // Nothing will come.
      return (await this.save({ state: "done" })) ? { end: "over" } : { end: "again" };
    }
  }

  private async process(event: TaskEvent): Promise<TurnEnd | null> {
    const { acknowledged, from } = this.record;
    const change = this.view.apply(event);
    if (event.seq <= acknowledged || event.seq < from) return null;
    const isSnapshot = acknowledged < from || event.type === "log.compacted";
    const updates = isSnapshot
      ? [{ task: projectTask(this.view.snapshot()) }]
      : updatesOf(this.key.taskId, this.head.contextId, change);
    if (updates.length === 0) return null;
    if (this.sent >= MAX_NOTIFICATIONS || this.services.monotonic() >= this.endsAt) return { end: "again" };
    const bodies =
      this.record.version === "1.0" ? updates : [await this.services.toLegacyTask(projectTask(this.view.snapshot()))];
    return this.deliver(event, bodies, isTerminalEvent(event));
  }

  private async deliver(event: TaskEvent, bodies: readonly unknown[], isLast: boolean): Promise<TurnEnd | null> {
    const { seq } = event;
    const { partial } = this.record;
    const isBegun = partial?.seq === seq && event.type !== "log.compacted";
    // At least the last: of 0.3 an event makes fewer, and which version it is may have changed since.
    const first = isBegun ? Math.min(partial.frames, bodies.length - 1) : 0;
    for (let frame = first; frame < bodies.length; frame += 1) {
      const { key, record } = this;
      const sentAt = this.services.now();
      const outcome = await this.services.send({ key, record, body: bodies[frame], seq, frame }, this.signal);
      this.sent += 1;
      if (!outcome.taken) return this.failed(outcome, sentAt);
      this.services.onAttempt({ key, record, outcome, result: "delivered" });
      const isWhole = frame === bodies.length - 1;
      const saved = await this.save({
        ...(isWhole
          ? { acknowledged: seq, partial: undefined, ...(isLast ? { state: "done" as const } : {}) }
          : { partial: { seq, frames: frame + 1 } }),
        ...{ attempts: 0, nextAttemptAt: 0, failingSince: undefined, lastError: undefined },
      });
      if (!saved) return { end: "again" };
    }
    return isLast ? { end: "over" } : null;
  }

  private async failed(outcome: Extract<SendOutcome, { taken: false }>, sentAt: number): Promise<TurnEnd> {
    const { key, record, services } = this;
    if (outcome.kind === "gone") {
      // What it was changed to meanwhile has not said so.
      if (!(await services.store.delete(key, this.version))) return { end: "again" };
      services.onAttempt({ key, record, outcome, result: "gone" });
      return { end: "over" };
    }
    const now = services.now();
    const attempts = record.attempts + 1;
    // The time in which this node was down, or had no room, is not the receiver's.
    const late = Math.max(0, sentAt - record.nextAttemptAt);
    const failingSince = record.failingSince === undefined ? now : Math.min(now, record.failingSince + late);
    const { kind, retryAfterMs } = outcome;
    const at = now + retryDelay({ attempts, kind, retryAfterMs, random: services.random() });
    const isOver = now - failingSince >= GIVE_UP_AFTER_MS;
    const state = isOver ? ("abandoned" as const) : ("open" as const);
    const patch = { attempts, failingSince, nextAttemptAt: at, lastError: outcome.error, state };
    // What was changed meanwhile has not failed yet.
    if (!(await this.put({ ...record, ...patch }))) return { end: "again" };
    services.onAttempt({ key, record: this.record, outcome, result: isOver ? "abandoned" : "failed" });
    return isOver ? { end: "over" } : { end: "later", at };
  }

  /**
   * What was taken stays taken, also when the configuration was changed meanwhile; false then, since the rest is to be sent by what it says
   * now, or not at all.
   */
  private async save(patch: Progress): Promise<boolean> {
    if (await this.put(merged(this.record, patch))) return true;
    for (;;) {
      const now = await this.services.store.get(this.key);
      // Deleted, and perhaps made anew, or another node has come further.
      if (now === null || now.record.uid !== this.record.uid || now.record.state !== "open") return false;
      if (now.record.acknowledged > this.record.acknowledged) return false;
      if ((await this.services.store.put(this.key, merged(now.record, patch), now.version)) !== null) return false;
    }
  }

  private async put(record: PushRecord): Promise<boolean> {
    const version = await this.services.store.put(this.key, record, this.version);
    if (version === null) return false;
    this.version = version;
    this.record = record;
    return true;
  }
}

type Progress = { readonly [Name in keyof PushRecord]?: PushRecord[Name] | undefined };

/** What the patch has as undefined is left out. */
const merged = (record: PushRecord, patch: Progress): PushRecord =>
  Object.fromEntries(
    Object.entries({ ...record, ...patch }).filter(([, value]) => value !== undefined),
  ) as unknown as PushRecord;

const isTerminalEvent = ({ type }: TaskEvent): boolean =>
  type === "task.completed" || type === "task.failed" || type === "task.canceled" || type === "task.rejected";

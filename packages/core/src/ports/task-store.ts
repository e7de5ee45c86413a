/**
 * Durable state of tasks: heads (one row a task), logs, mailboxes and outbox, changed together or not at all.
 *
 * A task is `(tenantId, taskId)`. Only the lease holder writes a task's log (I1); a lease is known by its fencing
 * token, a number that grows with every claim. Everyone else inserts into the task's mailbox.
 */
import type { PlatformError, Priority, TaskEvent, TaskState } from "@agentcore/contract";
import type { Ledger, Reservation, Settlement } from "./ledger.ts";
import type { TaskRetention } from "./task-retention.ts";

/** An event as an adapter keeps it: `data` is any JSON value, which no adapter looks into. */
export interface StoredEvent {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly data: unknown;
}

/** An event before the log gave it a number. */
export type Unnumbered<Event extends StoredEvent> = Event extends StoredEvent ? Omit<Event, "seq"> : never;

/** Stands in a tail for an event that cannot be read, so that its readers decide, and nobody else's events are held up. */
export interface UnreadableEvent extends StoredEvent {
  readonly type: "event.unreadable";
  readonly data: { readonly type: string; readonly error: PlatformError };
}

export interface TaskKey {
  readonly tenantId: string;
  readonly taskId: string;
}

/** The index row of a task: what claiming and listing need without reading the log. */
export interface TaskHead extends TaskKey {
  readonly agent: string;
  readonly revision: string;
  readonly contextId: string;
  /** Who submitted it; tasks are listed by caller. */
  readonly caller: string;
  readonly state: TaskState;
  /** Number of the last event. */
  readonly seq: number;
  /** Number of the last `checkpoint.created`, 0 if none: replay starts after it. */
  readonly checkpointSeq: number;
  /** Number of its `log.compacted`, 0 if none: how many events were folded into it. */
  readonly floor: number;
  /** Fencing token of the last claim, 0 before the first. */
  readonly token: number;
  /** True while the holder of `token` has it, whichever process that is. */
  readonly leased: boolean;
  /** Milliseconds since 1970 when the task wants to run; null while nothing but its mailbox can wake it. */
  readonly dueAt: number | null;
  readonly priority: Priority;
  /** Claims since the last new event, but for those given back. Five are too many (I10). */
  readonly attempts: number;
  readonly deadline: number | null;
  readonly parent: { readonly taskId: string; readonly path: string } | null;
  readonly createdAt: number;
  /** Time of the last event that made a status, as progress does too but while the task asks: `statusTimeOf`. */
  readonly updatedAt: number;
}

const STATUS_EVENTS: ReadonlySet<string> = new Set<TaskEvent["type"]>([
  ...(["task.submitted", "task.started", "task.resumed", "task.progressed", "task.parked"] as const),
  ...(["task.inputRequired", "task.authRequired"] as const),
  ...(["task.completed", "task.failed", "task.canceled", "task.rejected"] as const),
]);

/**
 * When the last of these events was that gives a task a new status, as its readers see it; undefined when none does. `state` is the one
 * that they leave the task in: progress while it asks changes nothing of its status, which goes on to ask.
 */
export const statusTimeOf = (
  events: readonly Omit<StoredEvent, "seq" | "data">[],
  state: TaskState,
): number | undefined => {
  const asks = state === "input-required" || state === "auth-required";
  return events.findLast(({ type }) => STATUS_EVENTS.has(type) && !(asks && type === "task.progressed"))?.at;
};

export const MAILBOX_KINDS = ["message", "cancel", "childFinished", "retry", "signal", "migrate"] as const;
export type MailboxKind = (typeof MAILBOX_KINDS)[number];

/** Mail of that kind makes a task in that state due. A parked task waits for a decision; other mail waits with it. */
export const wakesTask = (state: TaskState, kind: MailboxKind): boolean => state !== "parked" || isDecision(kind);

export interface MailboxInsert {
  /** Recipient in the unit's tenant. */
  readonly taskId: string;
  /**
   * Unique for the task's life, also after it was consumed: a second insert of the same key changes nothing, wakes
   * nobody and is no failure. What may be asked for again (a retry) needs a key of its own each time.
   */
  readonly key: string;
  readonly kind: MailboxKind;
  /** JSON value. */
  readonly payload: unknown;
  /**
   * When the recipient is terminal or missing: `refuse` makes the whole unit stale, `drop` leaves this insert out.
   * Use `drop` for tidings nobody may want any more (a child's end), `refuse` for what a caller gets acknowledged (I5).
   */
  readonly ifTerminal: "refuse" | "drop";
}

export interface MailboxItem {
  readonly key: string;
  readonly kind: MailboxKind;
  /** Absent when it is unreadable. */
  readonly payload: unknown;
  /** Order of arrival within the task. */
  readonly position: number;
  readonly insertedAt: number;
  /** Why the payload cannot be read. An item of one task must not fail the claim of others. */
  readonly unreadable?: PlatformError | undefined;
}

/** Bytes of payloads that one reading of a mailbox, or of the mailboxes of one claim, brings. */
export const MAX_MAIL_BYTES = 8 * 1024 * 1024;

/** Says what becomes of a task, so it is read whatever waits before it. */
export const isDecision = (kind: MailboxKind): boolean => kind === "cancel" || kind === "retry" || kind === "migrate";

export interface WaitingMail {
  readonly count: number;
  readonly bytes: number;
}

export interface MailboxReading {
  readonly items: readonly MailboxItem[];
  /** More waits than was brought: to be read when these were taken in. */
  readonly more: boolean;
}

export interface NewTask<Event extends StoredEvent = TaskEvent> {
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  readonly contextId: string;
  readonly caller: string;
  readonly priority: Priority;
  readonly deadline: number | null;
  readonly parent: { readonly taskId: string; readonly path: string } | null;
  readonly dueAt: number;
  readonly createdAt: number;
  /** The first events, beginning with `task.submitted`. */
  readonly events: readonly Unnumbered<Event>[];
  /** Unique per (tenant, caller), whichever agent took it: a second task with the same key makes the unit stale with `exists`. */
  readonly idempotencyKey?: string | undefined;
  /**
   * Claimed only when no older task of its agent, caller and context that was created so is open (not terminal): work on one
   * context, one at a time, in order of creation. A context of another caller is another one, whatever its name. Not to be combined with `claimed`. @default false
   */
  readonly exclusive?: boolean | undefined;
  /** `ignore`: a task of this id is already there, and that is fine (children and event tasks have derived ids). @default "stale" */
  readonly ifExists?: "stale" | "ignore" | undefined;
  /**
   * Created already claimed (token 1, one attempt) by the node that submits it, which then runs it at once. Its state
   * and due time are those of the last event.
   */
  readonly claimed?:
    | {
        readonly state: TaskState;
        readonly checkpointSeq?: number;
        readonly release?: { readonly dueAt: number | null };
      }
    | undefined;
}

/** A change of the log by the lease holder. */
export interface LogAppend<Event extends StoredEvent = TaskEvent> {
  /** The holder's view: refused as `fenced` when the token differs or its lease was given back, as `stale` when the sequence does. */
  readonly expect: { readonly seq: number; readonly token: number };
  readonly events: readonly Unnumbered<Event>[];
  readonly state: TaskState;
  readonly checkpointSeq?: number | undefined;
  /** That the task has from now on. @default the one it has */
  readonly revision?: string | undefined;
  /** Mailbox keys that these events have taken in. */
  readonly consume: readonly string[];
  /**
   * Refuse as `stale` ("mailbox") when items other than the consumed ones wait. Set on every terminal append, so that
   * an acknowledged message or cancel is never passed over (I2, I5).
   */
  readonly requireEmptyMailbox: boolean;
  /**
   * Gives the lease back and sets when the task is due again (null: when its mailbox gets something). A mailbox that is
   * not empty after `consume` makes the task due at once, whatever `dueAt` says: mail that came while the holder ran must
   * wake it.
   */
  readonly release?: { readonly dueAt: number | null } | undefined;
}

export interface OutboxInsert {
  /** Stable id; receivers drop repeats by it. */
  readonly id: string;
  readonly kind: "event";
  readonly payload: unknown;
}

export interface OutboxRow extends OutboxInsert {
  readonly tenantId: string;
  readonly position: number;
  /** Why the payload, which is then absent, cannot be read. */
  readonly unreadable?: PlatformError | undefined;
}

/** Says that a payload of the task lies in the BlobStore under this name; the blob is kept until the task is removed, or a fold lets it go. */
export interface BlobReference {
  readonly taskId: string;
  readonly name: string;
}

export interface OutboxTake {
  readonly rows: readonly OutboxRow[];
  /** There are more, to be had now or soon: beyond the limit, or behind a transaction that is still open. */
  readonly more: boolean;
}

/** All or nothing, within one tenant. */
export interface CommitUnit<Event extends StoredEvent = TaskEvent> {
  readonly tenantId: string;
  /** The task whose log is appended; absent for units that only create tasks or insert mail. */
  readonly taskId?: string | undefined;
  readonly append?: LogAppend<Event> | undefined;
  readonly create?: readonly NewTask<Event>[] | undefined;
  readonly mail?: readonly MailboxInsert[] | undefined;
  readonly outbox?: readonly OutboxInsert[] | undefined;
  /**
   * Positions of rows of the outbox, each once, whose delivery this unit is: they go with it. Refused as `stale` ("delivered") when this process has not taken
   * one of them, or has it no more: so what a row is about happens once, whoever dies.
   */
  readonly delivers?: readonly number[] | undefined;
  /** Of tasks that this unit appends to or creates. Idempotent. */
  readonly blobs?: readonly BlobReference[] | undefined;
  /** Refused as `stale`: "exists" when its key is held, else "limit" with the first account that has too little left. */
  readonly reserve?: Reservation | undefined;
  /** Never refused. */
  readonly settle?: readonly Settlement[] | undefined;
}

export type StaleReason = "sequence" | "exists" | "terminal" | "missing" | "mailbox" | "limit" | "delivered";

/** Each unit of a batch has its own outcome: a bad one never harms its neighbours. */
export type CommitOutcome =
  | { readonly outcome: "committed" }
  | {
      readonly outcome: "stale";
      readonly reason: StaleReason;
      readonly existingTaskId?: string | undefined;
      readonly account?: string | undefined;
    }
  | { readonly outcome: "fenced" };

export interface ClaimRequest {
  /** Most tasks to claim. */
  readonly limit: number;
  /** Wall time now. */
  readonly now: number;
  /** Most tasks to claim of an agent, by `tenant/agent`; 0 passes it over. */
  readonly slots?: ReadonlyMap<string, number> | undefined;
  /** Most tasks to claim of each agent that `slots` does not name. @default `limit` */
  readonly otherSlots?: number | undefined;
  /** Shares and limits of tenants; those it does not name have the defaults. */
  readonly tenants?: ReadonlyMap<string, TenantTurn> | undefined;
  /** Most tasks of an agent that may be leased at once, to all processes together, by `tenant/agent`. @default no limit */
  readonly maxLeased?: ReadonlyMap<string, number> | undefined;
}

export interface TenantTurn {
  /** How far it is ahead of those that have had least, in tasks by weight; at least 0. @default 0 */
  readonly pass?: number | undefined;
  /** Above 0. @default 1 */
  readonly weight?: number | undefined;
  /** Most of its tasks that may be leased at once, to all processes together. @default no limit */
  readonly maxLeased?: number | undefined;
}

/** Place in a claim of a tenant's task that has so many of its own before it; the smallest are taken. */
export const placeInClaim = ({ pass = 0, weight = 1 }: TenantTurn | undefined = {}, before: number): number =>
  pass + before / weight;

/** Each level of priority counts as this much waiting in the order of claims, so that nothing waits for ever behind more urgent work. */
export const PRIORITY_STEP_MS = 60_000;

export interface Lease extends TaskKey {
  readonly token: number;
}

export interface Renewal {
  /** Milliseconds, counted from the moment of asking, after which others may take this process's tasks; Infinity: never. */
  readonly validForMs: number;
  /** Leases held before are lost: whatever runs here must end, and may be claimed again by anybody. */
  readonly isNew: boolean;
}

/** What other processes did, as far as it was heard: a hint may be lost, so nothing rests on it. */
export type StoreHint =
  | { readonly kind: "due" }
  /** It was not heard what others did for a while: whoever goes by hints looks now. */
  | { readonly kind: "missed" }
  /** The task's log or mailbox changed. */
  | ({ readonly kind: "changed" } & TaskKey);

export interface ClaimedTask {
  readonly head: TaskHead;
  /** Of all tasks claimed together as much as a reading brings, so perhaps not all of it, or nothing. */
  readonly mailbox: readonly MailboxItem[];
}

export interface ListQuery {
  readonly tenantId: string;
  readonly caller?: string | undefined;
  readonly contextId?: string | undefined;
  readonly agent?: string | undefined;
  readonly parentTaskId?: string | undefined;
  readonly states?: readonly TaskState[] | undefined;
  /** Inclusive lower bound of `updatedAt`. */
  readonly updatedSince?: number | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Rows after this one, newest first. */
  readonly after?: { readonly updatedAt: number; readonly taskId: string } | undefined;
}

export interface LogPage {
  readonly after?: number;
  readonly limit?: number;
  readonly maxBytes?: number;
  /** Types of events to leave out, which then are not read. @default none */
  readonly without?: readonly TaskEvent["type"][];
}

export interface TailRow<Event extends StoredEvent = TaskEvent> extends TaskKey {
  /** Where to go on after this row. Only the store that gave it can read it. */
  readonly cursor: string;
  readonly event: Event | UnreadableEvent;
}

/**
 * Adapters are `TaskStore<StoredEvent>`: they keep payloads as they are given and read nothing in them. `createPayloadStore`
 * makes the store of task events of it that the engine uses.
 */
export interface TaskStore<Event extends StoredEvent = TaskEvent> extends TaskRetention<Event>, Ledger {
  /**
   * Writes units in order, each all or nothing; resolves when all are durable (I5). One outcome per unit, same order.
   * Throws STORE_UNAVAILABLE when it is not known whether the batch was written, INVALID_ARGUMENT for a reservation or a settlement out of bounds.
   */
  commit(units: readonly CommitUnit<Event>[]): Promise<readonly CommitOutcome[]>;
  /**
   * Leases up to `limit` due tasks (dueAt ≤ now, no live lease, not terminal), counting the attempt durably and raising
   * the token. Tasks that have not begun and only have to be ended (a cancel waits for them, or their deadline has passed)
   * come first; they need no slot and count for no limit. Fair: between tenants by `placeInClaim`, within one by due time less
   * `PRIORITY_STEP_MS` for each level of priority. Of what has a limit (`maxLeased`) no more is leased than leaves all processes
   * within it, also when they claim at once; what is leased beyond it already stays leased, and nothing is added.
   * Throws STORE_UNAVAILABLE when it is not known whether it was written; `leases` then tells.
   */
  claim(request: ClaimRequest): Promise<readonly ClaimedTask[]>;
  /**
   * Whether that lease is held through this store, by this process. The head alone does not tell: every task that is created
   * claimed has token 1, so another process may hold it with the same number.
   */
  holds(lease: Lease): Promise<boolean>;
  /** Leases held through this store: what a claim whose answer was lost has taken. Reads every row; not for each turn. */
  leases(): Promise<readonly Lease[]>;
  /**
   * Keeps this process's leases alive, all at once. By the store's clock: no process's own decides who holds what. Where
   * nobody else can hold leases it answers once and for all.
   */
  renew(): Promise<Renewal>;
  /**
   * Frees the tasks of processes that did not renew in time, whose leases are void and fenced, and the outbox rows they had
   * taken. Resolves with how many of both.
   */
  reclaim(): Promise<number>;
  /** Hears of changes made through other processes, until the returned function is called. */
  listen(listener: (hint: StoreHint) => void): () => void;
  /** Earliest `dueAt` of a task without a live lease, or null. */
  nextDue(): Promise<number | null>;
  head(key: TaskKey): Promise<TaskHead | null>;
  /** Id of the task made with that idempotency key, or null. */
  findByIdempotencyKey(key: {
    readonly tenantId: string;
    readonly caller: string;
    readonly idempotencyKey: string;
  }): Promise<string | null>;
  /**
   * Events with `seq > after`, in order, at most `limit` (default 10,000), and no more than come to `maxBytes` of payloads (default any),
   * but one at least; below the floor there is `log.compacted` alone. Throws PAYLOAD_UNREADABLE, naming the event, where events are
   * read; payloads that lie in blobs are counted there, by themselves.
   */
  readLog(key: TaskKey, options?: LogPage): Promise<readonly Event[]>;
  /**
   * What waits, in order of arrival: the first item, and as many after it as come to `MAX_MAIL_BYTES` with it. Decisions (`isDecision`) come
   * wherever they lie, and do not count.
   */
  mailbox(key: TaskKey): Promise<MailboxReading>;
  /**
   * Tasks leased through this store in whose mailbox something waits, by one look at all of them: what a process that hints have
   * not reached finds its tasks' mail by. Where nobody else can write there is no need to ask.
   */
  leasedWithMail(): Promise<readonly TaskKey[]>;
  /** How many items wait in the task's mailbox, and the bytes of their payloads; nothing for a task that is not there. */
  waitingMail(key: TaskKey): Promise<WaitingMail>;
  /** Whether the task's log has taken in the mail of that key. False for a task that has ended: its keys are forgotten. */
  hasTaken(key: TaskKey, mailKey: string): Promise<boolean>;
  /** Newest change first. `total` counts all that match, before paging. */
  list(query: ListQuery): Promise<{ readonly heads: readonly TaskHead[]; readonly total: number }>;
  /**
   * Events of all tasks (of one tenant, if given) after a cursor (null: from the beginning), in commit order. What is read is
   * settled: nothing that commits later comes before it (I6).
   */
  tail(options: {
    readonly tenantId?: string;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<readonly TailRow<Event>[]>;
  /**
   * Takes up to `limit` rows (1 to 10,000) for this process, in commit order, settled ones only: nothing that commits later comes
   * before them. Nobody else is given them until it has lost its lease. What it took before and has not acknowledged
   * comes first, and again; with `after`, the position of such a row, only what is behind that row, or was not taken before. Throws LEASE_LOST.
   */
  takeOutbox(limit: number, after?: number | null): Promise<OutboxTake>;
  /** Those of `names` (at most 1,000) that a task of the tenant refers to. */
  referredBlobs(tenantId: string, names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Removes delivered rows that this process took. Idempotent; rows that another took meanwhile stay. */
  acknowledgeOutbox(positions: readonly number[]): Promise<void>;
  /** Numbers for admission: tasks waiting to run, by tenant. */
  backlog(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

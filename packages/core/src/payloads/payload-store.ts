/**
 * The one place that payloads pass (docs/decisions/0011-growth.md): a store of stored events becomes the store of task
 * events that the engine uses. On the way down payloads are bounded, offloaded and sealed, on the way up fetched, opened
 * and validated; adapters read nothing in them.
 */
import { formatFieldPath, PlatformError, TaskEvent } from "@agentcore/contract";
import type {
  AccountQuery,
  BlobStore,
  ClaimedTask,
  ClaimRequest,
  CommitOutcome,
  CommitUnit,
  Compaction,
  CompactionOutcome,
  Lease,
  LedgerRemoval,
  LogPage,
  MailboxItem,
  MailboxReading,
  OutboxRow,
  OutboxTake,
  PayloadCodec,
  Removal,
  RetentionQuery,
  StoredEvent,
  TailRow,
  TaskKey,
  TaskStore,
  UnreadableEvent,
  UsageQuery,
} from "../ports/index.ts";
import { BLOBS_AT_ONCE, PAYLOADS } from "./blob-names.ts";
import { wholeData } from "./compact-data.ts";
import { eachOf } from "./each-of.ts";
import { readMarks } from "./payload-marks.ts";
import { PayloadReader, Unreadable } from "./payload-reader.ts";
import { type PayloadLimits, PayloadWriter } from "./payload-writer.ts";
import { OUTBOX_SUBJECT, taskSubject } from "./seal-scopes.ts";

export interface PayloadStoreOptions {
  readonly store: TaskStore<StoredEvent>;
  /** Where large payloads go; sealed, if anything is (`createSealedBlobStore`). */
  readonly blobs: BlobStore;
  readonly codec: PayloadCodec;
  /** Characters of JSON, from 1,024, above which an event's payload becomes a blob. @default 65536 */
  readonly offloadAbove?: number | undefined;
  /** Most bytes of a payload's JSON; TOO_LARGE beyond. @default 32 MiB */
  readonly maxPayloadBytes?: number | undefined;
}

// Above this a row is slower to read past than a blob is to fetch when it is wanted.
const DEFAULT_OFFLOAD_ABOVE = 64 * 1024;
/** A submission holds a message and the input made of it, each within the limits at the edge; nothing that passed those is refused here. */
export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

class PayloadStore implements TaskStore {
  private readonly store: TaskStore<StoredEvent>;
  private readonly blobs: BlobStore;
  private readonly codec: PayloadCodec;
  private readonly limits: PayloadLimits;
  private readonly reader: PayloadReader;

  constructor(options: PayloadStoreOptions) {
    this.store = options.store;
    this.blobs = options.blobs;
    this.codec = options.codec;
    this.limits = {
      offloadAbove: options.offloadAbove ?? DEFAULT_OFFLOAD_ABOVE,
      maxBytes: options.maxPayloadBytes ?? MAX_PAYLOAD_BYTES,
    };
    this.reader = new PayloadReader(options.blobs, options.codec);
  }

  /** Throws TOO_LARGE, like everything that fails all units, before anything is written. */
  async commit(units: readonly CommitUnit[]): Promise<readonly CommitOutcome[]> {
    const writer = new PayloadWriter(this.codec, this.limits);
    const encoded = units.map((unit) => writer.unit(unit));
    await this.putBlobs(writer);
    return this.store.commit(encoded);
  }

  async readLog(key: TaskKey, options?: LogPage) {
    const { tenantId, taskId } = key;
    const scope = { tenantId, subject: taskSubject(taskId) };
    const read = async () => {
      const stored = withinBytes(await this.store.readLog(key, options), options?.maxBytes);
      const data = stored.map((event) => event.data);
      return { stored, values: await this.reader.readAll(data, () => scope) };
    };
    let { stored, values } = await read();
    // The log may have been folded meanwhile, and what it referred to is gone.
    if (values.some((value) => value instanceof Unreadable && value.isMissing)) ({ stored, values } = await read());
    return stored.map((event, index) => parseEvent(key, event, values[index]));
  }

  async tail(options: Parameters<TaskStore["tail"]>[0]): Promise<readonly TailRow[]> {
    const rows = await this.store.tail(options);
    const values = await this.reader.readAll(
      rows.map(({ event }) => event.data),
      (index) => ({ tenantId: rows[index]?.tenantId ?? "", subject: taskSubject(rows[index]?.taskId ?? "") }),
    );
    return rows.map((row, index) => ({ ...row, event: readOrExplain(row, row.event, values[index]) }));
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedTask[]> {
    const claimed = await this.store.claim(request);
    if (claimed.every(({ mailbox }) => mailbox.length === 0)) return claimed;
    return Promise.all(
      claimed.map(async ({ head, mailbox }) => ({ head, mailbox: await this.readMail(head, mailbox) })),
    );
  }

  async mailbox(key: TaskKey): Promise<MailboxReading> {
    const { items, more } = await this.store.mailbox(key);
    return { items: await this.readMail(key, items), more };
  }

  async takeOutbox(limit: number, after?: number | null): Promise<OutboxTake> {
    const { rows, more } = await this.store.takeOutbox(limit, after);
    const values = await this.reader.readAll(
      rows.map(({ payload }) => payload),
      (index) => ({ tenantId: rows[index]?.tenantId ?? "", subject: OUTBOX_SUBJECT }),
    );
    const what = ({ id, tenantId }: OutboxRow): string => `event ${id} of ${tenantId}`;
    return { rows: rows.map((row, index) => ({ ...row, ...payloadOf(values[index], what(row)) })), more };
  }

  async compact(compaction: Compaction): Promise<CompactionOutcome> {
    const { tenantId, taskId, floor, blobs } = compaction;
    const writer = new PayloadWriter(this.codec, this.limits);
    const { event, names } = writer.fold(compaction);
    const added = [...(blobs?.added ?? []), ...names];
    const [first] = await this.store.readLog(compaction, { limit: 1 });
    const rest = await this.store.readLog(compaction, { after: floor, limit: 2 });
    await this.putBlobs(writer);
    const namesOf = (of: StoredEvent): readonly string[] | undefined =>
      this.reader.blobsOf({ tenantId, subject: taskSubject(taskId) }, of.data);
    const earlier = first?.type === "log.compacted" ? (namesOf(first) ?? []) : [];
    const [behind] = rest.length === 1 ? rest : [];
    const found = behind === undefined ? undefined : namesOf(behind);
    const last = blobs === undefined ? found : found && blobs.last && [...blobs.last, ...found];
    const dropped = [...(blobs?.dropped ?? []), ...earlier].filter(
      (name) => !added.includes(name) && last?.includes(name) !== true,
    );
    return this.store.compact({ tenantId, taskId, floor, event, blobs: { added, dropped, last } });
  }

  retention(query: RetentionQuery) {
    return this.store.retention(query);
  }

  remove(removal: Removal) {
    return this.store.remove(removal);
  }

  waitingMail(key: TaskKey) {
    return this.store.waitingMail(key);
  }

  hasTaken(key: TaskKey, mailKey: string) {
    return this.store.hasTaken(key, mailKey);
  }

  holds(lease: Lease) {
    return this.store.holds(lease);
  }

  leasedWithMail() {
    return this.store.leasedWithMail();
  }

  leases() {
    return this.store.leases();
  }

  renew() {
    return this.store.renew();
  }

  reclaim() {
    return this.store.reclaim();
  }

  listen(listener: Parameters<TaskStore["listen"]>[0]) {
    return this.store.listen(listener);
  }

  nextDue() {
    return this.store.nextDue();
  }

  head(key: TaskKey) {
    return this.store.head(key);
  }

  findByIdempotencyKey(key: Parameters<TaskStore["findByIdempotencyKey"]>[0]) {
    return this.store.findByIdempotencyKey(key);
  }

  list(query: Parameters<TaskStore["list"]>[0]) {
    return this.store.list(query);
  }

  referredBlobs(tenantId: string, names: readonly string[]) {
    return this.store.referredBlobs(tenantId, names);
  }

  acknowledgeOutbox(positions: readonly number[]) {
    return this.store.acknowledgeOutbox(positions);
  }

  backlog() {
    return this.store.backlog();
  }

  balances(tenantId: string, accounts: readonly string[]) {
    return this.store.balances(tenantId, accounts);
  }

  accounts(tenantId: string, query: AccountQuery) {
    return this.store.accounts(tenantId, query);
  }

  usage(query: UsageQuery) {
    return this.store.usage(query);
  }

  expireReservations(now: number, limit: number) {
    return this.store.expireReservations(now, limit);
  }

  removeSpent(removal: LedgerRemoval) {
    return this.store.removeSpent(removal);
  }

  ledgerTenants() {
    return this.store.ledgerTenants();
  }

  reservations(tenantId: string) {
    return this.store.reservations(tenantId);
  }

  close() {
    return this.store.close();
  }

  /** Before the commit: what is written refers to what is there. A blob whose unit is refused goes with the next sweep. */
  private async putBlobs({ newBlobs }: PayloadWriter): Promise<void> {
    await eachOf(newBlobs, BLOBS_AT_ONCE, ({ tenantId, name, bytes }) =>
      this.blobs.put({ tenantId, namespace: PAYLOADS }, name, bytes),
    );
  }

  private async readMail(
    { tenantId, taskId }: TaskKey,
    items: readonly MailboxItem[],
  ): Promise<readonly MailboxItem[]> {
    const scope = { tenantId, subject: taskSubject(taskId) };
    const values = await this.reader.readAll(
      items.map(({ payload }) => payload),
      () => scope,
    );
    return items.map((item, index) => ({
      ...item,
      ...payloadOf(values[index], `${item.kind} ${item.key} for task ${taskId} of ${tenantId}`),
    }));
  }
}

/** Up to the one whose blob is too much with those before it. What lies in the rows themselves the store has bounded. */
const withinBytes = (events: readonly StoredEvent[], maxBytes = Number.POSITIVE_INFINITY): readonly StoredEvent[] => {
  let bytes = 0;
  const end = events.findIndex(({ data }, index) => {
    const marked = readMarks(data);
    bytes += "bytes" in marked ? marked.bytes : 0;
    return bytes > maxBytes && index > 0;
  });
  return end < 0 ? events : events.slice(0, end);
};

const payloadOf = (value: unknown, what: string): { readonly payload: unknown; readonly unreadable?: PlatformError } =>
  value instanceof Unreadable
    ? { payload: undefined, unreadable: explain(what, value.error.message, value.error) }
    : { payload: value };

const readOrExplain = (key: TaskKey, event: StoredEvent, value: unknown): TaskEvent | UnreadableEvent => {
  try {
    return parseEvent(key, event, value);
  } catch (thrown) {
    const { seq, at, type } = event;
    return { seq, at, type: "event.unreadable", data: { type, error: PlatformError.from(thrown) } };
  }
};

/** Throws PAYLOAD_UNREADABLE. */
const parseEvent = (key: TaskKey, { seq, at, type }: StoredEvent, value: unknown): TaskEvent => {
  const what = `event ${seq} (${type}) of task ${key.taskId} of ${key.tenantId}`;
  if (value instanceof Unreadable) throw explain(what, value.error.message, value.error);
  const parsed = TaskEvent.safeParse({ seq, at, type, data: wholeData(type, value) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw explain(what, `${formatFieldPath(issue?.path ?? [])}: ${issue?.message ?? "not an event"}`, parsed.error);
};

const explain = (what: string, why: string, cause: unknown): PlatformError =>
  new PlatformError("PAYLOAD_UNREADABLE", `${what} cannot be read: ${why}`, { cause });

export const createPayloadStore = (options: PayloadStoreOptions): TaskStore => new PayloadStore(options);

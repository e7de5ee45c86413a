/** The way down: bounds, offloads and seals the payloads of a unit. */
import { PlatformError } from "@agentcore/contract";
import type {
  BlobReference,
  CommitUnit,
  Compaction,
  MailboxInsert,
  NewTask,
  OutboxInsert,
  PayloadCodec,
  SealScope,
  StoredEvent,
  Unnumbered,
} from "../ports/index.ts";
import { compactData } from "./compact-data.ts";
import { isLargerThan } from "./json-size.ts";
import { blobPayload, looksMarked, sealedPayload, sealedReference, wrappedPayload } from "./payload-marks.ts";
import { OUTBOX_SUBJECT, referenceScope, taskSubject } from "./seal-scopes.ts";

export interface PayloadLimits {
  /** Characters of JSON from which on an event's payload goes to the BlobStore. */
  readonly offloadAbove: number;
  /** Most bytes of a payload. */
  readonly maxBytes: number;
}

export interface NewBlob {
  readonly tenantId: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

type NewEvent = Unnumbered<StoredEvent>;

const encoder = new TextEncoder();

/** The units of one commit, and the blobs that must be there before it. */
export class PayloadWriter {
  readonly newBlobs: NewBlob[] = [];
  private readonly codec: PayloadCodec;
  private readonly limits: PayloadLimits;

  constructor(codec: PayloadCodec, limits: PayloadLimits) {
    this.codec = codec;
    this.limits = limits;
  }

  /** A fold of a log, and the names of the blobs that it refers to. Throws TOO_LARGE. */
  fold({ tenantId, taskId, event }: Compaction): {
    readonly event: Unnumbered<StoredEvent>;
    readonly names: readonly string[];
  } {
    const blobs: BlobReference[] = [];
    const data = this.event({ tenantId, subject: taskSubject(taskId) }, taskId, event, blobs);
    return { event: { ...event, data }, names: blobs.map(({ name }) => name) };
  }

  /** The unit itself when all its payloads stay as they are. Throws TOO_LARGE. */
  unit(unit: CommitUnit): CommitUnit<StoredEvent> {
    const { tenantId, taskId = "", append, create, mail, outbox } = unit;
    const blobs: BlobReference[] = [];
    const events = append && this.events({ tenantId, subject: taskSubject(taskId) }, taskId, append.events, blobs);
    const created = mapChanged(create, (task) => this.task(tenantId, task, blobs));
    const mails = mapChanged(mail, (item) => this.mail(tenantId, item));
    const rows = mapChanged(outbox, (row) => this.outboxRow(tenantId, row));
    if (events === append?.events && created === create && mails === mail && rows === outbox) return unit;
    return {
      ...unit,
      ...(append === undefined || events === undefined ? {} : { append: { ...append, events } }),
      create: created,
      mail: mails,
      outbox: rows,
      ...(blobs.length === 0 ? {} : { blobs: [...(unit.blobs ?? []), ...blobs] }),
    };
  }

  private task(tenantId: string, task: NewTask, blobs: BlobReference[]): NewTask<StoredEvent> {
    const { taskId } = task;
    const events = this.events({ tenantId, subject: taskSubject(taskId) }, taskId, task.events, blobs);
    return events === task.events ? task : { ...task, events };
  }

  private events(
    scope: SealScope,
    taskId: string,
    events: readonly NewEvent[],
    blobs: BlobReference[],
  ): readonly NewEvent[] {
    return mapChanged(events, (event) => {
      const data = this.event(scope, taskId, event, blobs);
      return data === event.data ? event : { ...event, data };
    });
  }

  private event(scope: SealScope, taskId: string, { type, data: whole }: NewEvent, blobs: BlobReference[]): unknown {
    const data = compactData(type, whole);
    if (!isLargerThan(data, this.limits.offloadAbove)) return this.inline(scope, data);
    const text = JSON.stringify(data);
    if (text.length <= this.limits.offloadAbove) return this.inline(scope, data);
    const bytes = encoder.encode(text);
    this.assertSize(bytes.byteLength, `${type} of task ${taskId}`);
    const { tenantId } = scope;
    const name = this.codec.nameOf(tenantId, bytes);
    this.newBlobs.push({ tenantId, name, bytes });
    blobs.push({ taskId, name });
    const reference = blobPayload(name, bytes.byteLength);
    if (!this.codec.seals) return reference;
    return sealedReference(this.codec.seal(referenceScope(scope), JSON.stringify(reference)), bytes.byteLength);
  }

  /** Mail and outbox rows live for moments, and their content goes on as an event: a blob would outlive them by months. */
  private mail(tenantId: string, item: MailboxInsert): MailboxInsert {
    const scope = { tenantId, subject: taskSubject(item.taskId) };
    const payload = this.bounded(scope, item.payload, `${item.kind} for task ${item.taskId}`);
    return payload === item.payload ? item : { ...item, payload };
  }

  private outboxRow(tenantId: string, row: OutboxInsert): OutboxInsert {
    const payload = this.bounded({ tenantId, subject: OUTBOX_SUBJECT }, row.payload, `event ${row.id}`);
    return payload === row.payload ? row : { ...row, payload };
  }

  private bounded(scope: SealScope, value: unknown, what: string): unknown {
    // A character takes at most six bytes of JSON.
    if (isLargerThan(value, this.limits.maxBytes / 6))
      this.assertSize(encoder.encode(JSON.stringify(value)).byteLength, what);
    return this.inline(scope, value);
  }

  private inline(scope: SealScope, value: unknown): unknown {
    if (!this.codec.seals) return looksMarked(value) ? wrappedPayload(value) : value;
    const text = JSON.stringify(value);
    return sealedPayload(this.codec.seal(scope, text ?? "null"));
  }

  private assertSize(bytes: number, what: string): void {
    if (bytes > this.limits.maxBytes)
      throw new PlatformError(
        "TOO_LARGE",
        `the payload of ${what} has ${bytes} bytes, ${this.limits.maxBytes} are allowed; keep it elsewhere and pass a reference`,
      );
  }
}

/** The list itself when no item changes: most units are written as they are. */
const mapChanged: {
  <Item, Given extends Item>(items: readonly Given[], change: (item: Given) => Item): readonly Item[];
  <Item, Given extends Item>(
    items: readonly Given[] | undefined,
    change: (item: Given) => Item,
  ): readonly Item[] | undefined;
} = <Item, Given extends Item>(items: readonly Given[] | undefined, change: (item: Given) => Item) => {
  if (items === undefined || items.length === 0) return items as readonly Item[];
  let changed: Item[] | undefined;
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as Given;
    const made = change(item);
    if (made === item) continue;
    changed ??= [...items];
    changed[index] = made;
  }
  return changed ?? items;
};

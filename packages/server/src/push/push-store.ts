/** What is known of a webhook, in the key-value store: its configuration, and how far its task's log has been taken by it. */
import { PlatformError, TaskPushNotificationConfig } from "@agentcore/contract";
import type { KeyValue, KeyValueEntry, KeyValueScope, Logger, TaskKey } from "@agentcore/core/ports";
import { z } from "zod";
import { SYSTEM_TENANT } from "../gateway/deps/tenants.ts";

export interface PushKey {
  readonly tenantId: string;
  readonly taskId: string;
  readonly configId: string;
}

const Seq = z.int().nonnegative();
const EpochMs = z.number();

export const PushRecord = z.object({
  /** Made with it: another configuration may get its id once it is deleted. */
  uid: z.string(),
  config: TaskPushNotificationConfig.required({ id: true }),
  version: z.enum(["0.3", "1.0"]),
  caller: z.string(),
  createdAt: EpochMs,
  /** `open`: there is, or may come, something to send. `done`: all was taken. `abandoned`: failed for as long as is tried. */
  state: z.enum(["open", "done", "abandoned"]),
  /** The first notification is the task as it was after this event. */
  from: Seq,
  /** Number of the last event that was taken as a whole; 0 before the first. */
  acknowledged: Seq,
  /** Of an event that makes several notifications, how many were taken. */
  partial: z.object({ seq: Seq, frames: z.int().positive() }).optional(),
  /** Since the last notification that was taken. */
  attempts: z.int().nonnegative(),
  /** Later by the time in which attempts were due and not made. */
  failingSince: EpochMs.optional(),
  nextAttemptAt: EpochMs,
  /** For callers: names no secret, of the URL no more than the host, and no address that it leads to. */
  lastError: z.string().optional(),
});
export type PushRecord = z.infer<typeof PushRecord>;

export interface StoredPush {
  readonly key: PushKey;
  readonly record: PushRecord;
  readonly version: number;
}

/** `version` 0: it was deleted. */
export type PushListener = (key: PushKey, version: number) => void;

const NAMESPACE = "push";
// Whose configurations there are: a key a tenant that ever had one.
const TENANTS: KeyValueScope = { tenantId: SYSTEM_TENANT, namespace: "push-tenants" };
const PAGE = 500;
const MAX_REMEMBERED = 1_000;
/** What needs no delivery any more stays for its owner to look at. */
const KEPT_MS: Record<Exclude<PushRecord["state"], "open">, number> = { done: 3_600_000, abandoned: 7 * 86_400_000 };

// Ids of tasks have no slash; those of configurations, which clients choose, may.
const nameOf = ({ taskId, configId }: PushKey): string => `${taskId}/${configId}`;

const keyOf = (tenantId: string, name: string): PushKey => {
  const slash = name.indexOf("/");
  return { tenantId, taskId: name.slice(0, slash), configId: name.slice(slash + 1) };
};

export class PushStore {
  private readonly keyValue: KeyValue;
  private readonly logger: Logger;
  private readonly announced = new Set<string>();
  /** Version of what was told to be unreadable. */
  private readonly unreadable = new Map<string, number>();

  constructor(keyValue: KeyValue, logger: Logger) {
    this.keyValue = keyValue;
    this.logger = logger;
  }

  /** Throws PAYLOAD_UNREADABLE. */
  async get(key: PushKey): Promise<StoredPush | null> {
    const entry = await this.keyValue.get(scopeOf(key.tenantId), nameOf(key));
    return entry === null ? null : storedOf(key, entry);
  }

  /** The new version, or null when another write came first. `expectedVersion` 0: it is new. */
  async put(key: PushKey, record: PushRecord, expectedVersion: number): Promise<number | null> {
    const { tenantId } = key;
    if (!this.announced.has(tenantId)) {
      await this.keyValue.put(TENANTS, tenantId, true, { expectedVersion: 0 });
      this.announced.add(tenantId);
    }
    const ttl = record.state === "open" ? {} : { ttlMs: KEPT_MS[record.state] };
    return this.keyValue.put(scopeOf(tenantId), nameOf(key), record, { expectedVersion, ...ttl });
  }

  /** False when it is gone, or another write came first. */
  delete(key: PushKey, expectedVersion: number): Promise<boolean> {
    return this.keyValue.delete(scopeOf(key.tenantId), nameOf(key), { expectedVersion });
  }

  /** Also what cannot be read. */
  async deleteOfTask({ tenantId, taskId }: TaskKey): Promise<void> {
    const scope = scopeOf(tenantId);
    for (;;) {
      const page = await this.keyValue.list(scope, { prefix: `${taskId}/`, limit: PAGE });
      for (const { key } of page) await this.keyValue.delete(scope, key);
      if (page.length < PAGE) return;
    }
  }

  /** Those of a task after the one of that id, in order of their ids. */
  ofTask({ tenantId, taskId }: TaskKey, after?: string): AsyncGenerator<StoredPush, void> {
    const from = after === undefined ? {} : { after: `${taskId}/${after}` };
    return this.pages(tenantId, { prefix: `${taskId}/`, ...from });
  }

  all(tenantId: string): AsyncGenerator<StoredPush, void> {
    return this.pages(tenantId, {});
  }

  /** Whose configurations to look for. */
  async tenants(): Promise<readonly string[]> {
    const found: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.keyValue.list(TENANTS, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      found.push(...page.map(({ key }) => key));
      after = page.at(-1)?.key;
      if (page.length < PAGE || after === undefined) return found;
    }
  }

  /** Told of changes through this process, and, as far as it is heard, through others. */
  watch(tenantId: string, listener: PushListener): () => void {
    return this.keyValue.watch(scopeOf(tenantId), ({ key, version }) => listener(keyOf(tenantId, key), version));
  }

  /** Told of tenants that have a configuration for the first time. */
  watchTenants(listener: () => void): () => void {
    return this.keyValue.watch(TENANTS, listener);
  }

  private async *pages(
    tenantId: string,
    options: { readonly prefix?: string; readonly after?: string },
  ): AsyncGenerator<StoredPush, void> {
    let { after } = options;
    for (;;) {
      const page = await this.keyValue.list(scopeOf(tenantId), {
        ...{ ...options, limit: PAGE },
        ...(after === undefined ? {} : { after }),
      });
      for (const entry of page) {
        const stored = this.readable(tenantId, entry);
        if (stored !== null) yield stored;
      }
      after = page.at(-1)?.key;
      if (page.length < PAGE) return;
    }
  }

  /** What cannot be read of one configuration keeps nothing of another's. It is told once, and again after it was written. */
  private readable(tenantId: string, entry: KeyValueEntry): StoredPush | null {
    try {
      return storedOf(keyOf(tenantId, entry.key), entry);
    } catch (thrown) {
      const { code, message } = PlatformError.from(thrown);
      if (code !== "PAYLOAD_UNREADABLE") throw thrown;
      const name = `${tenantId}/${entry.key}`;
      if (this.unreadable.get(name) === entry.version) return null;
      if (this.unreadable.size >= MAX_REMEMBERED) this.unreadable.clear();
      this.unreadable.set(name, entry.version);
      const { taskId, configId } = keyOf(tenantId, entry.key);
      this.logger.log("error", `a push configuration is left out: ${message}`, { tenantId, taskId, configId });
      return null;
    }
  }
}

/** Throws PAYLOAD_UNREADABLE, by the value's own hand or because it is none of ours. */
const storedOf = (key: PushKey, { value, version }: KeyValueEntry): StoredPush => {
  const parsed = PushRecord.safeParse(value);
  if (parsed.success) return { key, record: parsed.data, version };
  // The paths only: values may be secret.
  const paths = parsed.error.issues.map(({ path }) => path.join(".") || "(the whole)").slice(0, 5);
  throw new PlatformError(
    "PAYLOAD_UNREADABLE",
    `push configuration ${nameOf(key)} is not as this version keeps them, at ${paths.join(", ")}`,
  );
};

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: NAMESPACE });

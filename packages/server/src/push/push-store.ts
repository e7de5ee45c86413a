/** What is known of a webhook, in the key-value store: its configuration, and how far its task's log has been taken by it. */
import { TaskPushNotificationConfig } from "@agentcore/contract";
import type { KeyValue, KeyValueScope } from "@agentcore/core/ports";
import { z } from "zod";
import { SYSTEM_TENANT } from "../gateway/deps.ts";

export interface PushKey {
  readonly tenantId: string;
  readonly taskId: string;
  readonly configId: string;
}

const Seq = z.int().nonnegative();
const EpochMs = z.number();

export const PushRecord = z.object({
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
  failingSince: EpochMs.optional(),
  nextAttemptAt: EpochMs,
  /** Names no secret, and of the URL no more than the host. */
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
  private readonly announced = new Set<string>();

  constructor(keyValue: KeyValue) {
    this.keyValue = keyValue;
  }

  async get(key: PushKey): Promise<StoredPush | null> {
    const entry = await this.keyValue.get(scopeOf(key.tenantId), nameOf(key));
    return entry === null ? null : { key, record: PushRecord.parse(entry.value), version: entry.version };
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

  delete(key: PushKey): Promise<boolean> {
    return this.keyValue.delete(scopeOf(key.tenantId), nameOf(key));
  }

  /** Those of a task after the one of that id, in order of their ids; at most `limit`. */
  async ofTask(tenantId: string, taskId: string, limit: number, after?: string): Promise<readonly StoredPush[]> {
    const from = after === undefined ? {} : { after: `${taskId}/${after}` };
    return this.page(tenantId, { prefix: `${taskId}/`, limit, ...from });
  }

  async *all(tenantId: string): AsyncGenerator<StoredPush, void> {
    for (let after: string | undefined; ; ) {
      const page = await this.page(tenantId, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      yield* page;
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return;
      after = nameOf(last.key);
    }
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

  private async page(tenantId: string, options: Parameters<KeyValue["list"]>[1]): Promise<readonly StoredPush[]> {
    const entries = await this.keyValue.list(scopeOf(tenantId), options);
    return entries.map(({ key, value, version }) => ({
      key: keyOf(tenantId, key),
      record: PushRecord.parse(value),
      version,
    }));
  }
}

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: NAMESPACE });

import type { KeyValue, KeyValueEntry, KeyValueScope } from "@agentcore/core/ports";
import type { StoredValue } from "./key-value.ts";
import type { WorkerClient } from "./worker-client.ts";

const DEFAULT_LIST_LIMIT = 1000;
const MAX_LIST_LIMIT = 10_000;

type Listener = Parameters<KeyValue["watch"]>[1];

const scopeKey = (scope: KeyValueScope): string => JSON.stringify([scope.tenantId, scope.namespace]);
const plain = ({ tenantId, namespace }: KeyValueScope): KeyValueScope => ({ tenantId, namespace });

export class SqliteKeyValue implements KeyValue {
  private readonly worker: WorkerClient;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(worker: WorkerClient) {
    this.worker = worker;
  }

  async get(scope: KeyValueScope, key: string): Promise<KeyValueEntry | null> {
    const row = await this.worker.read("get", { scope: plain(scope), key });
    return row === null ? null : toEntry(row);
  }

  async put(
    scope: KeyValueScope,
    key: string,
    value: unknown,
    options: { expectedVersion?: number; ttlMs?: number } = {},
  ): Promise<number | null> {
    const text = JSON.stringify(value) ?? "null";
    const { expectedVersion = null, ttlMs = null } = options;
    const version = await this.worker.write(
      "put",
      { scope: plain(scope), key, value: text, expectedVersion, ttlMs },
      1,
      text.length,
    );
    if (version !== null) this.announce(scope, key, version);
    return version;
  }

  async delete(scope: KeyValueScope, key: string, options: { expectedVersion?: number } = {}): Promise<boolean> {
    const removed = await this.worker.write("delete", {
      scope: plain(scope),
      key,
      expectedVersion: options.expectedVersion ?? null,
    });
    if (removed) this.announce(scope, key, 0);
    return removed;
  }

  async list(
    scope: KeyValueScope,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): Promise<readonly KeyValueEntry[]> {
    const { prefix = "", after = null, limit = DEFAULT_LIST_LIMIT } = options;
    const rows = await this.worker.read("listValues", {
      scope: plain(scope),
      prefix,
      after,
      limit: Math.min(limit, MAX_LIST_LIMIT),
    });
    return rows.map(toEntry);
  }

  async add(
    scope: KeyValueScope,
    key: string,
    amount: number,
    options: { ceiling?: number } = {},
  ): Promise<number | null> {
    const added = await this.worker.write("add", {
      scope: plain(scope),
      key,
      amount,
      ceiling: options.ceiling ?? null,
    });
    if (added !== null) this.announce(scope, key, added.version);
    return added === null ? null : added.sum;
  }

  watch(scope: KeyValueScope, listener: Listener): () => void {
    const key = scopeKey(scope);
    const listeners = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, listeners);
    // A wrapper of its own, so that a listener registered twice is called twice and ended one at a time.
    const entry: Listener = (change) => listener(change);
    listeners.add(entry);
    return () => {
      listeners.delete(entry);
    };
  }

  private announce(scope: KeyValueScope, key: string, version: number): void {
    for (const listener of this.listeners.get(scopeKey(scope)) ?? []) queueMicrotask(() => listener({ key, version }));
  }
}

const toEntry = (row: StoredValue): KeyValueEntry => ({
  key: row.key,
  value: JSON.parse(row.value) as unknown,
  version: row.version,
});

/** KeyValue in plain Maps: JSON text by (tenant, namespace, key). Expired entries count as absent and go when touched. */
import { PlatformError } from "@agentcore/contract";
import type { KeyValue, KeyValueEntry, KeyValueScope } from "../ports/key-value.ts";
import type { Clock } from "../ports/senses.ts";
import type { StoreRow } from "../ports/store-archive.ts";

const DEFAULT_LIST_LIMIT = 1000;

interface Row {
  readonly value: string;
  readonly version: number;
  readonly expiresAt: number | null;
}

type Listener = Parameters<KeyValue["watch"]>[1];

const scopeKey = (scope: KeyValueScope): string => JSON.stringify([scope.tenantId, scope.namespace]);

class MemoryKeyValue implements ArchivedKeyValue {
  private readonly scopes = new Map<string, Map<string, Row>>();
  private readonly listeners = new Map<string, Set<Listener>>();
  // One counter for all keys, so that a key written again after a delete never repeats a version.
  private versions = 0;
  private readonly clock: Pick<Clock, "now">;

  constructor(clock: Pick<Clock, "now">, rows: readonly StoreRow[]) {
    this.clock = clock;
    for (const row of rows) {
      if (row.kind !== "value") continue;
      const { key, value, version, expiresAt } = row;
      this.rowsOf(row).set(key, { value, version, expiresAt });
      this.versions = Math.max(this.versions, version);
    }
  }

  rows(): readonly StoreRow[] {
    return [...this.scopes].flatMap(([scope, rows]) => {
      const [tenantId = "", namespace = ""] = JSON.parse(scope) as string[];
      return [...rows].map(([key, row]): StoreRow => ({ kind: "value", tenantId, namespace, key, ...row }));
    });
  }

  async get(scope: KeyValueScope, key: string): Promise<KeyValueEntry | null> {
    const row = this.live(scope, key);
    return row === undefined ? null : toEntry(key, row);
  }

  async put(
    scope: KeyValueScope,
    key: string,
    value: unknown,
    options: { expectedVersion?: number; ttlMs?: number } = {},
  ): Promise<number | null> {
    if (!this.holds(scope, key, options.expectedVersion)) return null;
    return this.write(scope, key, value, options.ttlMs === undefined ? null : this.clock.now() + options.ttlMs);
  }

  async delete(scope: KeyValueScope, key: string, options: { expectedVersion?: number } = {}): Promise<boolean> {
    const row = this.live(scope, key);
    if (row === undefined || !this.holds(scope, key, options.expectedVersion)) return false;
    this.rowsOf(scope).delete(key);
    this.announce(scope, key, 0);
    return true;
  }

  async list(
    scope: KeyValueScope,
    options: { prefix?: string; after?: string; limit?: number } = {},
  ): Promise<readonly KeyValueEntry[]> {
    const { prefix = "", after, limit = DEFAULT_LIST_LIMIT } = options;
    const keys = [...this.rowsOf(scope).keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort();
    const entries: KeyValueEntry[] = [];
    for (const key of keys) {
      if (entries.length >= limit) break;
      const row = this.live(scope, key);
      if (row !== undefined) entries.push(toEntry(key, row));
    }
    return entries;
  }

  async add(
    scope: KeyValueScope,
    key: string,
    amount: number,
    options: { ceiling?: number } = {},
  ): Promise<number | null> {
    const row = this.live(scope, key);
    const current: unknown = row === undefined ? 0 : JSON.parse(row.value);
    if (typeof current !== "number") throw new PlatformError("INVALID_ARGUMENT", `the value of ${key} is not a number`);
    const sum = current + amount;
    if (options.ceiling !== undefined && sum > options.ceiling) return null;
    this.write(scope, key, sum, row?.expiresAt ?? null);
    return sum;
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

  private write(scope: KeyValueScope, key: string, value: unknown, expiresAt: number | null): number {
    this.versions += 1;
    const version = this.versions;
    this.rowsOf(scope).set(key, { value: JSON.stringify(value) ?? "null", version, expiresAt });
    this.announce(scope, key, version);
    return version;
  }

  private announce(scope: KeyValueScope, key: string, version: number): void {
    for (const listener of this.listeners.get(scopeKey(scope)) ?? []) queueMicrotask(() => listener({ key, version }));
  }

  private holds(scope: KeyValueScope, key: string, expectedVersion: number | undefined): boolean {
    return expectedVersion === undefined || (this.live(scope, key)?.version ?? 0) === expectedVersion;
  }

  private live(scope: KeyValueScope, key: string): Row | undefined {
    const row = this.rowsOf(scope).get(key);
    if (row === undefined || row.expiresAt === null || row.expiresAt > this.clock.now()) return row;
    this.rowsOf(scope).delete(key);
    return undefined;
  }

  private rowsOf(scope: KeyValueScope): Map<string, Row> {
    const key = scopeKey(scope);
    const rows = this.scopes.get(key) ?? new Map<string, Row>();
    this.scopes.set(key, rows);
    return rows;
  }
}

const toEntry = (key: string, row: Row): KeyValueEntry => ({ key, value: JSON.parse(row.value), version: row.version });

export interface ArchivedKeyValue extends KeyValue {
  /** All that it holds now. */
  rows(): readonly StoreRow[];
}

/** `rows`: what it begins with; those of other stores' kinds are left out. @default nothing */
export const createMemoryKeyValue = (options: {
  readonly clock: Pick<Clock, "now">;
  readonly rows?: readonly StoreRow[];
}): ArchivedKeyValue => new MemoryKeyValue(options.clock, options.rows ?? []);

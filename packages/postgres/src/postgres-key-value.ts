import { PlatformError } from "@agentcore/contract";
import type { Clock, KeyValue, KeyValueEntry, KeyValueScope } from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { escapeText, unescapeText } from "./escape-text.ts";
import type { HintLine } from "./hint-line.ts";

const DEFAULT_LIST_LIMIT = 1000;
const MAX_LIST_LIMIT = 10_000;

type Listener = Parameters<KeyValue["watch"]>[1];

interface ValueRow {
  readonly key: string;
  readonly value: string;
  readonly version: number;
}

// A row that has expired counts as absent, so a write that expects absence may replace it. A version is drawn again once the row is
// locked: whoever had it meanwhile has drawn a later one than the first.
const PUT = `insert into key_values as k (tenant_id, namespace, key, value, version, expires_at)
  select $1, $2, $3, $4, nextval('key_value_versions'), $5
  where coalesce($6, 0) = 0 or exists (select from key_values where tenant_id = $1 and namespace = $2 and key = $3 and version = $6)
  on conflict (tenant_id, namespace, key) do update
    set value = excluded.value, version = nextval('key_value_versions'), expires_at = excluded.expires_at
    where $6::bigint is null or case when k.expires_at <= $7 then $6 = 0 else k.version = $6 end
  returning version`;
const DELETE = `delete from key_values where tenant_id = $1 and namespace = $2 and key = $3
  and (expires_at is null or expires_at > $4) and ($5::bigint is null or version = $5) returning version`;
const GET = `select key, value, version from key_values
  where tenant_id = $1 and namespace = $2 and key = $3 and (expires_at is null or expires_at > $4)`;
const LIST = `select key, value, version from key_values where tenant_id = $1 and namespace = $2
  and key > $3 and key >= $4 and starts_with(key, $4) and (expires_at is null or expires_at > $5) order by key limit $6`;
const ADD = `insert into key_values as k (tenant_id, namespace, key, value, version)
  select $1, $2, $3, to_jsonb($4::float8)::text, nextval('key_value_versions') where $5::float8 is null or $4 <= $5
    or exists (select from key_values where tenant_id = $1 and namespace = $2 and key = $3)
  on conflict (tenant_id, namespace, key) do update set
    value = to_jsonb(case when k.expires_at <= $6 then 0 else k.value::float8 end + $4)::text,
    version = nextval('key_value_versions'),
    expires_at = case when k.expires_at <= $6 then null else k.expires_at end
    where $5 is null or case when k.expires_at <= $6 then 0 else k.value::float8 end + $4 <= $5
  returning value, version`;
// Rows that somebody is writing are left to the next time.
const SWEEP = `delete from key_values where (tenant_id, namespace, key) in (
  select tenant_id, namespace, key from key_values where expires_at <= $1 order by expires_at limit $2 for update skip locked)`;

// Seldom enough to cost nothing, often enough that expired rows stay a small part; more rows than can have been written meanwhile, so
// that what had gathered goes too.
const WRITES_BETWEEN_SWEEPS = 1000;
const MAX_SWEPT = 5000;

export class PostgresKeyValue implements KeyValue {
  private readonly database: Database;
  private readonly clock: Pick<Clock, "now">;
  private readonly hints: HintLine;
  private readonly listeners = new Map<string, Set<Listener>>();
  private writes = 0;

  constructor(database: Database, clock: Pick<Clock, "now">, hints: HintLine) {
    this.database = database;
    this.clock = clock;
    this.hints = hints;
    hints.listen((hint) => {
      if (hint.kind === "value") this.tellListeners(hint.scope, hint.key, hint.version);
    });
  }

  async get(scope: KeyValueScope, key: string): Promise<KeyValueEntry | null> {
    const [row] = await this.database.query<ValueRow>("get", GET, [...address(scope, key), this.clock.now()]);
    return row === undefined ? null : toEntry(row);
  }

  async put(
    scope: KeyValueScope,
    key: string,
    value: unknown,
    { expectedVersion, ttlMs }: { expectedVersion?: number; ttlMs?: number } = {},
  ): Promise<number | null> {
    const now = this.clock.now();
    const text = JSON.stringify(value) ?? "null";
    const [row] = await this.database.query<{ version: number }>("put", PUT, [
      ...[
        ...address(scope, key),
        text,
        ttlMs === undefined ? null : Math.ceil(now + ttlMs),
        expectedVersion ?? null,
        now,
      ],
    ]);
    if (row === undefined) return null;
    this.announce(scope, key, row.version);
    await this.sweep(now);
    return row.version;
  }

  async delete(scope: KeyValueScope, key: string, options: { expectedVersion?: number } = {}): Promise<boolean> {
    const values = [...address(scope, key), this.clock.now(), options.expectedVersion ?? null];
    const removed = (await this.database.query("delete", DELETE, values)).length > 0;
    if (removed) this.announce(scope, key, 0);
    return removed;
  }

  async list(
    scope: KeyValueScope,
    { prefix = "", after = "", limit = DEFAULT_LIST_LIMIT }: { prefix?: string; after?: string; limit?: number } = {},
  ): Promise<readonly KeyValueEntry[]> {
    const rows = await this.database.query<ValueRow>("list", LIST, [
      ...[escapeText(scope.tenantId), escapeText(scope.namespace), escapeText(after), escapeText(prefix)],
      ...[this.clock.now(), Math.min(limit, MAX_LIST_LIMIT)],
    ]);
    return rows.map(toEntry);
  }

  async add(
    scope: KeyValueScope,
    key: string,
    amount: number,
    { ceiling }: { ceiling?: number } = {},
  ): Promise<number | null> {
    const current = await this.get(scope, key);
    if (current !== null && typeof current.value !== "number")
      throw new PlatformError("INVALID_ARGUMENT", `the value of ${key} is not a number`);
    const now = this.clock.now();
    const values = [...address(scope, key), amount, ceiling ?? null, now];
    const [row] = await this.database.query<{ value: string; version: number }>("add", ADD, values);
    if (row === undefined) return null;
    this.announce(scope, key, row.version);
    await this.sweep(now);
    return Number(row.value);
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

  private async sweep(now: number): Promise<void> {
    this.writes += 1;
    if (this.writes % WRITES_BETWEEN_SWEEPS !== 0) return;
    // The write is done, whatever becomes of this.
    await this.database.query("sweep", SWEEP, [now, MAX_SWEPT]).catch(() => undefined);
  }

  private announce(scope: KeyValueScope, key: string, version: number): void {
    const { tenantId, namespace } = scope;
    this.hints.tell({ kind: "value", scope: { tenantId, namespace }, key, version });
    this.tellListeners(scope, key, version);
  }

  private tellListeners(scope: KeyValueScope, key: string, version: number): void {
    for (const listener of this.listeners.get(scopeKey(scope)) ?? []) queueMicrotask(() => listener({ key, version }));
  }
}

const scopeKey = (scope: KeyValueScope): string => JSON.stringify([scope.tenantId, scope.namespace]);

const address = (scope: KeyValueScope, key: string): string[] => [scope.tenantId, scope.namespace, key].map(escapeText);

const toEntry = ({ key, value, version }: ValueRow): KeyValueEntry => ({
  key: unescapeText(key),
  value: JSON.parse(value) as unknown,
  version,
});

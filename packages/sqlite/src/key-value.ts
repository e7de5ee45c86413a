import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { KeyValueScope } from "@agentcore/core/ports";
import { WorkerFailure } from "./worker-failure.ts";

// Expired rows count as absent everywhere; they are removed now and then.
const GET = `select key, value, version, expires_at from key_values
  where tenant_id = ? and namespace = ? and key = ? and (expires_at is null or expires_at > ?)`;
const LIST = `select key, value, version, expires_at from key_values
  where tenant_id = ? and namespace = ? and key >= ? and key >= ? and (expires_at is null or expires_at > ?) order by key`;
const PUT = `insert into key_values (tenant_id, namespace, key, value, version, expires_at) values (?, ?, ?, ?, ?, ?)
  on conflict do update set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`;
const DELETE = "delete from key_values where tenant_id = ? and namespace = ? and key = ?";
const SWEEP = "delete from key_values where expires_at <= ?";
// One counter for all keys, so that a key written again after a delete never repeats a version.
const NEXT_VERSION = "update meta set value = value + 1 where name = 'keyValueVersion' returning value";

// Seldom enough to cost nothing, often enough that expired rows stay a small part.
const WRITES_BETWEEN_SWEEPS = 1000;

export interface StoredValue {
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly expires_at: number | null;
}

export class KeyValues {
  private readonly statements: Record<"get" | "list" | "put" | "remove" | "sweep" | "nextVersion", StatementSync>;
  private writes = 0;

  constructor(database: DatabaseSync) {
    this.statements = {
      get: database.prepare(GET),
      list: database.prepare(LIST),
      put: database.prepare(PUT),
      remove: database.prepare(DELETE),
      sweep: database.prepare(SWEEP),
      nextVersion: database.prepare(NEXT_VERSION),
    };
  }

  get(scope: KeyValueScope, key: string, now: number): StoredValue | null {
    const row = this.statements.get.get(scope.tenantId, scope.namespace, key, now) as unknown as
      | StoredValue
      | undefined;
    return row ?? null;
  }

  list(scope: KeyValueScope, prefix: string, after: string | null, limit: number, now: number): StoredValue[] {
    const rows: StoredValue[] = [];
    // Keys with a prefix stand together in key order, so the walk ends at the first without it.
    for (const row of this.statements.list.iterate(scope.tenantId, scope.namespace, after ?? "", prefix, now)) {
      const entry = row as unknown as StoredValue;
      if (entry.key === after) continue;
      if (rows.length >= limit || !entry.key.startsWith(prefix)) break;
      rows.push(entry);
    }
    return rows;
  }

  put(
    scope: KeyValueScope,
    key: string,
    value: string,
    expectedVersion: number | null,
    ttlMs: number | null,
    now: number,
  ): number | null {
    if (expectedVersion !== null && (this.get(scope, key, now)?.version ?? 0) !== expectedVersion) return null;
    return this.write(scope, key, value, ttlMs === null ? null : now + ttlMs, now);
  }

  remove(scope: KeyValueScope, key: string, expectedVersion: number | null, now: number): boolean {
    const current = this.get(scope, key, now);
    if (current === null || (expectedVersion !== null && current.version !== expectedVersion)) return false;
    this.statements.remove.run(scope.tenantId, scope.namespace, key);
    return true;
  }

  /** `null` when the sum would pass the ceiling. Throws INVALID_ARGUMENT on a value that is not a number. */
  add(
    scope: KeyValueScope,
    key: string,
    amount: number,
    ceiling: number | null,
    now: number,
  ): { readonly sum: number; readonly version: number } | null {
    const current = this.get(scope, key, now);
    const value: unknown = current === null ? 0 : JSON.parse(current.value);
    if (typeof value !== "number") throw new WorkerFailure("INVALID_ARGUMENT", `the value of ${key} is not a number`);
    const sum = value + amount;
    if (ceiling !== null && sum > ceiling) return null;
    return { sum, version: this.write(scope, key, JSON.stringify(sum), current?.expires_at ?? null, now) };
  }

  private write(scope: KeyValueScope, key: string, value: string, expiresAt: number | null, now: number): number {
    this.writes += 1;
    if (this.writes % WRITES_BETWEEN_SWEEPS === 0) this.statements.sweep.run(now);
    const version = Number(this.statements.nextVersion.get()?.["value"]);
    this.statements.put.run(scope.tenantId, scope.namespace, key, value, version, expiresAt);
    return version;
  }
}

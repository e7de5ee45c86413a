/** Accounts, reservations and sums of usage, inside the open transaction. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountBalance, AccountQuery, Reservation, Settlement, UsageRecord } from "@agentcore/core/ports";
import {
  type Balance,
  type checkLedgerRemoval,
  type LedgerRows,
  MAX_HELD_ROWS,
  type ReservationRefusal,
  reserve,
  settle,
  settleAtHeld,
} from "@agentcore/core/storage";
import { USAGE_COUNTS, USAGE_NAMES, usageColumns, usageOf } from "./usage-columns.ts";

const BALANCE = "select spent, reserved from ledger_accounts where tenant_id = ? and account = ?";
// Text is compared by its bytes, which is the order of code points.
const LISTED_ACCOUNTS = `select account, spent, reserved from ledger_accounts where tenant_id = :tenant
  and account between :prefix and :last and (spent > 0 or reserved > 0)
  order by account limit :limit`;
const SET_BALANCE = `insert into ledger_accounts (tenant_id, account, spent, reserved, ends_at) values (?, ?, ?, ?, ?)
  on conflict (tenant_id, account) do update set spent = excluded.spent, reserved = excluded.reserved,
    ends_at = coalesce(max(ends_at, excluded.ends_at), excluded.ends_at, ends_at)`;
const HELD = "select key, expires_at, amounts, usage from ledger_reservations where tenant_id = ? and key = ?";
const HOLD = "insert into ledger_reservations (tenant_id, key, expires_at, amounts, usage) values (?, ?, ?, ?, ?)";
const RELEASE = "delete from ledger_reservations where tenant_id = ? and key = ?";
// Numbers of ours stay below 2^53, so that JavaScript has them exactly.
const COUNT = `insert into ledger_usage (tenant_id, hour, ${USAGE_NAMES}, ${USAGE_COUNTS.join(", ")})
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (tenant_id, hour, ${USAGE_NAMES}) do update set
  ${USAGE_COUNTS.map((name) => `${name} = min(${Number.MAX_SAFE_INTEGER}, ${name} + excluded.${name})`).join(", ")}`;
const DUE = `select tenant_id, key, expires_at, amounts, usage from ledger_reservations
  where expires_at <= ? order by expires_at limit ?`;
const OLD_SUMS = `select hour, ${USAGE_NAMES} from ledger_usage where tenant_id = :tenant and hour <= :lastHour
  order by hour limit :limit`;
const OLD_ACCOUNTS = `select account from ledger_accounts where tenant_id = :tenant and ends_at <= :before and reserved = 0
  order by ends_at limit :limit`;
const REMOVE_SUMS = `delete from ledger_usage where tenant_id = :tenant and (hour, ${USAGE_NAMES}) in (${OLD_SUMS})`;
const REMOVE_ACCOUNTS = `delete from ledger_accounts where tenant_id = :tenant and account in (${OLD_ACCOUNTS})`;
const COUNT_OLD = `select (select count(*) from (${OLD_SUMS})) + (select count(*) from (${OLD_ACCOUNTS})) as count`;
// From one tenant to the next along the key, whatever each of them has.
const tenantsOf = (table: string): string => `select tenant_id from (with recursive tenants (tenant_id) as (
    select min(tenant_id) from ${table} union all
    select (select min(l.tenant_id) from ${table} l where l.tenant_id > t.tenant_id) from tenants t where t.tenant_id is not null
  ) select tenant_id from tenants where tenant_id is not null)`;
const TENANTS = `${tenantsOf("ledger_usage")} union ${tenantsOf("ledger_accounts")}`;
const LISTED = `select key, expires_at, amounts, usage from ledger_reservations
  where tenant_id = ? order by expires_at, key limit ${MAX_HELD_ROWS}`;
const USAGE = `select hour, ${USAGE_NAMES}, ${USAGE_COUNTS.join(", ")} from ledger_usage
  where tenant_id = :tenant and hour < :to and (hour, ${USAGE_NAMES}) > (:hour, :agent, :team, :model, :caller)
    and (:ofAgent is null or agent = :ofAgent) and (:ofTeam is null or team = :ofTeam)
    and (:ofModel is null or model = :ofModel) and (:ofCaller is null or caller = :ofCaller)
  order by hour, ${USAGE_NAMES} limit :limit`;

interface StoredReservation {
  readonly key: string;
  readonly expires_at: number;
  readonly amounts: string;
  readonly usage: string;
}

export interface AccountRange extends AccountQuery {
  readonly tenantId: string;
  readonly last: string;
}

export type CheckedRemoval = ReturnType<typeof checkLedgerRemoval>;

export interface UsagePage {
  readonly tenantId: string;
  /** Hours before it. */
  readonly to: number;
  /** The row that the page begins behind. */
  readonly after: readonly [hour: number, agent: string, team: string, model: string, caller: string];
  readonly agent: string | null;
  readonly team: string | null;
  readonly model: string | null;
  readonly caller: string | null;
  readonly limit: number;
}

export class LedgerTable implements LedgerRows {
  private readonly statements: ReturnType<typeof prepareAll>;

  constructor(database: DatabaseSync) {
    this.statements = prepareAll(database);
  }

  /** Null: it is held. When it is refused nothing is written. */
  reserve(tenantId: string, reservation: Reservation): ReservationRefusal | null {
    return reserve(this, tenantId, reservation);
  }

  settle(tenantId: string, settlement: Settlement): void {
    settle(this, tenantId, settlement);
  }

  expire(now: number, limit: number): number {
    const due = this.statements.due.all(now, limit) as unknown as (StoredReservation & {
      readonly tenant_id: string;
    })[];
    for (const row of due) settleAtHeld(this, row.tenant_id, toReservation(row));
    return due.length;
  }

  removeSpent({ tenantId: tenant, before, lastHour, limit, dryRun }: CheckedRemoval): number {
    const { removeSums, removeAccounts, countOld } = this.statements;
    if (dryRun) return Number(countOld.get({ tenant, lastHour, before, limit })?.["count"]);
    const sums = removeSums.run({ tenant, lastHour, limit }).changes;
    return Number(sums) + Number(removeAccounts.run({ tenant, before, limit }).changes);
  }

  tenants(): string[] {
    return this.statements.tenants.all().map((row) => String(row["tenant_id"]));
  }

  balances(tenantId: string, accounts: readonly string[]): AccountBalance[] {
    return accounts.map((account) => ({ account, ...this.balance(tenantId, account) }));
  }

  accounts({ tenantId, prefix, last, limit }: AccountRange): AccountBalance[] {
    const rows = this.statements.accounts.all({ tenant: tenantId, prefix, last, limit }) as unknown as AccountBalance[];
    return rows.map(({ account, spent, reserved }) => ({ account, spent, reserved }));
  }

  listed(tenantId: string): Omit<Reservation, "usage">[] {
    const rows = this.statements.listed.all(tenantId) as unknown as StoredReservation[];
    return rows.map(toReservation).map(({ key, expiresAt, amounts }) => ({ key, expiresAt, amounts }));
  }

  usage({ tenantId, to, after, agent, team, model, caller, limit }: UsagePage): UsageRecord[] {
    const [hour, afterAgent, afterTeam, afterModel, afterCaller] = after;
    const rows = this.statements.usage.all({
      ...{ tenant: tenantId, to, hour, agent: afterAgent, team: afterTeam, model: afterModel, caller: afterCaller },
      ...{ ofAgent: agent, ofTeam: team, ofModel: model, ofCaller: caller, limit },
    });
    return rows.map(usageOf);
  }

  balance(tenantId: string, account: string): Balance {
    const row = this.statements.balance.get(tenantId, account) as unknown as Balance | undefined;
    return row === undefined ? { spent: 0, reserved: 0 } : { spent: row.spent, reserved: row.reserved };
  }

  setBalance(tenantId: string, account: string, { spent, reserved }: Balance, endsAt: number | null): void {
    this.statements.setBalance.run(tenantId, account, spent, reserved, endsAt);
  }

  held(tenantId: string, key: string): Reservation | null {
    const row = this.statements.held.get(tenantId, key) as unknown as StoredReservation | undefined;
    return row === undefined ? null : toReservation(row);
  }

  hold(tenantId: string, { key, expiresAt, amounts, usage }: Reservation): void {
    this.statements.hold.run(tenantId, key, expiresAt, JSON.stringify(amounts), JSON.stringify(usage));
  }

  release(tenantId: string, key: string): void {
    this.statements.release.run(tenantId, key);
  }

  count(tenantId: string, usage: UsageRecord): void {
    this.statements.count.run(tenantId, ...usageColumns(usage));
  }
}

const prepareAll = (database: DatabaseSync) => ({
  balance: database.prepare(BALANCE),
  accounts: database.prepare(LISTED_ACCOUNTS),
  setBalance: database.prepare(SET_BALANCE),
  held: database.prepare(HELD),
  hold: database.prepare(HOLD),
  release: database.prepare(RELEASE),
  count: database.prepare(COUNT),
  due: database.prepare(DUE),
  listed: database.prepare(LISTED),
  removeSums: database.prepare(REMOVE_SUMS),
  removeAccounts: database.prepare(REMOVE_ACCOUNTS),
  countOld: database.prepare(COUNT_OLD),
  tenants: database.prepare(TENANTS),
  usage: database.prepare(USAGE),
});

const toReservation = ({ key, expires_at: expiresAt, amounts, usage }: StoredReservation): Reservation => ({
  ...{ key, expiresAt },
  amounts: JSON.parse(amounts) as Reservation["amounts"],
  usage: JSON.parse(usage) as UsageRecord,
});

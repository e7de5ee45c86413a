/** The ledger on the tables in memory. */
import type {
  AccountBalance,
  AccountQuery,
  LedgerRemoval,
  Reservation,
  UsageQuery,
  UsageRecord,
} from "../ports/ledger.ts";
import {
  addedUp,
  type Balance,
  checkAccountQuery,
  checkAccounts,
  checkExpiry,
  checkLedgerRemoval,
  checkUsageQuery,
  compareIds,
  type LedgerRows,
  MAX_HELD_ROWS,
  MAX_USAGE_ROWS,
  settleAtHeld,
  tooMuchUsage,
} from "../storage/index.ts";
import { byText, compose, type MemoryTables } from "./memory-tables.ts";

const NOTHING: Balance = { spent: 0, reserved: 0 };

export class MemoryLedgerRows implements LedgerRows {
  private readonly tables: MemoryTables;
  private readonly undo: (() => void)[];

  /** `undo` is given what takes each change back. */
  constructor(tables: MemoryTables, undo: (() => void)[]) {
    this.tables = tables;
    this.undo = undo;
  }

  balance(tenantId: string, account: string): Balance {
    return this.tables.accounts.get(compose(tenantId, account)) ?? NOTHING;
  }

  setBalance(tenantId: string, account: string, { spent, reserved }: Balance, endsAt: number | null): void {
    const name = compose(tenantId, account);
    const before = this.tables.accounts.get(name)?.endsAt ?? null;
    const end = endsAt === null || before === null ? (endsAt ?? before) : Math.max(endsAt, before);
    this.set(this.tables.accounts, name, { tenantId, account, spent, reserved, endsAt: end });
  }

  held(tenantId: string, key: string): Reservation | null {
    return this.tables.reservations.get(compose(tenantId, key)) ?? null;
  }

  hold(tenantId: string, reservation: Reservation): void {
    this.set(this.tables.reservations, compose(tenantId, reservation.key), { tenantId, ...reservation });
  }

  release(tenantId: string, key: string): void {
    const name = compose(tenantId, key);
    const held = this.tables.reservations.get(name);
    if (held === undefined) return;
    this.tables.reservations.delete(name);
    this.undo.push(() => this.tables.reservations.set(name, held));
  }

  count(tenantId: string, usage: UsageRecord): void {
    const { hour, agent, team, model, caller } = usage;
    const name = compose(tenantId, String(hour), agent, team, model, caller);
    const before = this.tables.usage.get(name);
    const counts = before === undefined ? usage : addedUp(before, usage);
    this.set(this.tables.usage, name, { tenantId, hour, agent, team, model, caller, ...counts });
  }

  private set<Value>(table: Map<string, Value>, name: string, value: Value): void {
    const before = table.get(name);
    table.set(name, value);
    this.undo.push(() => (before === undefined ? table.delete(name) : table.set(name, before)));
  }
}

export const balancesInMemory = (
  tables: MemoryTables,
  tenantId: string,
  accounts: readonly string[],
): AccountBalance[] =>
  checkAccounts(accounts).map((account) => {
    const { spent, reserved } = tables.accounts.get(compose(tenantId, account)) ?? NOTHING;
    return { account, spent, reserved };
  });

export const accountsInMemory = (tables: MemoryTables, tenantId: string, query: AccountQuery): AccountBalance[] => {
  const { prefix, limit } = checkAccountQuery(query);
  return [...tables.accounts.values()]
    .filter(({ spent, reserved }) => spent > 0 || reserved > 0)
    .filter((row) => row.tenantId === tenantId && row.account.startsWith(prefix))
    .sort((left, right) => compareIds(left.account, right.account))
    .slice(0, limit)
    .map(({ account, spent, reserved }) => ({ account, spent, reserved }));
};

export const usageInMemory = (tables: MemoryTables, query: UsageQuery): UsageRecord[] => {
  const { tenantId, from, to, ...names } = checkUsageQuery(query);
  const found = [...tables.usage.values()].filter(
    (row) =>
      row.tenantId === tenantId &&
      row.hour >= from &&
      row.hour < to &&
      (["agent", "team", "model", "caller"] as const).every(
        (name) => names[name] === undefined || row[name] === names[name],
      ),
  );
  if (found.length > MAX_USAGE_ROWS) throw tooMuchUsage();
  found.sort((left, right) => left.hour - right.hour);
  return found.map((row) => {
    const { tenantId: _, ...usage } = row;
    return usage;
  });
};

export const expireInMemory = (tables: MemoryTables, now: number, limit: number): number => {
  checkExpiry(now, limit);
  const due = [...tables.reservations.values()]
    .filter(({ expiresAt }) => expiresAt <= now)
    .sort((left, right) => left.expiresAt - right.expiresAt)
    .slice(0, limit);
  const rows = new MemoryLedgerRows(tables, []);
  for (const { tenantId, ...held } of due) settleAtHeld(rows, tenantId, held);
  return due.length;
};

export const removeSpentInMemory = (tables: MemoryTables, removal: LedgerRemoval): number => {
  const { tenantId, before, lastHour, limit, dryRun } = checkLedgerRemoval(removal);
  const ofTenant = (row: { readonly tenantId: string }): boolean => row.tenantId === tenantId;
  const sums = [...tables.usage]
    .filter(([, row]) => ofTenant(row) && row.hour <= lastHour)
    .sort(([, left], [, right]) => left.hour - right.hour)
    .slice(0, limit);
  const accounts = [...tables.accounts]
    .filter(([, row]) => ofTenant(row) && row.endsAt !== null && row.endsAt <= before && row.reserved === 0)
    .sort(([, left], [, right]) => Number(left.endsAt) - Number(right.endsAt))
    .slice(0, limit);
  if (!dryRun) {
    for (const [name] of sums) tables.usage.delete(name);
    for (const [name] of accounts) tables.accounts.delete(name);
  }
  return sums.length + accounts.length;
};

export const ledgerTenantsInMemory = (tables: MemoryTables): string[] => [
  ...new Set([...tables.usage.values(), ...tables.accounts.values()].map(({ tenantId }) => tenantId)),
];

export const heldInMemory = (tables: MemoryTables, tenantId: string): Omit<Reservation, "usage">[] =>
  [...tables.reservations.values()]
    .filter((row) => row.tenantId === tenantId)
    .sort((left, right) => left.expiresAt - right.expiresAt || byText(left.key, right.key))
    .slice(0, MAX_HELD_ROWS)
    .map(({ key, expiresAt, amounts }) => ({ key, expiresAt, amounts }));

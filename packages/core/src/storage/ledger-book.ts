/** What reservations and settlements do to the rows of a ledger, for stores that change them one by one, in one transaction. */
import type { Reservation, Settlement, UsageCounts, UsageRecord } from "../ports/ledger.ts";
import { USAGE_COUNTS } from "./ledger-input.ts";

export interface Balance {
  readonly spent: number;
  readonly reserved: number;
}

export interface LedgerRows {
  /** Zeros when nothing was written yet. */
  balance(tenantId: string, account: string): Balance;
  /** `endsAt` moves the account's end on; null leaves it. */
  setBalance(tenantId: string, account: string, balance: Balance, endsAt: number | null): void;
  held(tenantId: string, key: string): Reservation | null;
  hold(tenantId: string, reservation: Reservation): void;
  release(tenantId: string, key: string): void;
  /** Adds to the sums (`addedUp`). */
  count(tenantId: string, usage: UsageRecord): void;
}

export type ReservationRefusal =
  | { readonly outcome: "stale"; readonly reason: "exists" }
  | { readonly outcome: "stale"; readonly reason: "limit"; readonly account: string };

/** Null: it is held. When it is refused nothing is written. */
export const reserve = (rows: LedgerRows, tenantId: string, reservation: Reservation): ReservationRefusal | null => {
  if (rows.held(tenantId, reservation.key) !== null) return { outcome: "stale", reason: "exists" };
  for (const { account, amount, ceiling } of reservation.amounts) {
    const { spent, reserved } = rows.balance(tenantId, account);
    if (spent + reserved + amount > ceiling) return { outcome: "stale", reason: "limit", account };
  }
  for (const { account, amount, endsAt = null } of reservation.amounts) {
    const { spent, reserved } = rows.balance(tenantId, account);
    rows.setBalance(tenantId, account, { spent, reserved: reserved + amount }, endsAt);
  }
  const amounts = reservation.amounts.map(({ account, amount, ceiling }) => ({ account, amount, ceiling }));
  rows.hold(tenantId, { ...reservation, amounts });
  return null;
};

export const settle = (rows: LedgerRows, tenantId: string, { key, amounts, usage }: Settlement): void => {
  if (key !== null) {
    const held = rows.held(tenantId, key);
    if (held === null) return;
    end(rows, tenantId, held, new Map(amounts.map(({ account, amount }) => [account, amount])));
  }
  rows.count(tenantId, usage);
};

/** Of one whose call nobody knows the end of. */
export const settleAtHeld = (rows: LedgerRows, tenantId: string, held: Reservation): void => {
  end(rows, tenantId, held, new Map(held.amounts.map(({ account, amount }) => [account, amount])));
  rows.count(tenantId, held.usage);
};

const end = (rows: LedgerRows, tenantId: string, held: Reservation, cost: ReadonlyMap<string, number>): void => {
  for (const { account, amount } of held.amounts) {
    const { spent, reserved } = rows.balance(tenantId, account);
    const balance = { spent: sum(spent, cost.get(account) ?? 0), reserved: reserved - amount };
    rows.setBalance(tenantId, account, balance, null);
  }
  rows.release(tenantId, held.key);
};

export const addedUp = (left: UsageCounts, right: UsageCounts): UsageCounts =>
  Object.fromEntries(USAGE_COUNTS.map((name) => [name, sum(left[name], right[name])])) as unknown as UsageCounts;

const sum = (left: number, right: number): number => Math.min(Number.MAX_SAFE_INTEGER, left + right);

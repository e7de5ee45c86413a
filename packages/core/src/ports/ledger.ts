/**
 * What model calls may cost and have cost: counters with ceilings, reservations that hold a part of them, and sums of usage. All of it changes
 * in commit units, so a reservation is durable before its call begins, and a settlement is as durable as the result it belongs to (I9).
 *
 * A counter is an account: what has been spent, and what is held for calls under way. Amounts are whole numbers from 0 to 2^53 - 1: billionths of a
 * US dollar of money, tokens, or calls; which of them is part of the account's name, as is the period it stands for. A sum that would be more stays at
 * 2^53 - 1, so what cannot be counted any more cannot be reserved either.
 *
 * Names are well-formed text of at most 512 characters. A commit with a part that breaks a bound of this file throws INVALID_ARGUMENT, and nothing of it
 * is written.
 */

export interface LedgerAmount {
  /** 1 to 512 characters. */
  readonly account: string;
  readonly amount: number;
}

export interface ReservedAmount extends LedgerAmount {
  /** Spent, held and `amount` together may not exceed it. */
  readonly ceiling: number;
  /**
   * Milliseconds since 1970 when nothing more is counted on the account, so that it may go some time later; the latest that was given. It is no part of
   * what `reservations` tells. @default what was given before; never, if none was
   */
  readonly endsAt?: number | undefined;
}

/** Holds amounts of up to 64 accounts, each named once, all or none. Judged after the settlements of its unit. */
export interface Reservation {
  /**
   * Unique in the tenant, 1 to 512 characters: of one try of a call. While one is held under it, another is refused (`exists`), whatever its amounts. It is free
   * again once what was held is settled, or has expired.
   */
  readonly key: string;
  /** Milliseconds since 1970: the call is over by then, and what is not settled counts as spent. */
  readonly expiresAt: number;
  readonly amounts: readonly ReservedAmount[];
  /** What is noted when it expires. */
  readonly usage: UsageRecord;
}

/** Ends a reservation: what it held is given back, and what the call came to is spent instead. */
export interface Settlement {
  /**
   * When nothing is held under it, because it has expired or was settled, nothing of the settlement is written. Null: nothing was reserved, as no
   * limit stands on the call, and only its usage is written.
   */
  readonly key: string | null;
  /** At most 64. Accounts that are not named, or were not reserved, get nothing. More than was held is written all the same. */
  readonly amounts: readonly LedgerAmount[];
  readonly usage: UsageRecord;
}

/** What one call adds to the sums. */
export interface UsageRecord extends UsageKey, UsageCounts {}

export interface UsageKey {
  /** Beginning of the hour, milliseconds since 1970: a multiple of 3,600,000. */
  readonly hour: number;
  /** "" for calls that no agent made. */
  readonly agent: string;
  /** Label `team` of the agent, "" without one. */
  readonly team: string;
  /** As reasons call it: a Model manifest or `provider/model`. */
  readonly model: string;
  readonly caller: string;
}

export interface UsageCounts {
  readonly calls: number;
  /** Those of which the provider reported no usable numbers: what is counted of them is an estimate, or the worst case. */
  readonly estimatedCalls: number;
  readonly inputTokens: number;
  /** Of `inputTokens`, those read from the provider's prompt cache. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly costNanoUsd: number;
  /** Answers that needed no call, and what they would have cost. */
  readonly cacheHits: number;
  readonly savedNanoUsd: number;
}

export interface AccountBalance {
  readonly account: string;
  readonly spent: number;
  /** Held by reservations. */
  readonly reserved: number;
}

export interface AccountQuery {
  /** 1 to 512 characters. */
  readonly prefix: string;
  readonly limit: number;
}

export interface UsageQuery {
  readonly tenantId: string;
  /** Hours that begin at or after it, and before `to`. */
  readonly from: number;
  readonly to: number;
  readonly agent?: string | undefined;
  readonly team?: string | undefined;
  readonly model?: string | undefined;
  readonly caller?: string | undefined;
}

export interface LedgerRemoval {
  readonly tenantId: string;
  /** Milliseconds since 1970: sums of hours, and accounts, that ended at or before it. */
  readonly before: number;
  /** Most sums, and most accounts: 1 to 10,000. */
  readonly limit: number;
  /** Only tell. @default false */
  readonly dryRun?: boolean | undefined;
}

/** What people are asked to grant, and what is added when they do, if it is needed still. It travels in an error, so it is JSON. */
export interface BudgetGrant {
  readonly budget: string;
  readonly grants: readonly {
    readonly account: string;
    readonly amount: number;
    /** The most that the waiting call may cost: nothing is added while so much is left. @default it is added whatever is left */
    readonly asked?: number | undefined;
  }[];
  /** What that is, for people: `$5.00`, `1000 tokens`. */
  readonly more: string;
  readonly approvers: readonly string[];
}

/** Reads, and what nobody waits for. Part of the TaskStore, which writes all else in its units. */
export interface Ledger {
  /** Of at most 500 accounts, in the order asked for; what was never written is 0. Throws TOO_LARGE beyond. */
  balances(tenantId: string, accounts: readonly string[]): Promise<readonly AccountBalance[]>;
  /**
   * Accounts whose names begin with `prefix`, of which something is spent or held, in the order of names (by code point), at most `limit`
   * (1 to 1,000).
   */
  accounts(tenantId: string, query: AccountQuery): Promise<readonly AccountBalance[]>;
  /** Sums by hour, agent, team, model and caller, oldest first; at most 100,000. Throws TOO_LARGE beyond. */
  usage(query: UsageQuery): Promise<readonly UsageRecord[]>;
  /**
   * Settles reservations of all tenants whose `expiresAt` is at or before `now`, at what they held, at most `limit` (1 to 10,000) of them. Returns
   * how many; several processes may do so at once.
   */
  expireReservations(now: number, limit: number): Promise<number>;
  /**
   * Removes sums of usage and accounts that are over, the oldest first; an account of which something is held stays. Returns how many rows went: fewer than
   * `limit` when nothing is left.
   */
  removeSpent(removal: LedgerRemoval): Promise<number>;
  /** Those of which there are sums of usage or accounts. */
  ledgerTenants(): Promise<readonly string[]>;
  /** Held in the tenant now, the soonest to expire first, at most 1,000. */
  reservations(tenantId: string): Promise<readonly Omit<Reservation, "usage">[]>;
}

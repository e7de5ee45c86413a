/** A ledger that is plain to see through, with random work for it: what the stores' own is held against. */
import type { AccountBalance, Reservation, Settlement, UsageRecord } from "../ports/ledger.ts";
import type { CommitOutcome, CommitUnit } from "../ports/task-store.ts";
import { ensure } from "./assertions.ts";

const TENANTS = ["acme", "globex"];
const KEYS = ["k1", "k2", "k3", "k4", "k5", "k6"];
const START = 1_750_000_000_000;
const HOUR_MS = 3_600_000;
const CEILING = 1000;

interface Held extends Reservation {
  readonly tenantId: string;
}

interface Book {
  held: readonly Held[];
  /** Of each tenant and account, what each call has cost. */
  spent: readonly { readonly tenantId: string; readonly account: string; readonly amount: number }[];
  used: readonly { readonly tenantId: string; readonly usage: UsageRecord }[];
}

export class ReferenceLedger {
  readonly accounts = ["day", "month", "team"];
  private book: Book = { held: [], spent: [], used: [] };
  /** Spent beyond what was held for it. */
  private excess = 0;
  private state: number;
  private now = START;

  constructor(seed: number) {
    this.state = seed * 2_654_435_761 + 1;
  }

  /** Units of one commit, and what must become of each. */
  batch(): { readonly units: readonly CommitUnit[]; readonly outcomes: readonly CommitOutcome[] } {
    const units = Array.from({ length: 1 + this.random(6) }, () => this.unit());
    const outcomes = units.map((unit) => this.write(unit));
    for (const tenantId of TENANTS)
      for (const { spent, reserved } of this.balances(tenantId))
        ensure(
          spent + reserved <= CEILING + this.excess,
          "more than the ceiling, and what calls cost beyond their reservation",
        );
    return { units, outcomes };
  }

  expire(): { readonly now: number; readonly limit: number; readonly count: number } {
    this.now += 400;
    const limit = 100;
    const due = this.book.held.filter(({ expiresAt }) => expiresAt <= this.now);
    for (const held of due) this.end(held.tenantId, held, held.amounts, held.usage);
    return { now: this.now, limit, count: due.length };
  }

  balances(tenantId: string): readonly AccountBalance[] {
    const sum = (rows: readonly { readonly account: string; readonly amount: number }[], account: string): number =>
      rows.reduce((total, row) => total + (row.account === account ? row.amount : 0), 0);
    const held = this.book.held.filter((row) => row.tenantId === tenantId).flatMap(({ amounts }) => amounts);
    const spent = this.book.spent.filter((row) => row.tenantId === tenantId);
    return this.accounts.map((account) => ({ account, spent: sum(spent, account), reserved: sum(held, account) }));
  }

  reservations(tenantId: string): readonly Omit<Reservation, "usage">[] {
    const found = this.book.held.filter((row) => row.tenantId === tenantId);
    return found.map(({ key, expiresAt, amounts }) => ({ key, expiresAt, amounts }));
  }

  usage(tenantId: string): readonly UsageRecord[] {
    const rows: UsageRecord[] = [];
    for (const { usage } of this.book.used.filter((row) => row.tenantId === tenantId)) {
      const found = rows.findIndex(({ hour, model }) => hour === usage.hour && model === usage.model);
      const row = rows[found];
      if (row === undefined) rows.push(usage);
      else
        rows[found] = {
          ...row,
          calls: row.calls + usage.calls,
          estimatedCalls: row.estimatedCalls + usage.estimatedCalls,
          costNanoUsd: row.costNanoUsd + usage.costNanoUsd,
        };
    }
    return rows;
  }

  private write(unit: CommitUnit): CommitOutcome {
    const { tenantId, settle = [], reserve } = unit;
    const before = this.book;
    for (const { key, amounts, usage } of settle) {
      const held = this.book.held.find((row) => row.tenantId === tenantId && row.key === key);
      if (key === null) this.book = { ...this.book, used: [...this.book.used, { tenantId, usage }] };
      else if (held !== undefined) this.end(tenantId, held, amounts, usage);
    }
    if (reserve === undefined) return { outcome: "committed" };
    if (this.book.held.some((row) => row.tenantId === tenantId && row.key === reserve.key)) {
      this.book = before;
      return { outcome: "stale", reason: "exists" };
    }
    const balances = this.balances(tenantId);
    const short = reserve.amounts.find(({ account, amount, ceiling }) => {
      const { spent = 0, reserved = 0 } = balances.find((row) => row.account === account) ?? {};
      return spent + reserved + amount > ceiling;
    });
    if (short !== undefined) {
      this.book = before;
      return { outcome: "stale", reason: "limit", account: short.account };
    }
    this.book = { ...this.book, held: [...this.book.held, { tenantId, ...reserve }] };
    return { outcome: "committed" };
  }

  private end(tenantId: string, held: Held, cost: Settlement["amounts"], usage: UsageRecord): void {
    const spent = cost.filter(({ account }) => held.amounts.some((row) => row.account === account));
    for (const { account, amount } of spent)
      this.excess += Math.max(0, amount - (held.amounts.find((row) => row.account === account)?.amount ?? 0));
    this.book = {
      held: this.book.held.filter((row) => row !== held),
      spent: [...this.book.spent, ...spent.map((row) => ({ tenantId, ...row }))],
      used: [...this.book.used, { tenantId, usage }],
    };
  }

  private unit(): CommitUnit {
    const tenantId = this.pick(TENANTS);
    const reserves = this.random(3) > 0;
    const settles = reserves ? this.random(2) * this.random(2) : 1 + this.random(2);
    return {
      tenantId,
      ...(settles === 0 ? {} : { settle: Array.from({ length: settles }, () => this.settlement()) }),
      ...(reserves ? { reserve: this.reservation() } : {}),
    };
  }

  private reservation(): Reservation {
    const amounts = this.accounts
      .filter(() => this.random(3) > 0)
      .map((account) => ({ account, amount: this.random(120), ceiling: CEILING }));
    const usage = this.usageRecord({ estimatedCalls: 1 });
    return { key: this.pick(KEYS), expiresAt: this.now + this.random(1000), amounts, usage };
  }

  private settlement(): Settlement {
    const amounts = this.accounts
      .filter(() => this.random(4) > 0)
      .map((account) => ({ account, amount: this.random(this.random(6) === 0 ? 200 : 60) }));
    return { key: this.random(6) === 0 ? null : this.pick(KEYS), amounts, usage: this.usageRecord({}) };
  }

  private usageRecord(change: Partial<UsageRecord>): UsageRecord {
    const hour = START - (START % HOUR_MS) + this.random(2) * HOUR_MS;
    return {
      ...{ hour, agent: "scorer", team: "", model: this.pick(["small", "large"]), caller: "ann", calls: 1 },
      ...{ estimatedCalls: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costNanoUsd: this.random(50) },
      ...{ cacheHits: 0, savedNanoUsd: 0, ...change },
    };
  }

  private pick(names: readonly string[]): string {
    return names[this.random(names.length)] ?? "";
  }

  private random(below: number): number {
    this.state = (Math.imul(this.state ^ (this.state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return this.state % below;
  }
}

/** What is read of the ledger, and what nobody waits for. */
import type {
  AccountBalance,
  AccountQuery,
  LedgerRemoval,
  Reservation,
  UsageQuery,
  UsageRecord,
} from "@agentcore/core/ports";
import {
  checkAccountQuery,
  checkAccounts,
  checkExpiry,
  checkLedgerRemoval,
  checkUsageQuery,
  MAX_HELD_ROWS,
  MAX_USAGE_ROWS,
  tooMuchUsage,
} from "@agentcore/core/storage";
import type { Database } from "./database.ts";
import { escapeText, unescapeText } from "./escape-text.ts";
import { COUNT_COLUMNS, fromUsageRow, type UsageColumns } from "./usage-row.ts";

const BALANCES = "select account, spent, reserved from ledger_accounts where tenant_id = $1 and account = any ($2)";
const ACCOUNTS = `select account, spent, reserved from ledger_accounts where tenant_id = $1 and account between $2 and $3
  and (spent > 0 or reserved > 0) order by account limit $4`;
const USAGE = `select hour, agent, team, model, caller, ${COUNT_COLUMNS.join(", ")} from ledger_usage
  where tenant_id = $1 and hour >= $2 and hour < $3 and ($4::text is null or agent = $4) and ($5::text is null or team = $5)
    and ($6::text is null or model = $6) and ($7::text is null or caller = $7)
  order by hour limit ${MAX_USAGE_ROWS + 1}`;
const HELD = `select key, expires_at, amounts from ledger_reservations where tenant_id = $1
  order by expires_at, key collate "C" limit ${MAX_HELD_ROWS}`;

// Rows that somebody writes at this moment are left to the next time.
const OLD_SUMS = "select ctid from ledger_usage where tenant_id = $1 and hour <= $2 order by hour limit $4";
const OLD_ACCOUNTS = `select account from ledger_accounts where tenant_id = $1 and ends_at <= $3 and reserved = 0
  order by ends_at limit $4`;
const REMOVE = `with sums as (
    delete from ledger_usage where ctid = any (array(${OLD_SUMS} for update skip locked)) returning 1
  ), accounts as (
    delete from ledger_accounts where tenant_id = $1 and account = any (array(${OLD_ACCOUNTS} for update skip locked))
      and ends_at <= $3 and reserved = 0 returning 1
  ) select ((select count(*) from sums) + (select count(*) from accounts))::integer as count`;
const COUNT_OLD = `select ((select count(*) from (${OLD_SUMS}) s) + (select count(*) from (${OLD_ACCOUNTS}) a))::integer as count`;
// From one tenant to the next along the key, whatever each of them has.
const tenantsOf = (table: string): string => `select tenant_id from (with recursive tenants (tenant_id) as (
    select min(tenant_id) from ${table} union all
    select (select min(l.tenant_id) from ${table} l where l.tenant_id > t.tenant_id) from tenants t where t.tenant_id is not null
  ) select tenant_id from tenants where tenant_id is not null) found`;
const TENANTS = `${tenantsOf("ledger_usage")} union ${tenantsOf("ledger_accounts")}`;

export interface HeldRow {
  readonly key: string;
  readonly expires_at: number;
  readonly amounts: Reservation["amounts"];
}

export const toHeld = ({ key, expires_at: expiresAt, amounts }: HeldRow): Omit<Reservation, "usage"> => ({
  key: unescapeText(key),
  expiresAt,
  amounts: amounts.map(({ account, amount, ceiling }) => ({ account: unescapeText(account), amount, ceiling })),
});

export class PostgresLedger {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async balances(tenantId: string, accounts: readonly string[]): Promise<readonly AccountBalance[]> {
    const names = checkAccounts(accounts);
    if (names.length === 0) return [];
    const rows = await this.database.query<{ account: string; spent: number; reserved: number }>("balances", BALANCES, [
      escapeText(tenantId),
      names.map(escapeText),
    ]);
    const found = new Map(rows.map((row) => [unescapeText(row.account), row]));
    return names.map((account) => {
      const { spent = 0, reserved = 0 } = found.get(account) ?? {};
      return { account, spent, reserved };
    });
  }

  async accounts(tenantId: string, query: AccountQuery): Promise<readonly AccountBalance[]> {
    const { prefix, last, limit } = checkAccountQuery(query);
    const rows = await this.database.query<AccountBalance>("accounts", ACCOUNTS, [
      ...[escapeText(tenantId), escapeText(prefix), escapeText(last), limit],
    ]);
    return rows.map(({ account, spent, reserved }) => ({ account: unescapeText(account), spent, reserved }));
  }

  async usage(query: UsageQuery): Promise<readonly UsageRecord[]> {
    const { tenantId, from, to, agent, team, model, caller } = checkUsageQuery(query);
    const names = [agent, team, model, caller].map((name) => (name === undefined ? null : escapeText(name)));
    const rows = await this.database.query<UsageColumns>("usage", USAGE, [escapeText(tenantId), from, to, ...names]);
    if (rows.length > MAX_USAGE_ROWS) throw tooMuchUsage();
    return rows.map(fromUsageRow);
  }

  async expireReservations(now: number, limit: number): Promise<number> {
    checkExpiry(now, limit);
    const [row] = await this.database.query<{ count: number }>(
      "expire-reservations",
      "select expire_reservations($1, $2) as count",
      [Math.floor(now), limit],
    );
    return row?.count ?? 0;
  }

  async removeSpent(removal: LedgerRemoval): Promise<number> {
    const { tenantId, before, lastHour, limit, dryRun } = checkLedgerRemoval(removal);
    const [name, text] = dryRun ? ["count-spent", COUNT_OLD] : ["remove-spent", REMOVE];
    const values = [escapeText(tenantId), lastHour, before, limit];
    const [row] = await this.database.query<{ count: number }>(name, text, values);
    return row?.count ?? 0;
  }

  async tenants(): Promise<readonly string[]> {
    const rows = await this.database.query<{ tenant_id: string }>("ledger-tenants", TENANTS, []);
    return rows.map(({ tenant_id }) => unescapeText(tenant_id));
  }

  async reservations(tenantId: string): Promise<readonly Omit<Reservation, "usage">[]> {
    const rows = await this.database.query<HeldRow>("reservations", HELD, [escapeText(tenantId)]);
    return rows.map(toHeld);
  }
}

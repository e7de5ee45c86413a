import type { BudgetBalance, BudgetStatus } from "@agentcore/contract";
import type { AccountBalance } from "../ports/index.ts";
import { accountPrefix, type DeclaredBudget, type Measure } from "./budget-accounts.ts";
import { periodOf } from "./calendar-period.ts";
import { usdOf } from "./money.ts";

const MAX_TOLD = 100;

export interface StatusParts {
  /** Of a budget's measure in the present period, all subjects, as far as one reading brings them. */
  readonly accounts: (
    prefix: string,
  ) => Promise<{ readonly balances: readonly AccountBalance[]; readonly isMore: boolean }>;
  /** The limit and what people have granted besides. */
  readonly ceiling: (budget: DeclaredBudget, account: string, measure: Measure) => Promise<number>;
}

export const budgetStatus = async (
  { accounts, ceiling }: StatusParts,
  budget: DeclaredBudget,
  now: number,
): Promise<BudgetStatus> => {
  const { name, declaredBy, spec } = budget;
  const { scope, limit, period: length = "total", onExceeded = "stop" } = spec;
  const { key, endsAt } = periodOf(length, now);
  let isMore = false;
  const balancesOf = async (measure: Measure): Promise<BudgetBalance[]> => {
    const prefix = accountPrefix(budget, key, measure);
    const found = await accounts(prefix);
    const told = found.balances.toSorted((one, other) => other.spent + other.reserved - (one.spent + one.reserved));
    isMore ||= found.isMore || told.length > MAX_TOLD;
    const show = measure === "usd" ? usdOf : (tokens: number): number => tokens;
    return Promise.all(
      told.slice(0, MAX_TOLD).map(async ({ account, spent, reserved }) => ({
        subject: account.slice(prefix.length),
        ...{ spent: show(spent), reserved: show(reserved), ceiling: show(await ceiling(budget, account, measure)) },
      })),
    );
  };
  const balances = {
    ...(limit.usd === undefined ? {} : { usd: await balancesOf("usd") }),
    ...(limit.tokens === undefined ? {} : { tokens: await balancesOf("tokens") }),
  };
  return {
    ...{ name, declaredBy, scope, limit, period: { length, key, endsAt } },
    onExceeded: typeof onExceeded === "string" ? onExceeded : "degrade" in onExceeded ? "degrade" : "ask",
    balances,
    isMore,
  };
};

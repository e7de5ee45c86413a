/**
 * What stands between a model call and the money it costs (I9):
 *
 *   reserve   the worst case is held on every budget that stands on the call, all or none, durable before the call begins
 *   settle    what the call came to takes the place of what was held, in the unit that has its answer; of a failed one in a unit of its own
 *   expire    what nobody settled in time counts as spent (`expireReservations` of the store)
 *
 * Fails closed: what cannot be reserved is not called, whatever the reason.
 */
import { type BudgetStatus, PlatformError, type UsageGroup, type UsageRow } from "@agentcore/contract";
import { isoTime } from "../iso-time.ts";
import type {
  AccountBalance,
  BudgetGrant,
  Clock,
  Ids,
  KeyValue,
  Ledger,
  Settlement,
  TaskStore,
  UsageQuery,
  UsageRecord,
} from "../ports/index.ts";
import {
  accountsOf,
  type BudgetAccount,
  type BudgetSubject,
  type DeclaredBudget,
  declaredLimit,
  isForEver,
  limitOf,
} from "./budget-accounts.ts";
import { BudgetGrants } from "./budget-grants.ts";
import { budgetStatus } from "./budget-status.ts";
import { costlessModels, groupUsage } from "./group-usage.ts";
import { formatUsd, nanoUsdOf } from "./money.ts";

/** The most that a call may cost. */
export interface SpendingBound {
  /** Billionths of a US dollar; null: the model has no price. */
  readonly nanoUsd: number | null;
  readonly tokens: number;
  /** What of it is its output: less of that may be asked for. */
  readonly output: { readonly nanoUsd: number; readonly tokens: number };
}

export interface Spending {
  /** Null: the model has no price. */
  readonly nanoUsd: number | null;
  readonly tokens: number;
}

/** What is held for a call that may begin. */
export interface HeldBudget {
  /** Null: no budget stands on the call. */
  readonly key: string | null;
  readonly accounts: readonly BudgetAccount[];
}

/** Too little is left. */
export interface ExceededBudget {
  readonly account: BudgetAccount;
  /** The limit and what people have granted besides. */
  readonly ceiling: number;
  readonly spent: number;
  readonly reserved: number;
  readonly asked: number;
  /** The most tokens of output, where there would be enough left for a call with fewer. */
  readonly tooMuchOutput: number | null;
}

export type ReserveOutcome =
  | { readonly outcome: "held"; readonly held: HeldBudget }
  /** Others go before; the store was not asked. */
  | { readonly outcome: "behind"; readonly account: BudgetAccount; readonly asked: number }
  | { readonly outcome: "exceeded"; readonly exceeded: ExceededBudget };

export interface ReserveRequest {
  readonly tenantId: string;
  /** Of the call, at most 400 characters; each try of it holds its own. */
  readonly key: string;
  readonly subject: BudgetSubject;
  readonly bound: SpendingBound;
  /** False: others go before. @default it may */
  readonly mayTake?: ((account: string, asked: number) => boolean) | undefined;
  /** For errors. */
  readonly model: string;
  /** Milliseconds after which the call is over in any case. */
  readonly callTimeoutMs: number;
  /** What is noted when nobody settles it. */
  readonly usage: UsageRecord;
}

// Beyond the call's own time: for clocks of nodes that differ, and for settling.
const SETTLING_MS = 10_000;
const MAX_ACCOUNTS = 1000;
// What was granted for a period is of no use after it; a month, and a day for clocks of nodes that differ.
const LONGEST_PERIOD_MS = 32 * 86_400_000;

export interface BudgetsOptions {
  readonly declared: (tenantId: string) => readonly DeclaredBudget[];
  readonly store: Pick<TaskStore, "commit"> & Pick<Ledger, "balances" | "accounts" | "usage">;
  readonly keyValue: Pick<KeyValue, "get" | "put">;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "next">;
}

export class Budgets {
  private readonly options: BudgetsOptions;
  private readonly grants: BudgetGrants;

  constructor(options: BudgetsOptions) {
    this.options = options;
    this.grants = new BudgetGrants(options.keyValue);
  }

  /**
   * Holds the bound on all budgets of the subject. What a try that was lost held stays held until it expires: nobody knows whether it was billed. Throws
   * CONFIG_INVALID where a budget in US dollars stands on a call that has no price, STORE_UNAVAILABLE.
   */
  async reserve(request: ReserveRequest): Promise<ReserveOutcome> {
    const { tenantId, bound, usage, callTimeoutMs } = request;
    const { declared, store, clock, ids } = this.options;
    const now = clock.now();
    const accounts = accountsOf(declared(tenantId), request.subject, now);
    if (accounts.length === 0) return { outcome: "held", held: { key: null, accounts } };
    const asked = (account: BudgetAccount): number =>
      account.measure === "tokens" ? bound.tokens : pricedBound(request, account);
    const behind = accounts.find((account) => request.mayTake?.(account.account, asked(account)) === false);
    if (behind !== undefined) return { outcome: "behind", account: behind, asked: asked(behind) };
    const amounts = await Promise.all(
      accounts.map(async (account) => ({
        account: account.account,
        amount: asked(account),
        ceiling: await this.ceilingOf(tenantId, account),
        ...(account.overAt === null ? {} : { endsAt: account.overAt }),
      })),
    );
    // Two tries of one call may be under way at once, of a node that has lost its task and of the next: each settles its own.
    const key = `${request.key}/${ids.next()}`;
    const [outcome] = await store.commit([
      { tenantId, reserve: { key, expiresAt: now + callTimeoutMs + SETTLING_MS, amounts, usage } },
    ]);
    if (outcome?.outcome === "committed") return { outcome: "held", held: { key, accounts } };
    const named = outcome?.outcome === "stale" && outcome.reason === "limit" ? outcome.account : undefined;
    const index = accounts.findIndex(({ account }) => account === named);
    const account = accounts[index];
    if (account === undefined)
      throw new PlatformError("STORE_UNAVAILABLE", `the budgets of a call of ${request.model} were not reserved`);
    const [balance] = await store.balances(tenantId, [account.account]);
    const { spent, reserved } = balance ?? NOTHING;
    const ceiling = amounts[index]?.ceiling ?? account.limit;
    const most = asked(account);
    const { output } = bound;
    const input = most - (account.measure === "tokens" ? output.tokens : output.nanoUsd);
    const tooMuchOutput = input < most && spent + input < ceiling ? output.tokens : null;
    return { outcome: "exceeded", exceeded: { account, ceiling, spent, reserved, asked: most, tooMuchOutput } };
  }

  /** To be committed with what the call came to. */
  settlement({ key, accounts }: HeldBudget, { nanoUsd, tokens }: Spending, usage: UsageRecord): Settlement {
    const amounts = accounts.map(({ account, measure }) => ({
      account,
      amount: measure === "tokens" ? tokens : (nanoUsd ?? 0),
    }));
    return { key, amounts, usage };
  }

  /** In a unit of its own: for calls that came to nothing, or are not part of a task. Throws STORE_UNAVAILABLE. */
  async settle(tenantId: string, settlement: Settlement): Promise<void> {
    await this.options.store.commit([{ tenantId, settle: [settlement] }]);
  }

  /**
   * Adds what people have granted to the limits of the period in which they were asked, once for each `id`, where too little is left at this moment for
   * the call that they were asked for: of several who wait for the same, the first yes may be enough for all.
   */
  async grant(tenantId: string, { grants }: BudgetGrant, id: string): Promise<void> {
    const { declared, store } = this.options;
    for (const { account, amount, asked = Number.POSITIVE_INFINITY } of grants) {
      const limit = declaredLimit(declared(tenantId), account);
      const isNeeded = async (granted: number): Promise<boolean> => {
        const [balance] = await store.balances(tenantId, [account]);
        const { spent, reserved } = balance ?? NOTHING;
        return spent + reserved + asked > limit + granted;
      };
      const ttlMs = isForEver(account) ? null : LONGEST_PERIOD_MS;
      await this.grants.add(tenantId, { account, amount, id, isNeeded, ttlMs });
    }
  }

  /** How the budgets of the tenant stand in their present periods, by name. */
  async status(tenantId: string): Promise<readonly BudgetStatus[]> {
    const { declared, store, clock } = this.options;
    const statuses: BudgetStatus[] = [];
    const byName = declared(tenantId).toSorted((one, other) => (one.name < other.name ? -1 : 1));
    for (const budget of byName)
      statuses.push(
        await budgetStatus(
          {
            accounts: async (prefix) => {
              const balances = await store.accounts(tenantId, { prefix, limit: MAX_ACCOUNTS });
              return { balances, isMore: balances.length === MAX_ACCOUNTS };
            },
            ceiling: (_budget, account, measure) =>
              this.ceilingOf(tenantId, { budget, account, limit: limitOf(budget, measure) }),
          },
          budget,
          clock.now(),
        ),
      );
    return statuses;
  }

  /**
   * What models were used for, hours that begin at or after `from` and before `to`. `isFree`: whether a model is known to cost nothing. Throws TOO_LARGE, for
   * more than 100,000 sums.
   */
  async usage(
    query: UsageQuery,
    groups: readonly UsageGroup[],
    isFree: (model: string) => Promise<boolean>,
  ): Promise<readonly UsageRow[]> {
    const records = await this.options.store.usage(query);
    const free = new Set<string>();
    for (const model of costlessModels(records)) if (await isFree(model)) free.add(model);
    return groupUsage(records, groups, free);
  }

  private async ceilingOf(
    tenantId: string,
    { budget, account, limit }: Pick<BudgetAccount, "budget" | "account" | "limit">,
  ): Promise<number> {
    if (asksPeople(budget) === null) return limit;
    return Math.min(Number.MAX_SAFE_INTEGER, limit + (await this.grants.sum(tenantId, account)));
  }
}

const NOTHING: Omit<AccountBalance, "account"> = { spent: 0, reserved: 0 };

const asksPeople = ({ spec: { onExceeded } }: DeclaredBudget) =>
  typeof onExceeded === "object" && "ask" in onExceeded ? onExceeded.ask : null;

/** The model that is asked instead, if that is what the budget wants. */
export const degradesTo = ({ account }: ExceededBudget): string | null => {
  const { onExceeded } = account.budget.spec;
  return typeof onExceeded === "object" && "degrade" in onExceeded ? onExceeded.degrade : null;
};

const pricedBound = ({ bound, model }: ReserveRequest, { budget }: BudgetAccount): number => {
  if (bound.nanoUsd !== null) return bound.nanoUsd;
  throw new PlatformError(
    "CONFIG_INVALID",
    `model "${model}" has no price, and budget ${budget.name} is in US dollars; set spec.price of its Model manifest, or limit tokens`,
  );
};

/**
 * BUDGET_EXCEEDED, with what may be done. Its message is for whoever may use models: the sums, which are not theirs to know, are in the details alone
 * (`spendingIn`). `details.grant` where people may be asked for more. `isOfTask`: else there is nobody who could wait for them.
 */
export const budgetExceeded = (model: string, exceeded: ExceededBudget, isOfTask: boolean): PlatformError => {
  const { account, ceiling, spent, reserved, asked, tooMuchOutput } = exceeded;
  const { budget, measure, endsAt } = account;
  const ask = asksPeople(budget);
  const raise = ask === null ? undefined : measure === "usd" ? ask.raise.usd : ask.raise.tokens;
  const grant: BudgetGrant | undefined =
    ask === null || raise === undefined
      ? undefined
      : {
          budget: budget.name,
          grants: [{ account: account.account, amount: measure === "usd" ? nanoUsdOf(raise) : raise, asked }],
          more: measure === "usd" ? formatUsd(nanoUsdOf(raise)) : `${raise} tokens`,
          approvers: ask.approvers,
        };
  const said = [
    `budget ${budget.name} has too little left for what this call of ${model} may cost`,
    ...(tooMuchOutput === null
      ? []
      : [
          `that is counted with an answer of up to ${tooMuchOutput} tokens: lower maxOutputTokens (at doors max_completion_tokens, max_output_tokens)`,
        ]),
    endsAt === null ? "it has no next period" : `its next period begins ${isoTime(endsAt)}`,
    ...(ask === null || isOfTask ? [] : ["people are asked for more by tasks of agents only, not here"]),
  ];
  return new PlatformError("BUDGET_EXCEEDED", said.join("; "), {
    details: {
      ...{ budget: budget.name, model, measure },
      ...{ limit: ceiling, spent, reserved, asked },
      ...(endsAt === null ? {} : { endsAt: isoTime(endsAt) }),
      ...(grant === undefined ? {} : { grant }),
    },
  });
};

/** The sums of a BUDGET_EXCEEDED, for logs and for those who may read budgets; null where it has none. */
export const spendingIn = ({ code, details = {} }: PlatformError): string | null => {
  const { budget, model, measure, limit, spent, reserved, asked } = details;
  if (code !== "BUDGET_EXCEEDED" || typeof spent !== "number") return null;
  const show = (amount: unknown): string =>
    measure === "usd" ? formatUsd(Number(amount)) : `${Number(amount)} tokens`;
  const held = reserved === 0 ? "" : `, ${show(reserved)} held for calls under way`;
  return `budget ${String(budget)}: ${show(spent)} of ${show(limit)} spent${held}, and this call of ${String(model)} may cost ${show(asked)}`;
};

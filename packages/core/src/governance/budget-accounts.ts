import type { BudgetSpec } from "@agentcore/contract";
import { periodOf } from "./calendar-period.ts";
import { nanoUsdOf } from "./money.ts";

export interface DeclaredBudget {
  readonly name: string;
  /** Of the tenant that it stands in, or of operators, who may set a tenant's bounds from outside of it. */
  readonly declaredBy: "tenant" | "operators";
  readonly spec: BudgetSpec;
}

/** Whose call it is. */
export interface BudgetSubject {
  /** Undefined for calls outside of tasks. */
  readonly runId?: string | undefined;
  /** "" when no agent asks. */
  readonly agent: string;
  /** "" without one. */
  readonly team: string;
  readonly caller: string;
}

export type Measure = "usd" | "tokens";

/** One limit of one budget in its present period, for one subject. */
export interface BudgetAccount {
  readonly budget: DeclaredBudget;
  /** In the ledger. */
  readonly account: string;
  readonly measure: Measure;
  /** Billionths of a US dollar, or tokens. */
  readonly limit: number;
  /** Milliseconds since 1970 when the period ends; null: never. */
  readonly endsAt: number | null;
  /** Milliseconds since 1970 when it is over, so that its counter may go: the end of the period; of a run its last call, an hour at most later. Null: never. */
  readonly overAt: number | null;
}

const TOTAL = "total";
// The narrowest first: of several that have too little left it is named.
const ORDER: readonly string[] = ["run", "agent", "team", "caller", "tenant"];

/** The accounts that a call counts on, the narrowest first. Pure. */
export const accountsOf = (
  budgets: readonly DeclaredBudget[],
  subject: BudgetSubject,
  now: number,
): readonly BudgetAccount[] =>
  budgets
    .flatMap((budget) => {
      const who = subjectIn(budget.spec, subject);
      if (who === null) return [];
      const { key, endsAt } = periodOf(budget.spec.period ?? TOTAL, now);
      const { usd, tokens } = budget.spec.limit;
      // Nobody tells when a run is over, and each has counters of its own.
      const overAt = endsAt ?? ("run" in budget.spec.scope ? periodOf("hour", now).endsAt : null);
      const account = (measure: Measure, limit: number): BudgetAccount => ({
        budget,
        account: `${accountPrefix(budget, key, measure)}${who}`,
        measure,
        limit,
        endsAt,
        overAt,
      });
      return [
        ...(usd === undefined ? [] : [account("usd", nanoUsdOf(usd))]),
        ...(tokens === undefined ? [] : [account("tokens", tokens)]),
      ];
    })
    .sort((one, other) => rankOf(one) - rankOf(other));

/** Begins the names of all accounts of a budget's limit in the period; what follows is the subject. */
export const accountPrefix = (
  { declaredBy, name }: Pick<DeclaredBudget, "declaredBy" | "name">,
  period: string,
  measure: Measure,
): string => `budget/${declaredBy}/${name}/${period}/${measure}/`;

/** What an account's limit is now; 0: none of that name is known here. */
export const declaredLimit = (budgets: readonly DeclaredBudget[], account: string): number => {
  const [, declaredBy, name, , measure] = account.split("/");
  const budget = budgets.find((each) => each.declaredBy === declaredBy && each.name === name);
  return budget === undefined ? 0 : limitOf(budget, measure === "usd" ? "usd" : "tokens");
};

/** It stands for no period. */
export const isForEver = (account: string): boolean => account.split("/")[3] === TOTAL;

/** Billionths of a US dollar, or tokens; 0: it has no such limit. */
export const limitOf = ({ spec: { limit } }: DeclaredBudget, measure: Measure): number =>
  measure === "usd" ? nanoUsdOf(limit.usd ?? 0) : (limit.tokens ?? 0);

const rankOf = ({ budget }: BudgetAccount): number => ORDER.indexOf(Object.keys(budget.spec.scope)[0] ?? "");

/** Whose spending is counted together with the call's; null: the budget does not stand on it. */
const subjectIn = ({ scope }: BudgetSpec, { runId, agent, team, caller }: BudgetSubject): string | null => {
  if ("run" in scope) return runId ?? null;
  if ("agent" in scope) return agent !== "" && (scope.agent === "*" || scope.agent === agent) ? agent : null;
  if ("team" in scope) return team !== "" && (scope.team === "*" || scope.team === team) ? team : null;
  if ("caller" in scope) return scope.caller === "*" || scope.caller === caller ? caller : null;
  return "";
};

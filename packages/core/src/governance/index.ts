export {
  accountsOf,
  type BudgetAccount,
  type BudgetSubject,
  type DeclaredBudget,
  type Measure,
} from "./budget-accounts.ts";
export {
  Budgets,
  type BudgetsOptions,
  budgetExceeded,
  degradesTo,
  type ExceededBudget,
  type HeldBudget,
  type ReserveOutcome,
  type ReserveRequest,
  type Spending,
  type SpendingBound,
  spendingIn,
} from "./budgets.ts";
export { formatUsd, nanoUsdOf, usdOf } from "./money.ts";
export {
  type RateAmounts,
  type RateGrant,
  RateLimiter,
  type RateLimiterOptions,
  type RateLimits,
  type RateScope,
  type RateVerdict,
  type TakeOptions,
} from "./rate-limiter.ts";
export { ReservationSweeper } from "./reservation-sweeper.ts";
export {
  type DeclaredPolicy,
  judgeTool,
  narrowed,
  type Permissions,
  type ToolFacts,
  type ToolJudgement,
  type ToolTerms,
} from "./tool-policy.ts";

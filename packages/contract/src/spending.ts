/** How budgets stand, and what models were used for: what the API tells and the command shows. */
import { z } from "zod";
import { BudgetLimit, BudgetScope } from "./budget-manifest.ts";

const epochMs = z.int().nonnegative();
const amount = z.number().nonnegative();

/** Of one subject: a run, an agent, a team, a caller; "" where all calls count together. US dollars, or tokens. */
const BudgetBalance = z.object({
  subject: z.string(),
  spent: amount,
  /** For calls under way. */
  reserved: amount,
  /** The limit and what people have granted besides. */
  ceiling: amount,
});
export type BudgetBalance = z.infer<typeof BudgetBalance>;

export const BudgetStatus = z.object({
  name: z.string(),
  /** operators: set from outside of the tenant, which cannot change it. */
  declaredBy: z.enum(["tenant", "operators"]),
  scope: BudgetScope,
  limit: BudgetLimit,
  /** `key` as in the ledger; `endsAt`: null: never. */
  period: z.object({ length: z.string(), key: z.string(), endsAt: epochMs.nullable() }),
  onExceeded: z.enum(["stop", "degrade", "ask"]),
  /** By measure, of the present period, those with most spent first: 100 at most. */
  balances: z.object({ usd: z.array(BudgetBalance).optional(), tokens: z.array(BudgetBalance).optional() }),
  /** There are more subjects than are told. */
  isMore: z.boolean(),
});
export type BudgetStatus = z.infer<typeof BudgetStatus>;

export const USAGE_GROUPS = ["hour", "day", "agent", "team", "model", "caller"] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

const count = z.int().nonnegative();

/** Sums of a time and of what they are grouped by; of the others nothing is said. */
export const UsageRow = z.object({
  /** Beginning of the hour or day, milliseconds since 1970. */
  time: epochMs.optional(),
  /** "": calls that no agent made. */
  agent: z.string().optional(),
  /** Label `team` of the agent, "" without one. */
  team: z.string().optional(),
  model: z.string().optional(),
  caller: z.string().optional(),
  calls: count,
  /** Those of which the provider told no usable numbers. */
  estimatedCalls: count,
  inputTokens: count,
  /** Of them, those from the provider's prompt cache. */
  cachedInputTokens: count,
  outputTokens: count,
  /** Of calls whose price is known; null: of none of them it is. */
  costUsd: amount.nullable(),
  /** Calls whose price nobody knows: `costUsd` is without them. */
  unpricedCalls: count,
  /** Answers that needed no call, and what they would have cost; null as `costUsd`. */
  cacheHits: count,
  savedUsd: amount.nullable(),
});
export type UsageRow = z.infer<typeof UsageRow>;

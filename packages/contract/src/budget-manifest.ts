/** `kind: Budget`: what model calls may cost, in a scope, in a period. */
import { z } from "zod";
import { NAME_PATTERN } from "./message.ts";
import { ModelName } from "./model-manifest.ts";

const Approvers = z.array(z.string().min(1).max(256)).min(1).max(50);

/** Money in US dollars, whole billionths of them; tokens of input and output together. */
export const BudgetLimit = z
  .strictObject({
    usd: z.number().min(0).max(1_000_000).optional(),
    tokens: z.int().min(0).max(1_000_000_000_000).optional(),
  })
  .refine(({ usd, tokens }) => usd !== undefined || tokens !== undefined, { error: "expected usd, tokens or both" });
export type BudgetLimit = z.infer<typeof BudgetLimit>;

/**
 * Whose calls count, and together: of `run` each run by itself, with all tasks below it; of `agent`, `team` (the label `team` of agents) and `caller`
 * those of that name, or of each by itself with "*"; of `tenant` all of the own, or, in manifests of operators, of that one.
 */
export const BudgetScope = z.union(
  [
    z.strictObject({ run: z.literal("*") }),
    z.strictObject({ agent: z.union([z.literal("*"), z.string().regex(NAME_PATTERN)]) }),
    z.strictObject({ team: z.string().min(1).max(63) }),
    z.strictObject({ caller: z.string().min(1).max(256) }),
    z.strictObject({ tenant: z.string().min(1).max(128) }),
  ],
  { error: 'expected one of { run: "*" }, { agent: NAME }, { team: NAME }, { caller: NAME }, { tenant: "*" }' },
);
export type BudgetScope = z.infer<typeof BudgetScope>;

export const BudgetSpec = z.strictObject({
  scope: BudgetScope,
  limit: BudgetLimit,
  /** By the calendar in UTC, weeks from Monday; `total`: once and for all. @default "total" */
  period: z.enum(["hour", "day", "week", "month", "total"]).optional(),
  /**
   * What a call comes to for which too little is left: BUDGET_EXCEEDED, or another model that is asked instead, or a question to people, who may
   * grant more: a yes adds `raise` to the limit of that period, if too little is left for the call still. Who may is always named: else the caller
   * whom a budget bounds could raise it.
   * @default "stop"
   */
  onExceeded: z
    .union(
      [
        z.literal("stop"),
        z.strictObject({ degrade: ModelName }),
        z.strictObject({ ask: z.strictObject({ approvers: Approvers, raise: BudgetLimit }) }),
      ],
      { error: 'expected "stop", { degrade: MODEL } or { ask: { approvers: [CALLER], raise: { usd } } }' },
    )
    .optional(),
});
export type BudgetSpec = z.infer<typeof BudgetSpec>;

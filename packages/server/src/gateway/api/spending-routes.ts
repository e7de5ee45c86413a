/** How budgets stand, and what models were used for. Budgets are applied and deleted as manifests. */
import { BudgetStatus, PlatformError, USAGE_GROUPS, type UsageGroup, UsageRow } from "@agentcore/contract";
import { z } from "zod";
import type { SpendingService } from "../deps/spending-service.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 400;

const time = z.coerce.number().int().nonnegative();
const name = z.string().max(256).optional();

const UsageQuery = z.strictObject({
  /** Milliseconds since 1970; hours that begin at or after it. @default 30 days before `to` */
  from: time.optional(),
  /** Hours that begin before it. @default now */
  to: time.optional(),
  /** One or more of hour, day, agent, team, model, caller, with commas. @default model */
  by: z.string().max(100).optional(),
  agent: name,
  team: name,
  model: name,
  /** Of operators; others are told of their own calls. */
  caller: name,
});

export const createSpendingRoutes = (spending: SpendingService, clock: { now(): number }): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/budgets",
    operationId: "listBudgets",
    summary: "Budgets that stand on the tenant's model calls: what is spent, held and left in their present periods",
    tag: "models",
    access: "operator",
    answer: {
      status: 200,
      schema: z.object({ budgets: z.array(BudgetStatus) }),
      description: "All budgets, also those that operators have set for the tenant",
    },
    handle: async ({ scope }) => jsonResponse({ budgets: await spending.status(scope.tenantId) }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/usage",
    operationId: "getUsage",
    summary: "What models were used for: calls, tokens, money and what the cache saved",
    tag: "models",
    query: UsageQuery,
    answer: {
      status: 200,
      schema: z.object({ from: z.int(), to: z.int(), usage: z.array(UsageRow) }),
      description: "Sums, by what was asked for",
    },
    async handle({ scope, query: { from, to = clock.now(), by = "model", caller, ...filter } }) {
      const begin = from ?? to - 30 * DAY_MS;
      if (begin > to || to - begin > MAX_DAYS * DAY_MS)
        throw invalid("from", `expected a time before \`to\`, and at most ${MAX_DAYS} days before it`);
      if (scope.operator !== true && caller !== undefined && caller !== scope.caller)
        throw new PlatformError("PERMISSION_DENIED", "the usage of other callers needs a key with role=operator");
      const usage = await spending.usage(
        {
          ...{ tenantId: scope.tenantId, from: begin, to },
          ...filter,
          caller: scope.operator === true ? caller : scope.caller,
        },
        groupsIn(by),
      );
      return jsonResponse({ from: begin, to, usage });
    },
  }),
];

const groupsIn = (by: string): readonly UsageGroup[] => {
  const groups = by.split(",").map((word) => USAGE_GROUPS.find((group) => group === word.trim()));
  if (groups.every((group) => group !== undefined)) return [...new Set(groups)];
  throw invalid("by", `expected one or more of ${USAGE_GROUPS.join(", ")}, with commas`);
};

const invalid = (field: string, description: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `the query is not valid: ${field}: ${description}`, {
    violations: [{ field, description }],
  });

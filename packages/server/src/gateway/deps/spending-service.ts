import type { BudgetStatus, UsageGroup, UsageRow } from "@agentcore/contract";
import type { UsageQuery } from "@agentcore/core/ports";

/** What models cost. */
export interface SpendingService {
  status(tenantId: string): Promise<readonly BudgetStatus[]>;
  /** Throws TOO_LARGE, for more than 100,000 sums of an hour. */
  usage(query: UsageQuery, groups: readonly UsageGroup[]): Promise<readonly UsageRow[]>;
}

import type { Collected } from "@agentcore/core/retention";

/** Old tasks and events, as far as they may go. */
export interface RetentionService {
  /** Those with a policy, and those whose models cost something: sums of usage go without a policy too. */
  tenants(): Promise<readonly string[]>;
  /** A bounded part of what the policy lets go, or of the tasks that ended longer ago than `olderThanMs`. */
  collect(request: {
    readonly tenantId: string;
    readonly olderThanMs?: number | undefined;
    readonly dryRun: boolean;
    readonly signal?: AbortSignal | undefined;
  }): Promise<Collected>;
}

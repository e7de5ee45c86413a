/** People may be asked for more of a budget that has too little left for a call, which waits for what they say. */
import { PlatformError } from "@agentcore/contract";
import type { Context } from "@agentcore/contract/authoring";
import type { BudgetGrant } from "../ports/index.ts";
import type { Execution } from "./execution.ts";

type Calls = Pick<Context, "step" | "waitForDecision">;

export class AskedGrants {
  private readonly execution: Execution;
  private readonly calls: () => Calls;
  /** What people are being asked for, by the accounts it is for: calls that need the same wait for one answer. */
  private readonly asked = new Map<string, Promise<boolean>>();

  /** `calls`: by which it asks people, as the code would. */
  constructor(execution: Execution, calls: () => Calls) {
    this.execution = execution;
    this.calls = calls;
  }

  /** Made again each time that people grant more. */
  async untilGranted<Result>(call: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        const grant = grantIn(error);
        if (grant === null || !(await this.isGranted(grant, error as PlatformError))) throw error;
      }
    }
  }

  private isGranted(grant: BudgetGrant, exceeded: PlatformError): Promise<boolean> {
    // Two limits of one budget, or budgets of one name that the tenant and operators have set, may be asked for at once.
    const accounts = grant.grants.map(({ account }) => account).join(" ");
    const open = this.asked.get(accounts);
    if (open !== undefined) return open;
    const asked = this.askPeople(accounts, grant, exceeded).finally(() => this.asked.delete(accounts));
    this.asked.set(accounts, asked);
    return asked;
  }

  private async askPeople(accounts: string, grant: BudgetGrant, exceeded: PlatformError): Promise<boolean> {
    const { step, waitForDecision } = this.calls();
    const { head, services } = this.execution;
    const { choice } = await waitForDecision({
      key: accounts,
      prompt: `${exceeded.message}. Grant ${grant.more} more?`,
      show: { budget: grant.budget, adds: grant.more },
      choices: ["grant", "refuse"],
      approvers: grant.approvers,
    });
    if (choice !== "grant") return false;
    await step(`grant ${accounts}`, async ({ idempotencyKey }) => {
      const budgets = services.models ?? services.budgets;
      if (budgets === null) throw exceeded;
      await budgets.grant(head.tenantId, grant, idempotencyKey);
    });
    return true;
  }
}

/** Of an error that says people may be asked for more, also one that a log has told. */
const grantIn = (error: unknown): BudgetGrant | null => {
  if (!PlatformError.is(error) || error.code !== "BUDGET_EXCEEDED") return null;
  return (error.details?.["grant"] as BudgetGrant | undefined) ?? null;
};

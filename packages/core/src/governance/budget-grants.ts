/** What people have granted beyond the limits of budgets: a row for each counter, which is added to, so that reading it takes the same however many have said yes. */
import { PlatformError } from "@agentcore/contract";
import type { KeyValue, KeyValueScope } from "../ports/index.ts";

interface Granted {
  /** In the counter's measure, at most 2^53 - 1. */
  readonly sum: number;
  /** What it was granted by, the newest last. */
  readonly ids: readonly string[];
}

export interface Grant {
  readonly account: string;
  readonly amount: number;
  /** Whose yes it is: one counts once. */
  readonly id: string;
  /** Asked with what was granted before it. Nobody grants more between the answer and the adding: who does has it asked again. */
  readonly isNeeded: (sum: number) => Promise<boolean>;
  /** How long the sum is kept from now on, milliseconds; null: for ever. */
  readonly ttlMs: number | null;
}

// A step is tried again right after the try that was lost; so many others do not come between.
const MAX_IDS = 100;
// Each of them was lost to another who has granted meanwhile.
const MAX_RACES = 1000;
const NOTHING: Granted = { sum: 0, ids: [] };

export class BudgetGrants {
  private readonly keyValue: Pick<KeyValue, "get" | "put">;

  constructor(keyValue: Pick<KeyValue, "get" | "put">) {
    this.keyValue = keyValue;
  }

  /** Throws STORE_UNAVAILABLE. */
  async sum(tenantId: string, account: string): Promise<number> {
    const entry = await this.keyValue.get(scopeOf(tenantId), account);
    return grantedIn(entry?.value).sum;
  }

  /** Adds it, unless it is not needed, or counted already. Throws STORE_UNAVAILABLE. */
  async add(tenantId: string, { account, amount, id, isNeeded, ttlMs }: Grant): Promise<void> {
    const scope = scopeOf(tenantId);
    for (let race = 0; race < MAX_RACES; race += 1) {
      const entry = await this.keyValue.get(scope, account);
      const { sum, ids } = grantedIn(entry?.value);
      if (ids.includes(id) || !(await isNeeded(sum))) return;
      const granted = { sum: Math.min(Number.MAX_SAFE_INTEGER, sum + amount), ids: [...ids, id].slice(-MAX_IDS) };
      const written = await this.keyValue.put(scope, account, granted, {
        expectedVersion: entry?.version ?? 0,
        ...(ttlMs === null ? {} : { ttlMs }),
      });
      if (written !== null) return;
    }
    throw new PlatformError("STORE_UNAVAILABLE", `${MAX_RACES} others have granted more to ${account} meanwhile`);
  }
}

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "budget-grants" });

const grantedIn = (value: unknown): Granted => {
  const { sum, ids } = (value ?? NOTHING) as Partial<Granted>;
  return Number.isSafeInteger(sum) && Array.isArray(ids) ? { sum: sum ?? 0, ids } : NOTHING;
};

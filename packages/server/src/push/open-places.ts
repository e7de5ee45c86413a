/** How many configurations of tasks that go on a caller and a tenant have. */
import { PlatformError } from "@agentcore/contract";
import type { Clock } from "@agentcore/core/ports";
import type { CallerScope } from "@agentcore/core/tasks";
import type { PushStore } from "./push-store.ts";

export interface OpenPlacesOptions {
  readonly store: Pick<PushStore, "all">;
  readonly clock: Pick<Clock, "monotonic">;
  /** @default 5,000 */
  readonly maxOpenPerCaller?: number | undefined;
  /** @default 10,000 */
  readonly maxOpenPerTenant?: number | undefined;
}

/** A place that is taken before anything is stored. Exactly one of the two is called. */
export interface OpenPlace {
  stored(): void;
  giveBack(): void;
}

const MAX_OPEN_PER_CALLER = 5_000;
const MAX_OPEN_PER_TENANT = 10_000;
// Counting reads them all: not for each request that is refused.
const RECOUNT_MS = 1_000;
// Until then what other nodes make is not seen here.
const RECOUNT_AT_LATEST_MS = 60_000;

interface Counted {
  readonly at: number;
  readonly byCaller: Map<string, number>;
}

/**
 * Counted now and then; in between it is a guess that only grows, and nobody is refused by it alone. What this node is about to store
 * counts, so that what is asked at once stays within the limits; of what other nodes store meanwhile it knows after a minute at most.
 */
export class OpenPlaces {
  private readonly options: OpenPlacesOptions;
  private readonly tenants = new Map<string, Counted>();
  /** Countings under way. What is stored during one may or may not be in it: it counts in any case. */
  private readonly countings = new Map<string, { readonly counted: Counted; readonly end: Promise<Counted> }>();
  /** By tenant and caller, what is about to be stored. */
  private readonly taken = new Map<string, Map<string, number>>();

  constructor(options: OpenPlacesOptions) {
    this.options = options;
  }

  /** Throws OVERLOADED when there is no place. */
  async assert(scope: CallerScope): Promise<void> {
    const { tenantId, caller } = scope;
    const known = this.tenants.get(tenantId);
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.options.clock.monotonic() - known.at;
    if (known !== undefined && age < RECOUNT_AT_LATEST_MS && this.refusal(scope, known) === null) return;
    const counted = known !== undefined && age < RECOUNT_MS ? known : await this.count(tenantId);
    const why = this.refusal({ tenantId, caller }, counted);
    if (why !== null)
      throw new PlatformError("OVERLOADED", `${why}; delete some, or wait until tasks end`, {
        retryAfterMs: RECOUNT_MS,
      });
  }

  /** Throws OVERLOADED when there is no place. */
  async take(scope: CallerScope): Promise<OpenPlace> {
    const { tenantId, caller } = scope;
    for (;;) {
      await this.assert(scope);
      const known = this.tenants.get(tenantId);
      // Somebody else may have taken the last one since.
      if (known !== undefined && this.refusal(scope, known) === null) break;
    }
    const taken = this.taken.get(tenantId) ?? new Map<string, number>();
    this.taken.set(tenantId, taken);
    add(taken, caller, 1);
    const giveBack = (): void => {
      add(taken, caller, -1);
      if (taken.size === 0) this.taken.delete(tenantId);
    };
    return {
      giveBack,
      stored: () => {
        for (const counted of [this.tenants.get(tenantId), this.countings.get(tenantId)?.counted])
          if (counted !== undefined) add(counted.byCaller, caller, 1);
        giveBack();
      },
    };
  }

  private count(tenantId: string): Promise<Counted> {
    const known = this.countings.get(tenantId);
    if (known !== undefined) return known.end;
    const counted: Counted = { at: this.options.clock.monotonic(), byCaller: new Map() };
    const read = async (): Promise<Counted> => {
      for await (const { record } of this.options.store.all(tenantId))
        if (record.state === "open") add(counted.byCaller, record.caller, 1);
      this.tenants.set(tenantId, counted);
      return counted;
    };
    const end = read().finally(() => this.countings.delete(tenantId));
    this.countings.set(tenantId, { counted, end });
    return end;
  }

  private refusal({ tenantId, caller }: CallerScope, { byCaller }: Counted): string | null {
    const { maxOpenPerCaller = MAX_OPEN_PER_CALLER, maxOpenPerTenant = MAX_OPEN_PER_TENANT } = this.options;
    const taken = this.taken.get(tenantId);
    const own = (byCaller.get(caller) ?? 0) + (taken?.get(caller) ?? 0);
    if (own >= maxOpenPerCaller)
      return `you have ${own} push configurations of tasks that go on, ${maxOpenPerCaller} are allowed`;
    const all = sum(byCaller) + sum(taken);
    return all >= maxOpenPerTenant
      ? `the tenant has ${all} push configurations, ${maxOpenPerTenant} are allowed`
      : null;
  }
}

const add = (counts: Map<string, number>, caller: string, amount: number): void => {
  const count = (counts.get(caller) ?? 0) + amount;
  if (count === 0) counts.delete(caller);
  else counts.set(caller, count);
};

const sum = (counts: ReadonlyMap<string, number> | undefined): number => {
  let all = 0;
  for (const count of counts?.values() ?? []) all += count;
  return all;
};

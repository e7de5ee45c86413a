/**
 * How much each tenant has had of this node, for the order of claims: start-time fair queueing (Goyal, Vin and Cheng, 1996) with
 * tasks as its unit. A task moves its tenant on by 1/weight, and the one that is least far on comes next. Where the
 * last task taken stood is where everybody stands at least: one that had nothing waiting, or no room below its own
 * limits, gains nothing by it. While two have work waiting all the time, what they got, by weight, differs by at most one
 * task of each.
 */
import { placeInClaim } from "../ports/index.ts";

export class TenantShares {
  /** By tenant, how far it is ahead of the last task taken; those that are not ahead are not kept. */
  private readonly passes = new Map<string, number>();

  /** Those that are ahead of others: at most as many as had tasks claimed since nobody was left waiting. */
  get ahead(): ReadonlyMap<string, number> {
    return this.passes;
  }

  /**
   * A claim in the order of `placeInClaim` brought so many tasks of each. `isAll`: it had room for more, so nobody waits whom
   * anybody could have been preferred to, and all begin anew.
   */
  charge(claimed: ReadonlyMap<string, number>, weightOf: (tenantId: string) => number, isAll: boolean): void {
    if (isAll) return this.passes.clear();
    let last = 0;
    for (const [tenantId, count] of claimed) {
      if (count <= 0) continue;
      const turn = { pass: this.passes.get(tenantId), weight: weightOf(tenantId) };
      last = Math.max(last, placeInClaim(turn, count - 1));
      this.passes.set(tenantId, placeInClaim(turn, count));
    }
    for (const [tenantId, pass] of this.passes) {
      if (pass > last) this.passes.set(tenantId, pass - last);
      else this.passes.delete(tenantId);
    }
  }
}

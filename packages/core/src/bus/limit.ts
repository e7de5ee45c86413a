import { PlatformError } from "@agentcore/contract";
import { BoundedMap } from "./bounded-map.ts";
import type { Interceptor } from "./bus-call.ts";
import type { BusLimits } from "./limits.ts";

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * A token bucket per (tenant, caller). The rate is a ceiling on one caller, so that a runaway agent cannot take the node
 * from the others; throws OVERLOADED with the time until the next token.
 */
export const limit = (limits: BusLimits): Interceptor => {
  const tenants = new BoundedMap<string, BoundedMap<string, Bucket>>(limits.maxCallers);
  return {
    name: "limit",
    intercept(call, next) {
      const { tenantId } = call.message;
      const caller = call.caller?.caller ?? "";
      let callers = tenants.get(tenantId);
      if (callers === undefined) tenants.set(tenantId, (callers = new BoundedMap(limits.maxCallers)));
      const now = call.startedAt;
      let bucket = callers.get(caller);
      if (bucket === undefined) callers.set(caller, (bucket = { tokens: limits.burst, filledAt: now }));
      const gained = ((now - bucket.filledAt) * limits.ratePerSecond) / 1_000;
      bucket.tokens = Math.min(limits.burst, bucket.tokens + gained);
      bucket.filledAt = now;
      if (bucket.tokens < 1) {
        const retryAfterMs = Math.max(1, Math.ceil(((1 - bucket.tokens) * 1_000) / limits.ratePerSecond));
        throw new PlatformError("OVERLOADED", `${caller} sends more than ${limits.ratePerSecond} messages per second`, {
          retryAfterMs,
        });
      }
      bucket.tokens--;
      return next(call);
    },
  };
};

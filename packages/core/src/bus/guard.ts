import { PlatformError } from "@agentcore/contract";
import type { Interceptor } from "./bus-call.ts";
import { QueryRun, type QueryRunParts } from "./query-run.ts";

/**
 * Breaker, bulkhead, deadline, retry and failover of queries. Commands are handed over once (the task engine retries after
 * acceptance) and only kept from starting after their deadline; events are volatile.
 */
export const guard = (parts: QueryRunParts): Interceptor => ({
  name: "guard",
  intercept(call, next) {
    if (call.message.type === "query") {
      return new Promise((resolve, reject) => new QueryRun(call, next, parts, resolve, reject).start());
    }
    call.options.signal?.throwIfAborted();
    const { deadline } = call.message;
    if (deadline !== undefined && deadline <= call.startedAtWall) {
      throw new PlatformError("DEADLINE_EXCEEDED", `${call.message.type} ${call.message.id} came after its deadline`);
    }
    call.attempts++;
    return next(call);
  },
});

/** Memory at the door: whom a caller is, and what they may see of it. Operators see and forget all of their tenant. */
import { PlatformError } from "@agentcore/contract";
import { judgeAccess, type LongTermMemory, type Pool, poolOf } from "@agentcore/core/memory";
import type { CallerScope } from "@agentcore/core/tasks";
import type { MemoryService } from "../gateway/deps/memory-service.ts";

export const createMemoryService = (memory: LongTermMemory): MemoryService => {
  const mayRead = async (
    { tenantId, caller, operator }: CallerScope,
    pool: Pool,
  ): Promise<readonly string[] | null> => {
    if (operator === true) return null;
    const spec = pool.kind === "shared" ? await memory.declared(tenantId, pool) : null;
    const { allowed, reasons } = judgeAccess(pool, spec, { caller }, "read");
    return allowed ? null : reasons;
  };
  /** Throws INVALID_ARGUMENT, PERMISSION_DENIED. */
  const readable = async (scope: CallerScope, name: string): Promise<Pool> => {
    const pool = poolOf(name);
    const refused = await mayRead(scope, pool);
    if (refused !== null) throw new PlatformError("PERMISSION_DENIED", refused.join("; "));
    return pool;
  };
  return {
    pools: (scope, { after, limit }) =>
      memory.pools(scope.tenantId, { after, limit, shows: async (pool) => (await mayRead(scope, pool)) === null }),
    async list(scope, name, { after, limit }) {
      const pool = await readable(scope, name);
      const entries = await memory.list(scope.tenantId, pool, after, limit);
      return { entries, nextAfter: entries.length < limit ? null : (entries.at(-1)?.id ?? null) };
    },
    async get(scope, name, id) {
      const entry = await memory.get(scope.tenantId, await readable(scope, name), id);
      if (entry === null) throw new PlatformError("NOT_FOUND", `there is no memory ${id} in ${name}`);
      return entry;
    },
    async recall(scope, { pool, ...request }, signal) {
      return memory.recall(scope.tenantId, await readable(scope, pool), request, signal);
    },
    forget: async ({ tenantId }, { pool, ...which }) =>
      pool === undefined
        ? memory.forgetEverywhere(tenantId, { which })
        : memory.forget(tenantId, poolOf(pool), { which }),
  };
};

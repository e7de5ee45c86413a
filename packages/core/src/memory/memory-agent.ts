/**
 * The platform's agent that remembers: what `ctx.memory.remember`, `recall` and `forget` are sent to, over the bus. It judges who may and hands on. Only
 * the engine writes to it, which says truly for which agent and task.
 */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import type { ForgetWhich, NewMemory, RecallOptions } from "@agentcore/contract/authoring";
import type { PlatformAgent } from "../tasks/platform-agents.ts";
import { type Conversations, earlierTurns } from "./earlier-turns.ts";
import { judgeAccess, type MemoryUser } from "./judge-access.ts";
import type { LongTermMemory } from "./long-term-memory.ts";
import { agentPool, callerPool, type Pool, poolOf } from "./pool.ts";

/** What the engine sends. */
export type MemoryRequest = {
  /** As the code named it. */
  readonly pool: string;
  readonly asker: {
    readonly agent: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly caller: string;
    readonly taskId: string;
    readonly contextId: string;
    readonly path: string;
  };
} & (
  | { readonly operation: "remember"; readonly memory: NewMemory }
  | { readonly operation: "recall"; readonly query: string; readonly options: Omit<RecallOptions, "pool" | "key"> }
  | { readonly operation: "history"; readonly limit: number }
  | { readonly operation: "forget"; readonly which: ForgetWhich }
);

// As much of the key of a call as nobody hits by chance.
const ID_LENGTH = 32;

export const createMemoryAgent = (memory: LongTermMemory, tasks: Conversations): PlatformAgent => {
  /** The pool, if the asker has the right. Throws INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED. */
  const reach = async (
    tenantId: string,
    { pool: name, asker }: MemoryRequest,
    right: "read" | "write",
  ): Promise<Pool> => {
    const pool = poolNamed(name, asker);
    const spec = pool.kind === "shared" ? await memory.declared(tenantId, pool) : null;
    if (pool.kind === "shared" && spec === null)
      throw new PlatformError(
        "NOT_FOUND",
        `there is no MemoryPool "${pool.name}"; declare it, with agent ${asker.agent} in spec.${right}, or use "agent" or "caller"`,
      );
    const { allowed, reasons } = judgeAccess(pool, spec, asker, right);
    if (!allowed) throw new PlatformError("PERMISSION_DENIED", reasons.join("; "));
    return pool;
  };

  return {
    async answer({ tenantId, payload }, signal) {
      const request = payload as MemoryRequest;
      if (request.operation === "history")
        return earlierTurns(tasks, { tenantId, ...request.asker, limit: request.limit });
      if (request.operation !== "recall") throw unknown(request.operation);
      const pool = await reach(tenantId, request, "read");
      const { limit, tags, document } = request.options;
      return memory.recall(tenantId, pool, { query: request.query, limit, tags, document }, signal);
    },
    async perform({ tenantId, payload, idempotencyKey }, signal) {
      const request = payload as MemoryRequest;
      const { asker } = request;
      const writtenBy = `agent:${asker.agent}`;
      if (request.operation === "remember") {
        const pool = await reach(tenantId, request, "write");
        if (idempotencyKey === undefined)
          throw new PlatformError("INVALID_ARGUMENT", "a memory is written under the key of the call that made it");
        const { taskId, path, contextId, caller } = asker;
        const id = idempotencyKey.slice(0, ID_LENGTH);
        const origin = { id, taskId, path, contextId, caller, writtenBy };
        return memory.remember(tenantId, pool, request.memory, origin, signal);
      }
      if (request.operation !== "forget") throw unknown(request.operation);
      const pool = await reach(tenantId, request, "write");
      return memory.forget(tenantId, pool, { which: request.which, ...(pool.kind === "shared" ? { writtenBy } : {}) });
    },
  };
};

const poolNamed = (name: string, { agent, caller }: Pick<MemoryUser, "caller"> & { readonly agent: string }): Pool => {
  if (name === "agent") return agentPool(agent);
  if (name === "caller") return callerPool(agent, caller);
  if (typeof name !== "string")
    throw invalidArgument("the pool", [{ field: "pool", description: 'expected "agent", "caller" or a MemoryPool' }]);
  return poolOf(name);
};

const unknown = (operation: string): PlatformError =>
  new PlatformError("UNSUPPORTED_OPERATION", `the platform's memory has no such operation: ${operation}`);

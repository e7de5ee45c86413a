/** What agents keep by `ctx.memory.get` and `set`: their working state, by agent and tenant. */
import type { KeyValue, KeyValueScope } from "../ports/index.ts";

export const ownMemoryScope = (tenantId: string, agent: string): KeyValueScope => ({
  tenantId,
  namespace: `memory/${agent}`,
});

/** As a query handler sees it: nothing but to read. Null: nothing is kept there. */
export const createMemoryReader = (keyValue: Pick<KeyValue, "get">, tenantId: string, agent: string) => ({
  get: async (key: string): Promise<unknown> =>
    (await keyValue.get(ownMemoryScope(tenantId, agent), key))?.value ?? null,
});

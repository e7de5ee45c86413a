import type { Forgotten, MemoryEntry, MemoryPoolStatus, Recalled } from "@agentcore/contract";
import type { ForgetRule, RecallRequest } from "@agentcore/core/memory";
import type { CallerScope } from "@agentcore/core/tasks";

/** What agents remember, as far as a caller may see it. */
export interface MemoryService {
  pools(
    scope: CallerScope,
    page: MemoryPage,
  ): Promise<{ readonly pools: readonly MemoryPoolStatus[]; readonly nextAfter: string | null }>;
  /** These throw INVALID_ARGUMENT, PERMISSION_DENIED; `get` NOT_FOUND too. */
  list(
    scope: CallerScope,
    pool: string,
    page: MemoryPage,
  ): Promise<{ readonly entries: readonly MemoryEntry[]; readonly nextAfter: string | null }>;
  get(scope: CallerScope, pool: string, id: string): Promise<MemoryEntry>;
  recall(
    scope: CallerScope,
    request: RecallRequest & { readonly pool: string },
    signal: AbortSignal,
  ): Promise<Recalled>;
  /** For operators. Without a pool: in all of the tenant. */
  forget(scope: CallerScope, request: ForgetRule["which"] & { readonly pool?: string | undefined }): Promise<Forgotten>;
}

export interface MemoryPage {
  readonly after?: string | undefined;
  readonly limit: number;
}

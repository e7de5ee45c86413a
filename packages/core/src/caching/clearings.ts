/**
 * How far each tenant's cache has been cleared, on this node and on others. Each clearing begins an epoch: what was begun in an earlier one is not taken in any
 * more. What other nodes have cleared is looked for now and then, but not waited for, so a hit stays as fast as memory is.
 */
import type { Clock, KeyValue } from "../ports/index.ts";
import { CLEARED, scopeOf } from "./cache-keys.ts";

// Another node's clearing is noticed this late.
const READ_AGAIN_MS = 10_000;
const MAX_TENANTS = 10_000;

interface Clearing {
  readonly epoch: number;
  /** Of the row that says so to other nodes; null before it was read. */
  readonly version: number | null;
  readonly readAt: number;
}

export interface ClearingsOptions {
  readonly keyValue: KeyValue;
  readonly clock: Clock;
  /** Does the work when there is room for it. */
  readonly later: (work: () => Promise<void>) => void;
  /** Another node has cleared what this one holds. */
  readonly onCleared: (tenantId: string) => void;
}

export class Clearings {
  private readonly options: ClearingsOptions;
  private readonly known = new Map<string, Clearing>();

  constructor(options: ClearingsOptions) {
    this.options = options;
  }

  epochOf(tenantId: string): number {
    const known = this.known.get(tenantId);
    const epoch = known?.epoch ?? 0;
    if (known !== undefined && this.options.clock.monotonic() - known.readAt < READ_AGAIN_MS) return epoch;
    this.remember(tenantId, { epoch, version: known?.version ?? null });
    this.options.later(async () => {
      const entry = await this.options.keyValue.get(scopeOf(tenantId), CLEARED);
      const now = this.known.get(tenantId);
      const version = entry?.version ?? 0;
      if (now === undefined || now.version === version) return;
      if (now.version !== null) this.options.onCleared(tenantId);
      this.remember(tenantId, { epoch: now.version === null ? now.epoch : now.epoch + 1, version });
    });
    return epoch;
  }

  /** Here at once; resolves when other nodes can see it. Rejects when the store does. `forget`: drops what this node holds, once the epoch has begun. */
  async begin(tenantId: string, forget: () => void): Promise<void> {
    const { keyValue, clock } = this.options;
    const epoch = this.epochOf(tenantId) + 1;
    this.remember(tenantId, { epoch, version: this.known.get(tenantId)?.version ?? null });
    forget();
    this.remember(tenantId, { epoch, version: await keyValue.put(scopeOf(tenantId), CLEARED, clock.now()) });
  }

  private remember(tenantId: string, { epoch, version }: Omit<Clearing, "readAt">): void {
    const oldest = this.known.keys().next().value;
    if (this.known.size >= MAX_TENANTS && !this.known.has(tenantId) && oldest !== undefined) this.known.delete(oldest);
    this.known.set(tenantId, { epoch, version, readAt: this.options.clock.monotonic() });
  }
}

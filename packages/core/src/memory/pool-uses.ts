/** How often memories were given, and when last: a statistic, not worth a write each. */
import type { Clock } from "../ports/index.ts";
import { isGone, type KeptMemory } from "./kept-memory.ts";
import type { PoolIndex } from "./pool-index.ts";
import type { PoolRows } from "./pool-rows.ts";

const USES_AT_ONCE = 500;
const USES_EVERY_MS = 60_000;

export class PoolUses {
  private readonly rows: PoolRows;
  private readonly clock: Clock;
  private uses = new Map<string, { uses: number; lastUsedAt: number }>();
  private writtenAt: number;

  constructor(rows: PoolRows, clock: Clock) {
    this.rows = rows;
    this.clock = clock;
    this.writtenAt = clock.monotonic();
  }

  /** With what the store does not know yet. */
  added(id: string, memory: KeptMemory): KeptMemory {
    const more = this.uses.get(id);
    return more === undefined
      ? memory
      : { ...memory, uses: memory.uses + more.uses, lastUsedAt: Math.max(memory.lastUsedAt, more.lastUsedAt) };
  }

  count(ids: readonly string[], index: PoolIndex): void {
    const now = this.clock.now();
    for (const id of ids) {
      const { uses } = this.uses.get(id) ?? { uses: 0 };
      this.uses.set(id, { uses: uses + 1, lastUsedAt: now });
      const memory = index.get(id);
      if (memory === undefined) continue;
      memory.uses += 1;
      memory.lastUsedAt = now;
    }
  }

  /** Whether the store is to be told now: within a minute of the next call. */
  get isDue(): boolean {
    return this.uses.size >= USES_AT_ONCE || this.clock.monotonic() - this.writtenAt >= USES_EVERY_MS;
  }

  forget(id: string): void {
    this.uses.delete(id);
  }

  async write(): Promise<void> {
    const { uses } = this;
    this.uses = new Map();
    this.writtenAt = this.clock.monotonic();
    await Promise.all(
      [...uses].map(async ([id, more]) => {
        const row = await this.rows.entry(id);
        if (row === null || isGone(row.value)) return;
        const memory = { ...row.value, uses: row.value.uses + more.uses, lastUsedAt: more.lastUsedAt };
        // Forgotten meanwhile, it stays so.
        await this.rows.putEntry(id, memory, row.version);
      }),
    );
  }
}

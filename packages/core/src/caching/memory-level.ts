import type { KeptAnswer } from "./kept-answer.ts";

export interface MemoryLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

interface Held {
  readonly tenantId: string;
  readonly answer: KeptAnswer;
  readonly bytes: number;
}

// Of the entry but for its texts, its key and its place in the map.
const OVERHEAD_BYTES = 1_000;

/** The level of one node: what was used last stays, by number and by bytes. The tenant is part of every key. */
export class MemoryLevel {
  private readonly entries = new Map<string, Held>();
  private readonly limits: MemoryLimits;
  private bytes = 0;

  constructor(limits: MemoryLimits) {
    this.limits = limits;
  }

  get(tenantId: string, key: string, now: number): KeptAnswer | null {
    const name = nameOf(tenantId, key);
    const held = this.entries.get(name);
    if (held === undefined) return null;
    this.remove(name, held);
    if (held.answer.expiresAt <= now) return null;
    this.entries.set(name, held);
    this.bytes += held.bytes;
    return held.answer;
  }

  /** One that is larger than the whole level is not taken. */
  set(tenantId: string, key: string, answer: KeptAnswer): void {
    const name = nameOf(tenantId, key);
    const old = this.entries.get(name);
    if (old !== undefined) this.remove(name, old);
    const bytes = 2 * (answer.response.text.length + (answer.question?.text.length ?? 0)) + OVERHEAD_BYTES;
    if (bytes > this.limits.maxBytes) return;
    this.entries.set(name, { tenantId, answer, bytes });
    this.bytes += bytes;
    while (this.entries.size > this.limits.maxEntries || this.bytes > this.limits.maxBytes) {
      const [oldest] = this.entries;
      if (oldest === undefined) break;
      this.remove(...oldest);
    }
  }

  clear(tenantId: string): number {
    const own = [...this.entries].filter(([, held]) => held.tenantId === tenantId);
    for (const [name, held] of own) this.remove(name, held);
    return own.length;
  }

  sizeOf(tenantId: string): { readonly entries: number; readonly bytes: number } {
    let entries = 0;
    let bytes = 0;
    for (const held of this.entries.values()) {
      if (held.tenantId !== tenantId) continue;
      entries += 1;
      bytes += held.bytes;
    }
    return { entries, bytes };
  }

  private remove(name: string, held: Held): void {
    this.entries.delete(name);
    this.bytes -= held.bytes;
  }
}

// With the length in front, whatever either of them contains.
const nameOf = (tenantId: string, key: string): string => `${key.length} ${key} ${tenantId}`;

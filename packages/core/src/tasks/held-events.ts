/**
 * Events that this process has taken from the outbox and cannot carry yet. Those for which there is no room may be many, and are not read again each time that
 * there is something new: a *pass* is either over all of them, or behind them. One over all of them ends early, behind the last of them, when none of their contexts has
 * room after all. While events of a context are held, those that come after them are, too, so that they stay in order.
 */
import type { PlatformError } from "@agentcore/contract";
import type { OutboxRow } from "../ports/index.ts";

export class HeldEvents {
  /** Contexts of which events are held for want of room, and why. */
  readonly stuck = new Map<string, PlatformError>();
  /** How many there are. */
  private readonly counts = new Map<string, number>();
  /** Position of the last; null: none is known of. */
  private last: number | null = null;
  /** Behind which the pass goes on. */
  private at: number | null = null;
  /** The pass has not come to the last. */
  private isAgain = false;
  /** It does not end early, and counts them anew. */
  private isWhole = false;
  /** Contexts that were stuck before the pass. */
  private asked: readonly string[] = [];
  /** The next pass is over all of them; true: to the last. */
  private next: { isWhole: boolean } | null = { isWhole: true };

  /** The next pass is over them. `isWhole`: over all of them, whatever it finds. */
  ask({ isWhole }: { readonly isWhole: boolean }): void {
    this.next = { isWhole: isWhole || this.next?.isWhole === true };
  }

  /** By tenant. */
  get waiting(): ReadonlyMap<string, number> {
    return this.counts;
  }

  get isEmpty(): boolean {
    return this.last === null;
  }

  /** Position behind which is read. */
  get after(): number | null {
    return this.at;
  }

  begin(): void {
    const { next } = this;
    this.next = null;
    this.at = next === null ? this.last : null;
    this.isAgain = next !== null && this.last !== null;
    this.isWhole = next?.isWhole === true;
    if (next === null) return;
    this.asked = [...this.stuck.keys()];
    this.stuck.clear();
    if (this.isWhole) this.counts.clear();
  }

  /** Rows as they were read; `isHeld`: those that were not carried. */
  note(rows: readonly OutboxRow[], isHeld: (row: OutboxRow) => boolean): void {
    for (const row of rows) {
      const held = isHeld(row);
      const isKnown = this.isAgain && !this.isWhole;
      if (held !== isKnown) this.count(row.tenantId, held ? 1 : -1);
      if (held) this.at = row.position;
      if (this.isAgain && row.position === this.last) this.isAgain = false;
      if (!this.isAgain) this.last = this.at;
    }
    const isVain = this.asked.length > 0 && this.asked.every((context) => this.stuck.has(context));
    if (!this.isAgain || this.isWhole || !isVain) return;
    this.at = this.last;
    this.isAgain = false;
  }

  /** Nothing is left to be read. */
  end(): void {
    this.last = this.at;
    this.isAgain = false;
  }

  private count(tenantId: string, change: number): void {
    const count = (this.counts.get(tenantId) ?? 0) + change;
    if (count > 0) this.counts.set(tenantId, count);
    else this.counts.delete(tenantId);
  }
}

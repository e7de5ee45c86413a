/**
 * Calls that wait for what calls under way hold of a budget: a line for each account, on each node.
 *
 * - M1 One at a time tries, the first by priority and time of those for whom there is enough, as far as that is known: what is left was told to the last who
 *   tried in vain. - M2 Money that a settlement of this node gives back has the first try again at once, also when it comes during a try; what other nodes
 *   give back is looked for now and then. - M3 Nobody takes past the line what somebody before could do with.
 */
import type { Clock, Settlement, Timer } from "@agentcore/core/ports";
import { goesBefore, type Place, WaitingLine } from "../hosts/waiting-line.ts";

/** Of one call. It stands in one line at a time. */
export interface MoneyPlace extends Place {
  line: MoneyLine | null;
  /** Of the account. */
  asked: number;
  /** Null while it does not wait. */
  wake: (() => void) | null;
}

export interface MoneyLine {
  readonly key: string;
  readonly places: WaitingLine<MoneyPlace>;
  trying: MoneyPlace | null;
  /** The most that is left, as far as it is known. */
  left: number;
  /** Something came back during the try. */
  isFreed: boolean;
  timer: Timer | null;
}

export interface MoneyWait {
  readonly tenantId: string;
  readonly account: string;
  readonly asked: number;
  /** Of the account, as it was refused; undefined where it was not asked. */
  readonly left: number | undefined;
  /** Milliseconds, at most. */
  readonly forMs: number;
  readonly signal: AbortSignal;
}

// For what other nodes settle: that of four nodes is some twenty questions to the store a second and account.
const LOOK_MS = 200;

export class BudgetLines {
  readonly #clock: Pick<Clock, "after">;
  readonly #lines = new Map<string, MoneyLine>();

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** M3. */
  mayTake(tenantId: string, account: string, asked: number, place: MoneyPlace): boolean {
    const line = this.#lines.size === 0 ? undefined : this.#lines.get(keyOf(tenantId, account));
    if (line === undefined || line.trying === place) return true;
    for (const other of line.places) {
      if (other === place || (place.line !== line && goesBefore(place, other))) return true;
      if (other.asked <= asked) return false;
    }
    return true;
  }

  /** Until it is worth to try, or the time is over. It keeps its place until `leave`. Rejects with the signal's reason. */
  async wait(place: MoneyPlace, { tenantId, account, asked, left, forMs, signal }: MoneyWait): Promise<void> {
    signal.throwIfAborted();
    const line = this.#join(place, keyOf(tenantId, account), asked);
    const woken = new Promise<void>((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", onAbort);
        place.wake = null;
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      place.wake = () => {
        end();
        resolve();
      };
      const timer = this.#clock.after(forMs, place.wake);
      signal.addEventListener("abort", onAbort, { once: true });
    });
    if (left !== undefined && (line.trying === null || line.trying === place)) {
      line.left = line.isFreed ? Number.POSITIVE_INFINITY : left;
      line.isFreed = false;
    }
    if (line.trying === place) line.trying = null;
    this.#next(line);
    return woken;
  }

  /** `took`: what it asked for. */
  leave(place: MoneyPlace, took: boolean): void {
    const { line } = place;
    if (line === null) return;
    place.line = null;
    line.places.remove(place);
    if (took) line.left -= place.asked;
    if (line.trying === place) {
      line.trying = null;
      if (line.isFreed) line.left = Number.POSITIVE_INFINITY;
      line.isFreed = false;
    }
    if (line.places.size > 0) return this.#next(line);
    line.timer?.cancel();
    this.#lines.delete(line.key);
  }

  /** What was held under the settlement and not spent is free. */
  freed(tenantId: string, { key, amounts }: Settlement): void {
    if (key === null || this.#lines.size === 0) return;
    for (const { account } of amounts) {
      const line = this.#lines.get(keyOf(tenantId, account));
      if (line !== undefined) this.#free(line);
    }
  }

  #free(line: MoneyLine): void {
    if (line.trying !== null) line.isFreed = true;
    else line.left = Number.POSITIVE_INFINITY;
    this.#next(line);
  }

  #join(place: MoneyPlace, key: string, asked: number): MoneyLine {
    if (place.line !== null && (place.line.key !== key || place.asked !== asked)) this.leave(place, false);
    if (place.line !== null) return place.line;
    const line = this.#lines.get(key) ?? {
      ...{ key, places: new WaitingLine<MoneyPlace>(), trying: null, isFreed: false, timer: null },
      left: Number.POSITIVE_INFINITY,
    };
    this.#lines.set(key, line);
    place.line = line;
    place.asked = asked;
    line.places.add(place);
    return line;
  }

  #next(line: MoneyLine): void {
    if (line.trying !== null) return;
    for (const place of line.places) {
      if (place.wake === null || place.asked > line.left) continue;
      line.trying = place;
      return place.wake();
    }
    line.timer ??= this.#clock.after(LOOK_MS, () => {
      line.timer = null;
      this.#free(line);
    });
  }
}

/** By its length, no tenant's name runs over into an account. */
const keyOf = (tenantId: string, account: string): string => `${tenantId.length}/${tenantId}/${account}`;

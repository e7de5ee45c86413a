/**
 * What a node has seen of its targets, and what it lets through to them by that: calls under way, a breaker each, waits that a provider has asked for, how
 * long answers take and how many fail. Each node's own: there is nothing to agree on.
 *
 * Of one that has as many calls under way as its limit of concurrency, others stand in line:
 * - T1 Never more are under way than the limit. - T2 A place that is free goes to the first in line in the turn in which it becomes free: nobody slips in
 *   between, and nobody waits while there is room. - T3 Whoever stands in several lines has at most one place, and one that left has none.
 * - T4 While it is not to be asked at all, nobody stands in its line.
 */
import { PlatformError } from "@agentcore/contract/errors";
import type { Clock } from "@agentcore/core/ports";
import { CircuitBreaker, type CircuitBreakerOptions } from "@agentcore/core/routing";
import { formatSeconds } from "../format-seconds.ts";
import type { ModelTarget } from "../model-target.ts";
import { TargetSpeed } from "./target-speed.ts";
import { type Place, WaitingLine } from "./waiting-line.ts";

export interface TargetCallsOptions {
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** @default after 5 failures in a row for 60000 ms */
  readonly breaker?: CircuitBreakerOptions | undefined;
  /** Of all tenants, of which something is remembered. @default 10000 */
  readonly maxTargets?: number | undefined;
}

/** Of a call that was let through: hand it back once, with `leave`. */
export interface EnteredTarget {
  readonly entered: true;
  readonly tenantId: string;
  readonly target: ModelTarget;
  readonly ticket: object;
}

export type TargetEntry =
  | EnteredTarget
  /** CIRCUIT_OPEN, BULKHEAD_FULL or OVERLOADED, with the time until it may be let through: of a full one, until about one of its calls is over. */
  | { readonly entered: false; readonly refusal: PlatformError };

export type TargetOutcome =
  /** Milliseconds, and tokens. */
  | {
      readonly outcome: "answered";
      readonly firstTokenMs?: number | undefined;
      readonly durationMs: number;
      readonly outputTokens: number;
    }
  /** By its own fault. `retryAfterMs`: for so long it asked not to be asked; `isLimit`: since it was asked too much (429). */
  | { readonly outcome: "failed"; readonly retryAfterMs?: number | undefined; readonly isLimit?: boolean | undefined }
  /** Without telling anything of the target. */
  | { readonly outcome: "abandoned" };

export interface TargetView {
  readonly underWay: number;
  /** As many calls as its limit of `concurrency` lets it have. */
  readonly isFull: boolean;
  /** Share of calls that failed, the last ones counting most: 0 to 1. */
  readonly failureRate: number;
  /** Why it is not to be chosen now; being full passes sooner than it is worth to choose another. */
  readonly problem?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The problem is that it was asked too much. */
  readonly isLimit?: boolean | undefined;
  /** Milliseconds that an answer takes; undefined where nothing was measured lately. */
  expectedMs(outputTokens: number): number | undefined;
}

export interface TargetWait extends Place {
  /** Milliseconds, at most. */
  readonly forMs: number;
  readonly signal: AbortSignal;
}

interface Seen {
  readonly breaker: CircuitBreaker;
  readonly speed: TargetSpeed;
  readonly line: WaitingLine<Waiter>;
  underWay: number;
  /** As the last one who came for it said. */
  concurrency: number;
  /** Monotonic milliseconds. */
  heldUntil: number;
  /** Its last failure was that it was asked too much. */
  isLimit: boolean;
}

interface Waiter extends Place {
  readonly tenantId: string;
  /** Where it stands in line. */
  readonly standing: Map<Seen, ModelTarget>;
  readonly end: (entry: EnteredTarget | null) => void;
}

interface Ticket {
  readonly seen: Seen;
  readonly pass: number;
  isOpen: boolean;
}

// A provider that wants an hour is asked again all the same: it may have been wrong, and a probe costs little.
const MAX_HOLD_MS = 300_000;

// In one line; of a target that takes more at once, twice as many as it takes.
const MAX_IN_LINE = 1_000;

// Of one that is full, for whoever does not stand in line.
const MIN_FULL_WAIT_MS = 50;
const MAX_FULL_WAIT_MS = 1_000;
const TYPICAL_OUTPUT_TOKENS = 500;

export class TargetCalls {
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #breaker: CircuitBreakerOptions;
  readonly #maxTargets: number;
  /** In the order of their last use. */
  readonly #targets = new Map<string, Seen>();

  constructor({ clock, breaker = {}, maxTargets = 10_000 }: TargetCallsOptions) {
    this.#clock = clock;
    this.#breaker = breaker;
    this.#maxTargets = maxTargets;
  }

  enter(tenantId: string, target: ModelTarget): TargetEntry {
    const seen = this.#seen(tenantId, target.id);
    if (seen === undefined)
      return refused("OVERLOADED", `${this.#maxTargets} models have calls under way, and no more are taken`, 1_000);
    seen.concurrency = concurrencyOf(target);
    this.#admit(seen);
    const refusal = this.#held(seen) ?? this.#full(seen, target);
    if (refusal !== undefined) return refusal;
    return this.#pass(seen, tenantId, target) ?? this.#breakerOpen(seen);
  }

  /**
   * In line for the first of the targets that has room. Null when the time is over, or none of them is to be asked any more; without targets it is a
   * pause. Rejects with the signal's reason, and throws BULKHEAD_FULL where all lines are at their bound.
   */
  async wait(
    tenantId: string,
    targets: readonly ModelTarget[],
    { priority, since, forMs, signal }: TargetWait,
  ): Promise<EnteredTarget | null> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", onAbort);
        for (const seen of waiter.standing.keys()) seen.line.remove(waiter);
        waiter.standing.clear();
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      const end = (entry: EnteredTarget | null): void => {
        leave();
        resolve(entry);
      };
      const waiter: Waiter = { tenantId, priority, since, standing: new Map(), end };
      const timer = this.#clock.after(forMs, () => end(null));
      signal.addEventListener("abort", onAbort, { once: true });
      let full: Seen | undefined;
      for (const target of targets) {
        const seen = this.#seen(tenantId, target.id);
        if (seen === undefined || waiter.standing.has(seen)) continue;
        full = seen;
        seen.concurrency = concurrencyOf(target);
        if (seen.line.size >= Math.max(MAX_IN_LINE, 2 * seen.concurrency)) continue;
        seen.line.add(waiter);
        waiter.standing.set(seen, target);
      }
      if (full !== undefined && waiter.standing.size === 0) {
        leave();
        return reject(lineFull(full));
      }
      // What has become free since it was refused.
      for (const seen of [...waiter.standing.keys()]) this.#admit(seen);
    });
  }

  /** Only the first one of an entry counts. */
  leave(entry: EnteredTarget, outcome: TargetOutcome): void {
    const ticket = entry.ticket as Ticket;
    if (!ticket.isOpen) return;
    ticket.isOpen = false;
    const { seen, pass } = ticket;
    const now = this.#clock.monotonic();
    seen.underWay -= 1;
    switch (outcome.outcome) {
      case "answered":
        seen.breaker.succeed(pass);
        seen.speed.answered(outcome, now);
        break;
      case "failed":
        seen.breaker.fail(pass, now);
        seen.speed.failed(now);
        seen.isLimit = outcome.isLimit === true;
        if (outcome.retryAfterMs !== undefined)
          seen.heldUntil = Math.max(seen.heldUntil, now + Math.min(outcome.retryAfterMs, MAX_HOLD_MS));
        break;
      case "abandoned":
        seen.breaker.abandon(pass, now);
    }
    this.#admit(seen);
  }

  /** Gives away what is free, or sends away whoever waits for one that is not to be asked. */
  #admit(seen: Seen): void {
    for (let first = seen.line.first; first !== undefined; first = seen.line.first) {
      const target = first.standing.get(seen);
      const isAsked = this.#held(seen) === undefined && seen.breaker.wouldPass(this.#clock.monotonic());
      if (isAsked && seen.underWay >= seen.concurrency) return;
      const entry = isAsked && target !== undefined ? this.#pass(seen, first.tenantId, target) : undefined;
      if (entry !== undefined) first.end(entry);
      else {
        seen.line.remove(first);
        first.standing.delete(seen);
        if (first.standing.size === 0) first.end(null);
      }
    }
  }

  #pass(seen: Seen, tenantId: string, target: ModelTarget): EnteredTarget | undefined {
    const pass = seen.breaker.tryPass(this.#clock.monotonic());
    if (pass === 0) return undefined;
    seen.underWay += 1;
    const ticket: Ticket = { seen, pass, isOpen: true };
    return { entered: true, tenantId, target, ticket };
  }

  /** What is known of it now; nothing is remembered by asking. */
  look(tenantId: string, target: ModelTarget): TargetView {
    const seen = this.#targets.get(keyOf(tenantId, target.id));
    if (seen === undefined) return { underWay: 0, isFull: false, failureRate: 0, expectedMs: () => undefined };
    const now = this.#clock.monotonic();
    const refusal = this.#held(seen) ?? (seen.breaker.wouldPass(now) ? undefined : this.#breakerOpen(seen));
    return {
      underWay: seen.underWay,
      isFull: isFull(seen, target),
      failureRate: seen.speed.failureRate(now),
      ...(refusal?.entered === false
        ? { problem: refusal.refusal.message, retryAfterMs: refusal.refusal.retryAfterMs, isLimit: seen.isLimit }
        : {}),
      expectedMs: (outputTokens) => seen.speed.expectedMs(outputTokens, now),
    };
  }

  #held({ heldUntil }: Seen): TargetEntry | undefined {
    const leftMs = heldUntil - this.#clock.monotonic();
    return leftMs > 0 ? refused("OVERLOADED", "it asked to be left alone", leftMs) : undefined;
  }

  #full(seen: Seen, target: ModelTarget): TargetEntry | undefined {
    if (!isFull(seen, target)) return undefined;
    const { underWay, speed } = seen;
    const answerMs = speed.expectedMs(TYPICAL_OUTPUT_TOKENS, this.#clock.monotonic()) ?? MAX_FULL_WAIT_MS;
    return {
      entered: false,
      refusal: new PlatformError("BULKHEAD_FULL", `it has ${underWay} calls under way, its limit of concurrency`, {
        retryAfterMs: Math.ceil(Math.min(MAX_FULL_WAIT_MS, Math.max(MIN_FULL_WAIT_MS, answerMs / underWay))),
      }),
    };
  }

  #breakerOpen({ breaker }: Seen): TargetEntry {
    const retryAfterMs = breaker.retryAfterMs(this.#clock.monotonic());
    const why = breaker.state === "half-open" ? "its breaker waits for the answer to a probe" : "its breaker is open";
    return refused("CIRCUIT_OPEN", why, retryAfterMs);
  }

  #seen(tenantId: string, targetId: string): Seen | undefined {
    const key = keyOf(tenantId, targetId);
    const known = this.#targets.get(key);
    if (known !== undefined) {
      this.#targets.delete(key);
      this.#targets.set(key, known);
      return known;
    }
    if (this.#targets.size >= this.#maxTargets && !this.#forgetOne()) return undefined;
    const seen: Seen = {
      breaker: new CircuitBreaker(this.#breaker),
      speed: new TargetSpeed(),
      line: new WaitingLine(),
      underWay: 0,
      concurrency: Number.POSITIVE_INFINITY,
      heldUntil: 0,
      isLimit: false,
    };
    this.#targets.set(key, seen);
    return seen;
  }

  /** The one that was not used for longest, without a call under way. */
  #forgetOne(): boolean {
    for (const [key, { underWay }] of this.#targets) {
      if (underWay > 0) continue;
      this.#targets.delete(key);
      return true;
    }
    return false;
  }
}

/** By its length, no tenant's name runs over into an id. */
const keyOf = (tenantId: string, targetId: string): string => `${tenantId.length}/${tenantId}/${targetId}`;

const concurrencyOf = ({ limits }: ModelTarget): number => limits?.concurrency ?? Number.POSITIVE_INFINITY;

const isFull = ({ underWay }: Seen, target: ModelTarget): boolean => underWay >= concurrencyOf(target);

const lineFull = ({ underWay, line }: Seen): PlatformError =>
  new PlatformError("BULKHEAD_FULL", `it has ${underWay} calls under way, and ${line.size} more wait for it`, {
    retryAfterMs: MAX_FULL_WAIT_MS,
  });

const refused = (code: "OVERLOADED" | "CIRCUIT_OPEN", message: string, leftMs: number): TargetEntry => {
  const retryAfterMs = Math.ceil(leftMs);
  return {
    entered: false,
    refusal: new PlatformError(code, `${message}, for another ${formatSeconds(retryAfterMs)}`, { retryAfterMs }),
  };
};

/**
 * What a node has seen of its targets, and what it lets through to them by that: calls under way, a breaker each, waits that a provider has asked for, how
 * long answers take and how many fail. Each node's own: there is nothing to agree on.
 */
import { PlatformError } from "@agentcore/contract/errors";
import type { Clock } from "@agentcore/core/ports";
import { CircuitBreaker, type CircuitBreakerOptions } from "@agentcore/core/routing";
import type { ModelTarget } from "../model-target.ts";
import { TargetSpeed } from "./target-speed.ts";

export interface TargetCallsOptions {
  readonly clock: Pick<Clock, "monotonic">;
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
  /** By its own fault. `retryAfterMs`: for so long it asked not to be asked. */
  | { readonly outcome: "failed"; readonly retryAfterMs?: number | undefined }
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
  /** Milliseconds that an answer takes; undefined where nothing was measured lately. */
  expectedMs(outputTokens: number): number | undefined;
}

interface Seen {
  readonly breaker: CircuitBreaker;
  readonly speed: TargetSpeed;
  underWay: number;
  /** Monotonic milliseconds. */
  heldUntil: number;
}

interface Ticket {
  readonly seen: Seen;
  readonly pass: number;
  isOpen: boolean;
}

// A provider that wants an hour is asked again all the same: it may have been wrong, and a probe costs little.
const MAX_HOLD_MS = 300_000;

// Of one that is full: who waits is not told when a call is over.
const MIN_FULL_WAIT_MS = 50;
const MAX_FULL_WAIT_MS = 1_000;
const TYPICAL_OUTPUT_TOKENS = 500;

export class TargetCalls {
  readonly #clock: Pick<Clock, "monotonic">;
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
    const refusal = this.#held(seen) ?? this.#full(seen, target);
    if (refusal !== undefined) return refusal;
    const pass = seen.breaker.tryPass(this.#clock.monotonic());
    if (pass === 0) return this.#breakerOpen(seen);
    seen.underWay += 1;
    const ticket: Ticket = { seen, pass, isOpen: true };
    return { entered: true, tenantId, target, ticket };
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
        if (outcome.retryAfterMs !== undefined)
          seen.heldUntil = Math.max(seen.heldUntil, now + Math.min(outcome.retryAfterMs, MAX_HOLD_MS));
        break;
      case "abandoned":
        seen.breaker.abandon(pass, now);
    }
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
        ? { problem: refusal.refusal.message, retryAfterMs: refusal.refusal.retryAfterMs }
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
      underWay: 0,
      heldUntil: 0,
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

const isFull = ({ underWay }: Seen, { limits }: ModelTarget): boolean =>
  underWay >= (limits?.concurrency ?? Number.POSITIVE_INFINITY);

const refused = (code: "OVERLOADED" | "CIRCUIT_OPEN", message: string, leftMs: number): TargetEntry => {
  const retryAfterMs = Math.ceil(leftMs);
  return {
    entered: false,
    refusal: new PlatformError(code, `${message}, for another ${retryAfterMs} ms`, { retryAfterMs }),
  };
};

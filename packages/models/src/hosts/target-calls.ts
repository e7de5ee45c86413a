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

/** Of one that was let through: hand it back once, with `leave`. */
export type TargetEntry =
  | { readonly entered: true; readonly ticket: object }
  /** CIRCUIT_OPEN, BULKHEAD_FULL or OVERLOADED, retryable. */
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
  /** Why `enter` would refuse. */
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
      return refused("OVERLOADED", `${this.#maxTargets} models have calls under way, no more are kept apart`, 1_000);
    const refusal = this.#refusal(seen, target);
    if (refusal !== undefined) return refusal;
    const pass = seen.breaker.tryPass(this.#clock.monotonic());
    if (pass === 0) return this.#breakerOpen(seen);
    seen.underWay += 1;
    const ticket: Ticket = { seen, pass, isOpen: true };
    return { entered: true, ticket };
  }

  /** Only the first one of an entry counts. */
  leave(entry: TargetEntry, outcome: TargetOutcome): void {
    if (!entry.entered) return;
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
    const refusal = this.#refusal(seen, target) ?? (seen.breaker.wouldPass(now) ? undefined : this.#breakerOpen(seen));
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

  #refusal(seen: Seen, target: ModelTarget): TargetEntry | undefined {
    const now = this.#clock.monotonic();
    if (seen.heldUntil > now)
      return refused("OVERLOADED", "it asked to be left alone for a while", seen.heldUntil - now);
    if (isFull(seen, target))
      return refused("BULKHEAD_FULL", `it has ${seen.underWay} calls under way, its limit of concurrency`, undefined);
    return undefined;
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

const keyOf = (tenantId: string, targetId: string): string => JSON.stringify([tenantId, targetId]);

const isFull = ({ underWay }: Seen, { limits }: ModelTarget): boolean =>
  underWay >= (limits?.concurrency ?? Number.POSITIVE_INFINITY);

const refused = (
  code: "OVERLOADED" | "BULKHEAD_FULL" | "CIRCUIT_OPEN",
  message: string,
  retryAfterMs: number | undefined,
): TargetEntry => ({
  entered: false,
  refusal: new PlatformError(
    code,
    retryAfterMs === undefined ? message : `${message}, for another ${Math.ceil(retryAfterMs)} ms`,
    retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) },
  ),
});

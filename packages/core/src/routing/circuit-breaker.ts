import type { BreakerView } from "./routing-facts.ts";

export interface CircuitBreakerOptions {
  /** Failures in a row that open it. @default 5 */
  readonly failures?: number | undefined;
  /** Milliseconds it stays open before one probe is let through. @default 60000 */
  readonly openMs?: number | undefined;
}

export type CircuitState = "closed" | "open" | "half-open";

/**
 * closed --(failures in a row)--> open --(openMs, first asker)--> half-open --(success)--> closed
 *                                  ^--------------(failure)----------'
 *
 * Time is handed in (monotonic); nothing is allocated per call. Every passage is a ticket, numbered in the order they were given, and every
 * change of state starts a new epoch:
 * - B1 While open, nothing passes. - B2 Half-open, one probe is under way at a time. - B3 A result of an earlier epoch
 * (an answer that comes after the breaker opened) changes nothing. - B4 A probe that never reports is given up after openMs,
 * so no lost probe wedges the breaker. - B5 Closed, what breaks many calls at once counts once: a failure counts only of a call that
 * began after the last success was seen, and that began after the last failure that counted, or came a second after it or later.
 */
// One cause fails what is under way within that time. Those that time out one after another, for a minute and longer, are more than one.
const BURST_MS = 1_000;

export class CircuitBreaker implements BreakerView {
  readonly #limit: number;
  readonly #openMs: number;
  #state: CircuitState = "closed";
  /** The last ticket that was given. */
  #last = 0;
  /** The last one of earlier epochs. */
  #outdated = 0;
  /** The last one that was given when a success was seen, and when a failure counted. */
  #beforeSuccess = 0;
  #beforeFailure = 0;
  #failedAt = 0;
  #failures = 0;
  /** When it opened, or when the probe left. */
  #since = 0;

  constructor(options: CircuitBreakerOptions = {}) {
    this.#limit = options.failures ?? 5;
    this.#openMs = options.openMs ?? 60_000;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Failures in a row, as far as they count in the closed state. */
  get failures(): number {
    return this.#failures;
  }

  wouldPass(now: number): boolean {
    return this.#state === "closed" || now - this.#since >= this.#openMs;
  }

  retryAfterMs(now: number): number {
    return this.#state === "closed" ? 0 : Math.max(0, this.#openMs - (now - this.#since));
  }

  /** A ticket to hand back with the result, or 0 when nothing may pass. */
  tryPass(now: number): number {
    if (this.#state !== "closed") {
      if (!this.wouldPass(now)) return 0;
      this.#enter("half-open", now);
    }
    this.#last++;
    return this.#last;
  }

  succeed(ticket: number): void {
    if (ticket <= this.#outdated) return;
    this.#failures = 0;
    this.#beforeSuccess = this.#last;
    if (this.#state === "half-open") this.#enter("closed", 0);
  }

  fail(ticket: number, now: number): void {
    if (ticket <= this.#outdated || !this.#counts(ticket, now)) return;
    this.#failures++;
    this.#beforeFailure = this.#last;
    this.#failedAt = now;
    if (this.#state === "half-open" || this.#failures >= this.#limit) this.#enter("open", now);
  }

  /** The call ended without telling anything about the agent (canceled, never delivered): the next may probe at once. */
  abandon(ticket: number, now: number): void {
    if (ticket > this.#outdated && this.#state === "half-open") this.#enter("open", now - this.#openMs);
  }

  /** B5. A probe began after all others. */
  #counts(ticket: number, now: number): boolean {
    if (ticket <= this.#beforeSuccess) return false;
    return ticket > this.#beforeFailure || now - this.#failedAt >= BURST_MS;
  }

  #enter(state: CircuitState, since: number): void {
    this.#state = state;
    this.#since = since;
    this.#outdated = this.#last;
    if (state === "closed") this.#failures = 0;
  }
}

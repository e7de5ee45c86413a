import { PlatformError } from "@agentcore/contract";
import type { Clock } from "../ports/index.ts";
import type { AgentRegistry, Replica } from "../registry/index.ts";
import type { AgentGuards } from "./agent-guards.ts";
import type { BusCall, Next } from "./bus-call.ts";
import type { DeadlineEntry, DeadlineList } from "./deadline-list.ts";
import type { BusLimits } from "./limits.ts";
import type { Choose } from "./route.ts";

export interface QueryRunParts {
  readonly clock: Clock;
  readonly registry: AgentRegistry;
  readonly deadlines: DeadlineList;
  readonly choose: Choose;
  readonly random: () => number;
  readonly limits: BusLimits;
}

/**
 * One query under guard: attempt → (wait → attempt)* → next candidate → … , until an answer, a final error, the deadline or
 * a cancel. G1 The caller hears exactly once. G2 Every passage of a breaker and every slot of a bulkhead is given back
 * once; a slot not before the handler has really ended, even when nobody waits for it any more: else an agent that ignores
 * its signal would run more calls than it may. G3 No attempt begins after the caller has heard.
 */
export class QueryRun implements DeadlineEntry {
  readonly expiresAt: number;
  earlier: DeadlineEntry | undefined = undefined;
  later: DeadlineEntry | undefined = undefined;
  readonly #call: BusCall;
  readonly #next: Next;
  readonly #parts: QueryRunParts;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: PlatformError) => void;
  readonly #abort = new AbortController();
  #onCancel: (() => void) | undefined = undefined;
  #done = false;
  #tries = 0;
  #ticket = 0;
  /** A handler is at work for this call. */
  #delivered = false;
  #lastError: PlatformError | undefined = undefined;

  constructor(
    call: BusCall,
    next: Next,
    parts: QueryRunParts,
    resolve: (value: unknown) => void,
    reject: (error: PlatformError) => void,
  ) {
    this.#call = call;
    this.#next = next;
    this.#parts = parts;
    this.#resolve = resolve;
    this.#reject = reject;
    const { deadline } = call.message;
    // A deadline is wall time, waiting is monotonic: a clock that is set meanwhile moves no deadline.
    this.expiresAt =
      call.startedAt + (deadline === undefined ? parts.limits.queryTimeoutMs : deadline - call.startedAtWall);
  }

  start(): void {
    const { clock, deadlines } = this.#parts;
    const caller = this.#call.options.signal;
    if (caller !== undefined) {
      if (caller.aborted) return this.#cancel(caller);
      this.#onCancel = () => this.#cancel(caller);
      caller.addEventListener("abort", this.#onCancel, { once: true });
    }
    const now = this.#call.startedAt;
    // The clock is asked again only when little is left: stages before this one may have waited.
    if (this.expiresAt - now <= 0 || (this.expiresAt - now < 1_000 && this.expiresAt <= clock.monotonic()))
      return this.expire();
    this.#call.signal = this.#abort.signal;
    deadlines.add(this, now);
    this.#attempt();
  }

  expire(): void {
    if (this.#done) return;
    const { message, choice } = this.#call;
    const waitedMs = Math.round(this.#parts.clock.monotonic() - this.#call.startedAt);
    const error = new PlatformError(
      "DEADLINE_EXCEEDED",
      `${choice?.record.name ?? message.target} did not answer query ${message.id} within ${waitedMs} ms`,
    );
    const breaker = this.#call.guards?.breaker;
    const now = this.#parts.clock.monotonic();
    // Time spent waiting for a slot says nothing about the agent's health.
    if (this.#delivered) breaker?.fail(this.#takeTicket(), now);
    else breaker?.abandon(this.#takeTicket(), now);
    this.#fail(error);
    this.#abort.abort(error);
  }

  #cancel(caller: AbortSignal): void {
    const error = new PlatformError("CANCELED", `query ${this.#call.message.id} was canceled by its caller`, {
      cause: caller.reason,
    });
    this.#call.guards?.breaker.abandon(this.#takeTicket(), this.#parts.clock.monotonic());
    this.#fail(error);
    this.#abort.abort(error);
  }

  #attempt(): void {
    if (this.#done) return;
    const { clock } = this.#parts;
    const guards = this.#call.guards as AgentGuards;
    this.#tries++;
    const now = this.#call.attempts === 0 ? this.#call.startedAt : clock.monotonic();
    this.#ticket = guards.breaker.tryPass(now);
    if (this.#ticket === 0) {
      const retryAfterMs = Math.ceil(guards.breaker.retryAfterMs(now));
      return this.#moveOn(
        new PlatformError(
          "CIRCUIT_OPEN",
          `the circuit breaker of ${this.#agent} opened; it lets a probe through in ${retryAfterMs} ms`,
          { retryAfterMs },
        ),
      );
    }
    let slot: Promise<void> | undefined;
    try {
      slot = guards.bulkhead.enter(this.#abort.signal);
    } catch (thrown) {
      guards.breaker.abandon(this.#takeTicket(), now);
      return this.#retryOrMoveOn(PlatformError.from(thrown));
    }
    if (slot === undefined) return this.#deliver(guards);
    // Rejected only by our own signal: then the caller has heard and the waiter took no slot.
    slot.then(
      () => (this.#done ? guards.bulkhead.leave() : this.#deliver(guards)),
      () => undefined,
    );
  }

  #deliver(guards: AgentGuards): void {
    const { registry, clock } = this.#parts;
    const call = this.#call;
    const replica = call.choice?.replica as Replica;
    const begun = call.attempts === 0 && this.#tries === 1 ? call.startedAt : clock.monotonic();
    call.attempts++;
    this.#delivered = true;
    registry.begin(replica);
    let answer: Promise<unknown>;
    try {
      answer = this.#next(call);
    } catch (thrown) {
      answer = Promise.reject(PlatformError.from(thrown, "AGENT_FAILED"));
    }
    answer.then(
      (value) => {
        guards.bulkhead.leave();
        registry.settle(replica, clock.monotonic() - begun, true);
        if (this.#done) return;
        guards.breaker.succeed(this.#takeTicket());
        this.#release();
        this.#resolve(value);
      },
      (thrown: unknown) => {
        const error = PlatformError.from(thrown, "AGENT_FAILED");
        const now = clock.monotonic();
        const ill = saysAgentIsIll(error);
        guards.bulkhead.leave();
        registry.settle(replica, now - begun, !ill);
        if (this.#done) return;
        this.#delivered = false;
        if (ill) guards.breaker.fail(this.#takeTicket(), now);
        else guards.breaker.succeed(this.#takeTicket());
        if (error.retryable) this.#retryOrMoveOn(error);
        else this.#fail(error);
      },
    );
  }

  /** Waits and tries the same agent again, while it has tries and the deadline has time left. */
  #retryOrMoveOn(error: PlatformError): void {
    const { clock, limits, random } = this.#parts;
    const delay = limits.retryDelaysMs[this.#tries - 1];
    // A full agent is not worth waiting for when another one is free.
    const full = error.code === "BULKHEAD_FULL" && this.#call.candidates.length > 1;
    if (delay === undefined || full) return this.#moveOn(error);
    // ±20 %: enough to spread callers that failed together, and still the documented times.
    const waitMs = Math.max(delay * (0.8 + 0.4 * random()), error.retryAfterMs ?? 0);
    if (clock.monotonic() + waitMs >= this.expiresAt) return this.#moveOn(error);
    clock.after(waitMs, () => this.#attempt());
  }

  /** Goes to the next candidate; a query changes nothing, so a delivery that may have arrived does no harm. */
  #moveOn(error: PlatformError): void {
    const call = this.#call;
    if (call.choice !== undefined) (call.failed ??= new Set()).add(call.choice.record);
    this.#lastError = this.#firstReal(error);
    try {
      if (call.candidates.length < 2 || !this.#parts.choose(call)) return this.#fail(this.#lastError);
    } catch (thrown) {
      // A pluggable authoriser may throw; outside the caller's turn nobody else would tell the caller (G1).
      return this.#fail(PlatformError.from(thrown));
    }
    this.#tries = 0;
    this.#attempt();
  }

  // "the breaker opened" is true but no cause: what opened it says more.
  #firstReal(error: PlatformError): PlatformError {
    return error.code === "CIRCUIT_OPEN" ? (this.#lastError ?? error) : error;
  }

  #fail(error: PlatformError): void {
    this.#release();
    this.#reject(error);
  }

  #release(): void {
    this.#done = true;
    this.#parts.deadlines.remove(this);
    if (this.#onCancel !== undefined) this.#call.options.signal?.removeEventListener("abort", this.#onCancel);
  }

  // Once only (G2): whoever reports on a passage takes its ticket.
  #takeTicket(): number {
    const ticket = this.#ticket;
    this.#ticket = 0;
    return ticket;
  }

  get #agent(): string {
    return this.#call.choice?.record.name ?? this.#call.message.target;
  }
}

// 4xx: the agent is well and said no. Full or opened on the way: says nothing about its health either.
const saysAgentIsIll = (error: PlatformError): boolean =>
  error.status >= 500 && error.code !== "BULKHEAD_FULL" && error.code !== "CIRCUIT_OPEN";

/**
 * Requests and tokens a minute, over all nodes of one database. What a limit has seen is one small document of the KeyValue: counts by sub-windows of ten
 * seconds. Whoever takes counts the current one and the six before it, which cover any sixty seconds that end now.
 *
 *   waiters (by priority, then first come) --one batch--> counts --compare-and-set--> granted or refused, all of the batch
 *
 * - R1 In any sixty seconds no more is granted than the limit of each `take` says, whatever the nodes do at once: the document changes only by
 *   compare-and-set, and a grant whose write ended in a later sub-window than it was counted in is moved there first.
 * - R2 One change of a document is under way at a time in a process, and serves all who wait there.
 * - R3 Nothing is granted that the store did not confirm. - R4 A caller that leaves gives back what it is granted then.
 * - R5 Clocks that differ shorten the sixty seconds by as much, and no more: counts of another node's future are joined, not skipped.
 */
import { CancelledError, PlatformError, PRIORITIES, type Priority } from "@agentcore/contract";
import type { KeyValue, KeyValueScope } from "../ports/key-value.ts";
import type { Clock } from "../ports/senses.ts";
import { add, type Counts, firstFree, newest, prune, readCounts, sumOf, WINDOW_MS, WINDOWS } from "./sub-windows.ts";

export interface RateScope {
  readonly tenantId: string;
  /** What the limit stands on, for example a model's target; 1 to 400 characters. */
  readonly key: string;
}

/** Of a minute. Whole numbers from 1; what is absent is not limited. */
export interface RateLimits {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

/** Whole numbers from 0. */
export interface RateAmounts {
  readonly requests: number;
  readonly tokens: number;
}

export interface RateGrant {
  readonly scope: RateScope;
  readonly amounts: RateAmounts;
  /** Number of the sub-window that it is counted in; null when nothing is limited. */
  readonly window: number | null;
}

export type RateVerdict =
  | { readonly granted: true; readonly grant: RateGrant }
  | {
      readonly granted: false;
      readonly limit: "requests" | "tokens";
      /** Until as much is free, if nobody else takes it; null when the limit is below what is asked for. */
      readonly retryAfterMs: number | null;
    };

export interface RateLimiterOptions {
  readonly keyValue: KeyValue;
  readonly clock: Pick<Clock, "now">;
  /** Limits that are remembered between calls. @default 10000 */
  readonly maxKeys?: number | undefined;
  /** Callers that wait for the store, all limits together. @default 10000 */
  readonly maxWaiting?: number | undefined;
}

export interface TakeOptions {
  /** @default "normal" */
  readonly priority?: Priority | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly amounts: RateAmounts;
  readonly limits: RateLimits;
  readonly priority: number;
  /** The sub-window that it is counted in already, by a write that took too long. */
  counted: number | null;
  hasLeft: boolean;
  readonly settle: (verdict: RateVerdict) => void;
  readonly fail: (error: PlatformError) => void;
}

interface Known {
  readonly version: number;
  readonly counts: Counts;
}

interface Limit {
  readonly scope: RateScope;
  waiting: Waiter[];
  /** By sub-window, what is to be added to it. */
  readonly corrections: Map<number, RateAmounts>;
  /** As it was when this process last wrote it. */
  known: Known | null;
  isServed: boolean;
}

const NAMESPACE = "rate-limits";
const MAX_BATCH = 1_000;
// Each lost race is somebody else's success; so many in a row mean that there is no getting through now.
const MAX_RACES = 50;
const OVERLOADED_RETRY_MS = 1_000;

export class RateLimiter {
  readonly #keyValue: KeyValue;
  readonly #clock: Pick<Clock, "now">;
  readonly #maxKeys: number;
  readonly #maxWaiting: number;
  /** In the order of their last use. */
  readonly #limits = new Map<string, Limit>();
  #waiting = 0;

  constructor({ keyValue, clock, maxKeys = 10_000, maxWaiting = 10_000 }: RateLimiterOptions) {
    this.#keyValue = keyValue;
    this.#clock = clock;
    this.#maxKeys = maxKeys;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Counts `amounts`, or says when to come back. Throws OVERLOADED (too many wait, or too many nodes race), STORE_UNAVAILABLE or what else
   * the store says, all of them retryable, and the reason of the signal; nothing is granted then.
   */
  take(
    scope: RateScope,
    amounts: RateAmounts,
    limits: RateLimits,
    { priority = "normal", signal }: TakeOptions = {},
  ): Promise<RateVerdict> {
    if (signal?.aborted === true) return Promise.reject(abortError(signal));
    const { requestsPerMinute, tokensPerMinute } = limits;
    if (requestsPerMinute === undefined && tokensPerMinute === undefined)
      return Promise.resolve({ granted: true, grant: { scope, amounts, window: null } });
    if (amounts.requests > (requestsPerMinute ?? Number.POSITIVE_INFINITY))
      return Promise.resolve({ granted: false, limit: "requests", retryAfterMs: null });
    if (amounts.tokens > (tokensPerMinute ?? Number.POSITIVE_INFINITY))
      return Promise.resolve({ granted: false, limit: "tokens", retryAfterMs: null });
    const limit = this.#waiting < this.#maxWaiting ? this.#limitOf(scope) : undefined;
    if (limit === undefined)
      return Promise.reject(overloaded(`${this.#waiting} calls wait for their place in limits a minute`));
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting -= 1;
        waiter.hasLeft = true;
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        end();
        const at = limit.waiting.indexOf(waiter);
        if (at >= 0) limit.waiting.splice(at, 1);
        reject(abortError(signal));
      };
      const waiter: Waiter = {
        amounts,
        limits,
        priority: PRIORITIES.indexOf(priority),
        counted: null,
        hasLeft: false,
        settle: (verdict) => {
          if (!waiter.hasLeft) {
            end();
            resolve(verdict);
          } else if (verdict.granted) {
            // R4
            this.adjust(verdict.grant, { requests: 0, tokens: 0 });
          }
        },
        fail: (error) => {
          if (waiter.hasLeft) return;
          end();
          reject(error);
        },
      };
      this.#waiting += 1;
      signal?.addEventListener("abort", onAbort, { once: true });
      limit.waiting.push(waiter);
      this.#serve(limit);
    });
  }

  /**
   * Says what a grant really came to. Less is given back to the sub-window that it was counted in; more is counted now. Written with the next
   * change of the limit, at once if none is under way; while the store fails, the counts stay as they are. Once for a grant.
   */
  adjust({ scope, amounts, window }: RateGrant, actual: RateAmounts): void {
    if (window === null) return;
    const limit = this.#limitOf(scope);
    // No room: what was counted stays counted, for a minute.
    if (limit === undefined) return;
    const requests = actual.requests - amounts.requests;
    const tokens = actual.tokens - amounts.tokens;
    this.#correct(limit, window, { requests: Math.min(0, requests), tokens: Math.min(0, tokens) });
    this.#correct(limit, this.#currentWindow(), { requests: Math.max(0, requests), tokens: Math.max(0, tokens) });
    this.#serve(limit);
  }

  #correct(limit: Limit, window: number, { requests, tokens }: RateAmounts): void {
    if (requests === 0 && tokens === 0) return;
    for (const old of limit.corrections.keys())
      if (old <= this.#currentWindow() - WINDOWS) limit.corrections.delete(old);
    const sum = limit.corrections.get(window) ?? { requests: 0, tokens: 0 };
    limit.corrections.set(window, { requests: sum.requests + requests, tokens: sum.tokens + tokens });
  }

  #currentWindow(): number {
    return Math.floor(this.#clock.now() / WINDOW_MS);
  }

  #limitOf(scope: RateScope): Limit | undefined {
    const id = JSON.stringify([scope.tenantId, scope.key]);
    const known = this.#limits.get(id);
    if (known !== undefined) {
      this.#limits.delete(id);
      this.#limits.set(id, known);
      return known;
    }
    if (this.#limits.size >= this.#maxKeys && !this.#forgetOne()) return undefined;
    const limit: Limit = { scope, waiting: [], corrections: new Map(), known: null, isServed: false };
    this.#limits.set(id, limit);
    return limit;
  }

  /** The one that was not used for longest, and that nobody waits for. */
  #forgetOne(): boolean {
    for (const [id, limit] of this.#limits) {
      if (limit.isServed) continue;
      this.#limits.delete(id);
      return true;
    }
    return false;
  }

  #serve(limit: Limit): void {
    if (limit.isServed || (limit.waiting.length === 0 && limit.corrections.size === 0)) return;
    limit.isServed = true;
    void this.#serveAll(limit);
  }

  async #serveAll(limit: Limit): Promise<void> {
    // Whoever asks in the same turn is served together (R2).
    await Promise.resolve();
    while (limit.waiting.length > 0 || limit.corrections.size > 0) {
      limit.waiting.sort((left, right) => right.priority - left.priority);
      const batch = limit.waiting.splice(0, MAX_BATCH);
      try {
        await this.#serveBatch(limit, batch);
      } catch (error) {
        limit.known = null;
        const failure = storeFailure(error);
        for (const waiter of batch) waiter.fail(failure);
        // Corrections are tried again with the next call: nobody waits for them.
        if (limit.waiting.length === 0) break;
      }
    }
    // In the turn of the last look: who comes later starts it again.
    limit.isServed = false;
  }

  async #serveBatch(limit: Limit, batch: readonly Waiter[]): Promise<void> {
    let pending = batch;
    // Bounds the moves from one sub-window to the next as well, each of which takes ten seconds.
    for (let race = 0; race < MAX_RACES; race += 1) {
      const fresh = limit.known === null;
      const { version, counts: stored } = limit.known ?? (await this.#read(limit.scope));
      const now = this.#clock.now();
      const current = newest(stored, Math.floor(now / WINDOW_MS));
      const counts = prune(stored, current);
      const corrections = new Map(limit.corrections);
      for (const [window, amounts] of corrections) add(counts, Math.min(window, current), amounts);
      const settled = pending.flatMap((waiter) => {
        const verdict = judge(waiter, counts, current, now, limit.scope);
        return verdict === null ? [] : [{ waiter, verdict }];
      });
      // What others gave back is not known here yet: nobody is refused by what may be old.
      if (!fresh && settled.some(({ verdict }) => !verdict.granted)) {
        limit.known = null;
        continue;
      }
      if (corrections.size === 0 && settled.every(({ verdict }) => !verdict.granted)) {
        limit.known = { version, counts: stored };
        for (const { waiter, verdict } of settled) waiter.settle(verdict);
        return;
      }
      const written = await this.#keyValue.put(keyValueScope(limit.scope), limit.scope.key, [...counts], {
        expectedVersion: version,
        // Nothing of it counts any longer then, also where the clocks differ by a minute.
        ttlMs: 2 * WINDOWS * WINDOW_MS,
      });
      if (written === null) {
        limit.known = null;
        continue;
      }
      limit.known = { version: written, counts };
      forgetWritten(limit.corrections, corrections);
      const isLate = newest(counts, this.#currentWindow()) > current;
      pending = [];
      for (const { waiter, verdict } of settled) {
        if (verdict.granted && isLate) {
          waiter.counted = current;
          (pending as Waiter[]).push(waiter);
        } else waiter.settle(verdict);
      }
      if (pending.length === 0) return;
    }
    throw overloaded(`limit ${limit.scope.key}: too many nodes take from it at once`);
  }

  async #read(scope: RateScope): Promise<Known> {
    const entry = await this.#keyValue.get(keyValueScope(scope), scope.key);
    return entry === null
      ? { version: 0, counts: new Map() }
      : { version: entry.version, counts: readCounts(entry.value) };
  }
}

/** Counts it if it fits. Null: its caller has left, and it is not counted anywhere. */
const judge = (waiter: Waiter, counts: Counts, current: number, now: number, scope: RateScope): RateVerdict | null => {
  const { amounts, limits, counted } = waiter;
  if (counted !== null) add(counts, counted, { requests: -amounts.requests, tokens: -amounts.tokens });
  else if (waiter.hasLeft) return null;
  const sum = sumOf(counts);
  const refuse = (limit: "requests" | "tokens", room: number): RateVerdict => ({
    granted: false,
    limit,
    retryAfterMs: Math.max(1, firstFree(counts, limit, room) - now),
  });
  const { requestsPerMinute = Number.POSITIVE_INFINITY, tokensPerMinute = Number.POSITIVE_INFINITY } = limits;
  if (sum.requests + amounts.requests > requestsPerMinute)
    return refuse("requests", requestsPerMinute - amounts.requests);
  if (sum.tokens + amounts.tokens > tokensPerMinute) return refuse("tokens", tokensPerMinute - amounts.tokens);
  add(counts, current, amounts);
  return { granted: true, grant: { scope, amounts, window: current } };
};

/** What came in while the others were written stays. */
const forgetWritten = (corrections: Map<number, RateAmounts>, written: ReadonlyMap<number, RateAmounts>): void => {
  for (const [window, { requests, tokens }] of written) {
    const left = corrections.get(window);
    if (left === undefined) continue;
    const rest = { requests: left.requests - requests, tokens: left.tokens - tokens };
    if (rest.requests === 0 && rest.tokens === 0) corrections.delete(window);
    else corrections.set(window, rest);
  }
};

const keyValueScope = ({ tenantId }: RateScope): KeyValueScope => ({ tenantId, namespace: NAMESPACE });

const overloaded = (message: string): PlatformError =>
  new PlatformError("OVERLOADED", message, { retryAfterMs: OVERLOADED_RETRY_MS });

/** Fail closed, and let the caller come again. */
const storeFailure = (error: unknown): PlatformError => {
  if (PlatformError.is(error) && error.retryable) return error;
  return new PlatformError("STORE_UNAVAILABLE", "a limit a minute could not be asked for", { cause: error });
};

const abortError = (signal: AbortSignal | undefined): PlatformError =>
  PlatformError.is(signal?.reason)
    ? signal.reason
    : new CancelledError("the wait for a limit a minute was aborted", { cause: signal?.reason });

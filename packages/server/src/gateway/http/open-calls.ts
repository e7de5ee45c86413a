import { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

/** Whoever waits for an answer: a `Request` is one. */
export interface Client {
  /** Aborts when they go away. Made when somebody looks, which is dear beside a short call. */
  readonly signal: AbortSignal;
}

export interface OpenCall {
  /** Aborts when the client goes away and when the node stops. Made when somebody looks. */
  readonly signal: AbortSignal;
  /** Closed when the signal aborts, for what needs no signal of its own. One thing a call. */
  closes(what: { close(): void }): void;
  /** Lets go of the client's signal: whoever asks for it tells otherwise when the client has gone. */
  leaveSignal(): void;
  /** The call is over and nobody reads its signal any more. Idempotent. */
  end(): void;
  /** Ends the call and aborts its signal, for what still waits on it. Idempotent. */
  abort(): void;
}

export interface OpenCallLimits {
  /** In words, for who is refused: "streams". */
  readonly what: string;
  readonly max: number;
  /** Below `max`, so that one caller cannot take all there is from the others. */
  readonly maxPerCaller: number;
}

/** Calls that stay open: counted, limited, and ended together. Cheaper than `AbortSignal.any` per request. */
export class OpenCalls {
  private readonly open = new Set<Call>();
  /** Callers with a call open now, so never more than there are calls. */
  private readonly perCaller = new Map<string, number>();
  private readonly limits: OpenCallLimits;
  private readonly remove: (call: Call) => boolean;
  private closed = false;

  constructor(limits: OpenCallLimits) {
    this.limits = limits;
    this.remove = (call) => this.leave(call);
  }

  get size(): number {
    return this.open.size;
  }

  /** Throws OVERLOADED at either limit, UNAVAILABLE once ended. */
  begin(scope: CallerScope, client: Client): OpenCall {
    const key = keyOf(scope);
    const refused = this.refusal(key, scope.caller);
    if (refused !== undefined) throw refused;
    const call = new Call(key, client, this.remove);
    this.open.add(call);
    this.perCaller.set(key, (this.perCaller.get(key) ?? 0) + 1);
    return call;
  }

  /** Whether `begin` would refuse: for calls that can do without staying open. */
  isFull(scope: CallerScope): boolean {
    return this.refusal(keyOf(scope), scope.caller) !== undefined;
  }

  /** Ends what is open and refuses what comes. */
  close(): void {
    this.closed = true;
    for (const call of this.open) call.interrupt();
  }

  /** False when it was removed before. */
  private leave(call: Call): boolean {
    if (!this.open.delete(call)) return false;
    const left = (this.perCaller.get(call.key) ?? 1) - 1;
    if (left === 0) this.perCaller.delete(call.key);
    else this.perCaller.set(call.key, left);
    return true;
  }

  private refusal(key: string, caller: string): PlatformError | undefined {
    const { what, max, maxPerCaller } = this.limits;
    if (this.closed) return new PlatformError("UNAVAILABLE", "the node is stopping", { retryAfterMs: 1000 });
    if (this.open.size >= max)
      return new PlatformError("OVERLOADED", `this node already serves ${max} ${what}`, { retryAfterMs: 1000 });
    if ((this.perCaller.get(key) ?? 0) >= maxPerCaller)
      return new PlatformError("OVERLOADED", `${caller} already has ${maxPerCaller} ${what}`, { retryAfterMs: 1000 });
    return undefined;
  }
}

class Call implements OpenCall {
  readonly key: string;
  private readonly remove: (call: Call) => boolean;
  /** Until somebody wants to hear of them. */
  private client: Client | null;
  private heard: AbortSignal | null = null;
  private controller: AbortController | null = null;
  private closing: { close(): void } | null = null;
  private isInterrupted = false;

  constructor(key: string, client: Client, remove: (call: Call) => boolean) {
    this.key = key;
    this.client = client;
    this.remove = remove;
  }

  get signal(): AbortSignal {
    this.hearClient();
    this.controller ??= new AbortController();
    if (this.isInterrupted) this.controller.abort();
    return this.controller.signal;
  }

  closes(what: { close(): void }): void {
    this.hearClient();
    this.closing = what;
    if (this.isInterrupted) what.close();
  }

  private hearClient(): void {
    if (this.client === null) return;
    const { signal } = this.client;
    this.client = null;
    if (signal.aborted) this.isInterrupted = true;
    else {
      this.heard = signal;
      signal.addEventListener("abort", this, { once: true });
    }
  }

  leaveSignal(): void {
    this.client = null;
    this.heard?.removeEventListener("abort", this);
    this.heard = null;
  }

  /** The client's signal has aborted. */
  handleEvent(): void {
    this.interrupt();
  }

  interrupt(): void {
    this.isInterrupted = true;
    this.closing?.close();
    // Aborting makes an error object, the dearest part of a short call: only where somebody listens.
    this.controller?.abort();
  }

  end(): void {
    this.leaveSignal();
    this.remove(this);
    this.forget();
  }

  abort(): void {
    this.leaveSignal();
    if (!this.remove(this)) return;
    this.interrupt();
    this.forget();
  }

  /** An old table of the set keeps the call for a while, but not what it knew (core's `TurnoverMap` says why). */
  private forget(): void {
    this.controller = null;
    this.closing = null;
  }
}

// Neither part can hold a line break.
const keyOf = ({ tenantId, caller }: CallerScope): string => `${tenantId}\n${caller}`;

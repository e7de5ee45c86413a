import { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

export interface OpenCall {
  /** Aborts when the client goes away and when the node stops. */
  readonly signal: AbortSignal;
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
  private readonly controllers = new Set<AbortController>();
  /** Callers with a call open now, so never more than there are calls. */
  private readonly perCaller = new Map<string, number>();
  private readonly limits: OpenCallLimits;
  private closed = false;

  constructor(limits: OpenCallLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.controllers.size;
  }

  /** Throws OVERLOADED at either limit, UNAVAILABLE once ended. */
  begin(scope: CallerScope, client: AbortSignal): OpenCall {
    const key = keyOf(scope);
    const refused = this.refusal(key, scope.caller);
    if (refused !== undefined) throw refused;
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.controllers.add(controller);
    this.perCaller.set(key, (this.perCaller.get(key) ?? 0) + 1);
    if (client.aborted) abort();
    else client.addEventListener("abort", abort, { once: true });
    const end = (): boolean => {
      client.removeEventListener("abort", abort);
      if (!this.controllers.delete(controller)) return false;
      const left = (this.perCaller.get(key) ?? 1) - 1;
      if (left === 0) this.perCaller.delete(key);
      else this.perCaller.set(key, left);
      return true;
    };
    return {
      signal: controller.signal,
      // Aborting makes an error object, the dearest part of a short call: only where somebody listens.
      end: () => void end(),
      abort: () => {
        if (end()) abort();
      },
    };
  }

  /** Whether `begin` would refuse: for calls that can do without staying open. */
  isFull(scope: CallerScope): boolean {
    return this.refusal(keyOf(scope), scope.caller) !== undefined;
  }

  /** Ends what is open and refuses what comes. */
  close(): void {
    this.closed = true;
    for (const controller of this.controllers) controller.abort();
  }

  private refusal(key: string, caller: string): PlatformError | undefined {
    const { what, max, maxPerCaller } = this.limits;
    if (this.closed) return new PlatformError("UNAVAILABLE", "the node is stopping", { retryAfterMs: 1000 });
    if (this.controllers.size >= max)
      return new PlatformError("OVERLOADED", `this node already serves ${max} ${what}`, { retryAfterMs: 1000 });
    if ((this.perCaller.get(key) ?? 0) >= maxPerCaller)
      return new PlatformError("OVERLOADED", `${caller} already has ${maxPerCaller} ${what}`, { retryAfterMs: 1000 });
    return undefined;
  }
}

// Neither part can hold a line break.
const keyOf = ({ tenantId, caller }: CallerScope): string => `${tenantId}\n${caller}`;

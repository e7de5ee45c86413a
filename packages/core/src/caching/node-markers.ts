/**
 * Which questions other nodes are asking right now, as rows of the shared store: the first to write a marker asks, the others wait for what it keeps. A marker
 * lives briefly and is renewed while its node asks, so that what a dead node left is gone soon. Nothing rests on it but cost:
 * when in doubt, a node asks for itself.
 */
import type { Clock, KeyValue, KeyValueScope } from "../ports/index.ts";

const MARKER_TTL_MS = 15_000;
const RENEWAL_MS = 5_000;
// Those who wait look at it, and ask for themselves; whoever comes later finds nothing.
const UNKEPT_TTL_MS = 2_000;
const FIRST_POLL_MS = 100;
const MAX_POLL_MS = 2_000;
/** Longer than a model may take by default. */
const MAX_WAIT_MS = 120_000;

export interface MarkerClaim {
  /** `kept`: those who wait find the answer now; else they are told to ask for themselves. */
  release(kept: boolean): Promise<void>;
}

export type Claimed<Found> = { readonly claim: MarkerClaim } | { readonly found: Found };

export class NodeMarkers {
  private readonly keyValue: KeyValue;
  private readonly clock: Clock;

  constructor(keyValue: KeyValue, clock: Clock) {
    this.keyValue = keyValue;
    this.clock = clock;
  }

  /**
   * Resolves with a claim when this node is to ask, with what `find` gives as soon as another node has kept it, and with null when this node should ask
   * without a claim: the other one's answer is not kept, or it takes over two minutes. `key`: where the answer will lie.
   */
  async claim<Found>(
    scope: KeyValueScope,
    key: string,
    find: () => Promise<Found | null>,
    signal: AbortSignal,
  ): Promise<Claimed<Found> | null> {
    const marker = `asking/${key}`;
    const until = this.clock.monotonic() + MAX_WAIT_MS;
    const put = (expectedVersion: number): Promise<number | null> =>
      this.keyValue.put(scope, marker, { asking: true }, { expectedVersion, ttlMs: MARKER_TTL_MS });
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_POLL_MS)) {
      const version = await put(0);
      if (version !== null) {
        const claim = this.hold(scope, marker, version);
        // The one before may have kept its answer and gone since this node looked.
        let found: Found | null = null;
        try {
          found = await find();
        } catch (error) {
          await claim.release(false);
          throw error;
        }
        if (found === null) return { claim };
        await claim.release(true);
        return { found };
      }
      // From before the look, so that what is kept in between is not missed.
      const change = this.nextChange(scope, [marker, key], pauseMs, signal);
      try {
        const found = await find();
        if (found !== null) return { found };
        const held = await this.keyValue.get(scope, marker);
        if (held !== null && (held.value as { asking?: unknown } | null)?.asking !== true) return null;
        if (signal.aborted || this.clock.monotonic() >= until) return null;
        if (held !== null) await change.done;
      } finally {
        change.cancel();
      }
    }
  }

  private hold(scope: KeyValueScope, marker: string, first: number): MarkerClaim {
    let version: number | null = first;
    let renewal: Promise<void> = Promise.resolve();
    const renew = async (): Promise<void> => {
      if (version === null) return;
      const expectedVersion = version;
      // One that cannot be renewed runs out, and another node asks too.
      version = await this.keyValue
        .put(scope, marker, { asking: true }, { expectedVersion, ttlMs: MARKER_TTL_MS })
        .catch(() => null);
    };
    const schedule = (): ReturnType<Clock["after"]> =>
      this.clock.after(RENEWAL_MS, () => {
        renewal = renew();
        timer = schedule();
      });
    let timer = schedule();
    return {
      release: async (kept) => {
        timer.cancel();
        await renewal;
        if (version === null) return;
        const expectedVersion = version;
        version = null;
        if (kept) await this.keyValue.delete(scope, marker, { expectedVersion });
        else await this.keyValue.put(scope, marker, { asking: false }, { expectedVersion, ttlMs: UNKEPT_TTL_MS });
      },
    };
  }

  /** Done at a change of one of the keys, after `delayMs`, or when the signal aborts. */
  private nextChange(scope: KeyValueScope, keys: readonly string[], delayMs: number, signal: AbortSignal) {
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    const unwatch = this.keyValue.watch(scope, ({ key }) => {
      if (keys.includes(key)) finish();
    });
    const timer = this.clock.after(delayMs, finish);
    signal.addEventListener("abort", finish, { once: true });
    const cancel = (): void => {
      unwatch();
      timer.cancel();
      signal.removeEventListener("abort", finish);
    };
    return { done, cancel };
  }
}

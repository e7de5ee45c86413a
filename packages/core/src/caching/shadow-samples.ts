/** How often the semantic level was wrong where it was looked at, by tenant and embedder; kept, so that a restart forgets nothing. */
import type { Clock, KeyValue, KeyValueScope } from "../ports/index.ts";
import { wilsonBounds } from "./wilson.ts";

export interface ShadowCounts {
  readonly samples: number;
  readonly wrong: number;
  /** Milliseconds since 1970; null while the level is on. */
  readonly offSince: number | null;
}

export interface ShadowLimits {
  /** Share of wrong hits that is borne. */
  readonly maxWrongShare: number;
  readonly minSamples: number;
}

// Another node's counts are seen this late.
const READ_AGAIN_MS = 10_000;
const MAX_TRIES = 5;
const MAX_REMEMBERED = 10_000;
/** From so many on, a share that is surely too high ends it before `minSamples` are there. */
const MIN_SAMPLES_TO_DOOM = 20;

const NOTHING: ShadowCounts = { samples: 0, wrong: 0, offSince: null };

/** Whether the level is to be switched off: it may be too often wrong as far as enough samples tell, or surely is by fewer. */
export const isTooOftenWrong = ({ samples, wrong }: ShadowCounts, limits: ShadowLimits): boolean => {
  const { lower, upper } = wilsonBounds(wrong, samples);
  if (samples >= limits.minSamples && upper > limits.maxWrongShare) return true;
  return samples >= MIN_SAMPLES_TO_DOOM && lower > limits.maxWrongShare;
};

export class ShadowSamples {
  private readonly keyValue: KeyValue;
  private readonly clock: Pick<Clock, "now" | "monotonic">;
  private readonly known = new Map<string, { readonly counts: ShadowCounts; readonly at: number }>();

  constructor(keyValue: KeyValue, clock: Pick<Clock, "now" | "monotonic">) {
    this.keyValue = keyValue;
    this.clock = clock;
  }

  /** At most ten seconds old. */
  async read(scope: KeyValueScope, key: string): Promise<ShadowCounts> {
    const name = nameOf(scope, key);
    const known = this.known.get(name);
    if (known !== undefined && this.clock.monotonic() - known.at < READ_AGAIN_MS) return known.counts;
    return this.remember(name, readCounts((await this.keyValue.get(scope, key))?.value));
  }

  /** Returns what it comes to, and whether this sample switched the level off. */
  async add(
    scope: KeyValueScope,
    key: string,
    isWrong: boolean,
    limits: ShadowLimits,
  ): Promise<{ readonly counts: ShadowCounts; readonly switchedOff: boolean } | null> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const entry = await this.keyValue.get(scope, key);
      const before = readCounts(entry?.value);
      const counted = { ...before, samples: before.samples + 1, wrong: before.wrong + (isWrong ? 1 : 0) };
      const switchedOff = before.offSince === null && isTooOftenWrong(counted, limits);
      const counts = switchedOff ? { ...counted, offSince: this.clock.now() } : counted;
      const version = await this.keyValue.put(scope, key, counts, { expectedVersion: entry?.version ?? 0 });
      if (version !== null) return { counts: this.remember(nameOf(scope, key), counts), switchedOff };
    }
    return null;
  }

  forget(): void {
    this.known.clear();
  }

  private remember(name: string, counts: ShadowCounts): ShadowCounts {
    if (this.known.size >= MAX_REMEMBERED) this.known.clear();
    this.known.set(name, { counts, at: this.clock.monotonic() });
    return counts;
  }
}

const nameOf = ({ tenantId }: KeyValueScope, key: string): string => JSON.stringify([tenantId, key]);

const readCounts = (value: unknown): ShadowCounts => {
  const { samples, wrong, offSince } = (value ?? {}) as Partial<ShadowCounts>;
  if (typeof samples !== "number" || typeof wrong !== "number") return NOTHING;
  return { samples, wrong, offSince: typeof offSince === "number" ? offSince : null };
};

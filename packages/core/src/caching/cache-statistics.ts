import type { GuardName } from "./guards/judge-pair.ts";
import { CACHE_LEVELS, type CacheLevel } from "./kept-answer.ts";
import type { ShadowCounts } from "./shadow-samples.ts";
import { wilsonBounds } from "./wilson.ts";

export interface CacheStatistics {
  readonly hits: Readonly<Record<CacheLevel, number>>;
  /** Calls that the model was asked for. */
  readonly misses: number;
  /** Of the hits, those that waited for a call under way. */
  readonly collapsed: number;
  readonly savedCalls: number;
  readonly savedUsd: number;
  /** Answers that may not be given again, or are too large. */
  readonly notKept: number;
  /** Writes that were left out because too many waited. */
  readonly droppedWrites: number;
  readonly memory: { readonly entries: number; readonly bytes: number };
  readonly semantic: SemanticStatistics;
}

export interface SemanticStatistics {
  readonly isOn: boolean;
  /** Why, in a sentence. */
  readonly says: string;
  /** Hits that the model was asked about, and those where it said something else; of this node since it started. */
  readonly sampled: number;
  readonly sampledWrong: number;
  /** Lookups that failed. */
  readonly failures: number;
  /** Questions near enough that a guard refused, by guard. */
  readonly refused: Readonly<Partial<Record<GuardName, number>>>;
  /** Of all nodes, since the settings were made or the cache was cleared. */
  readonly embedders: readonly (ShadowCounts & { readonly embedder: string; readonly wrongShareUpperBound: number })[];
}

const MAX_SETS = 100;

/** What one tenant's calls came to. */
class TenantTally {
  private readonly hits: Record<CacheLevel, number> = { memory: 0, shared: 0, content: 0, semantic: 0 };
  private savedUsd = 0;
  private readonly refused: Partial<Record<GuardName, number>> = {};
  misses = 0;
  collapsed = 0;
  notKept = 0;
  droppedWrites = 0;
  sampled = 0;
  sampledWrong = 0;
  semanticFailures = 0;
  /** Embedders by where their counts lie. */
  readonly semanticSets = new Map<string, string>();

  hit(level: CacheLevel, savedUsd: number | null): void {
    this.hits[level] += 1;
    this.savedUsd += savedUsd ?? 0;
  }

  refuse(guard: GuardName): void {
    this.refused[guard] = (this.refused[guard] ?? 0) + 1;
  }

  noteSet(set: string, embedder: string): void {
    if (this.semanticSets.size < MAX_SETS) this.semanticSets.set(set, embedder);
  }

  report(
    memory: CacheStatistics["memory"],
    sets: readonly (ShadowCounts & { readonly embedder: string })[],
  ): CacheStatistics {
    const { misses, collapsed, savedUsd, notKept, droppedWrites, sampled, sampledWrong } = this;
    const embedders = sets.map((set) => ({
      ...set,
      wrongShareUpperBound: wilsonBounds(set.wrong, set.samples).upper,
    }));
    const off = embedders.filter(({ offSince }) => offSince !== null);
    const isOn = embedders.length > off.length;
    const failed = off.map(({ embedder, wrong, samples }) => `${embedder} was wrong in ${wrong} of ${samples} samples`);
    const says = isOn
      ? "on"
      : off.length > 0
        ? `off: ${failed.join("; ")}. It is on again after the cache is cleared or its settings are changed`
        : "off: no embedder is configured for a model that was asked a plain question";
    return {
      hits: { ...this.hits },
      ...{ misses, collapsed, savedUsd, notKept, droppedWrites, memory },
      savedCalls: CACHE_LEVELS.reduce((sum, level) => sum + this.hits[level], 0),
      semantic: {
        ...{ isOn, says, sampled, sampledWrong, embedders },
        failures: this.semanticFailures,
        refused: { ...this.refused },
      },
    };
  }
}

/** Of so many tenants; of more, the one that came first begins anew. */
export class TenantTallies {
  private readonly tallies = new Map<string, TenantTally>();
  private readonly maxTenants: number;

  constructor(maxTenants: number) {
    this.maxTenants = maxTenants;
  }

  of(tenantId: string): TenantTally {
    const known = this.tallies.get(tenantId);
    if (known !== undefined) return known;
    const oldest = this.tallies.keys().next().value;
    if (this.tallies.size >= this.maxTenants && oldest !== undefined) this.tallies.delete(oldest);
    const tally = new TenantTally();
    this.tallies.set(tenantId, tally);
    return tally;
  }
}

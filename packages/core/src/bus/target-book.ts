import { type NeedTarget, parseInput, parseTarget, type Target, TargetText } from "@agentcore/contract";
import type { RegistryView } from "../registry/index.ts";
import { type Candidate, resolveTarget } from "../routing/index.ts";
import type { GuardBook, GuardedCandidate } from "./agent-guards.ts";
import { BoundedMap } from "./bounded-map.ts";

interface Resolution {
  readonly version: number;
  readonly candidates: readonly GuardedCandidate[];
}

/** Targets read once and resolved once per state of the registry: a cached resolution of another version is never used. */
export class TargetBook {
  readonly #registry: RegistryView;
  readonly #guards: GuardBook;
  readonly #parsed: BoundedMap<string, Target>;
  /** Tenant first: a key made of both could be forged with a separator (I7). */
  readonly #resolved: BoundedMap<string, BoundedMap<string, Resolution>>;
  readonly #size: number;

  constructor(registry: RegistryView, guards: GuardBook, size: number) {
    this.#registry = registry;
    this.#guards = guards;
    this.#size = size;
    this.#parsed = new BoundedMap(size);
    this.#resolved = new BoundedMap(1_000);
  }

  /** Throws INVALID_ARGUMENT. */
  parse(text: string): Target {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const target = parseTarget(parseInput(TargetText, text, "target"));
    this.#parsed.set(text, target);
    return target;
  }

  /** Throws TARGET_UNSUPPORTED. */
  resolve(tenantId: string, text: string, target: Exclude<Target, NeedTarget>): readonly GuardedCandidate[] {
    const version = this.#registry.version(tenantId);
    let resolutions = this.#resolved.get(tenantId);
    const known = resolutions?.get(text);
    if (known !== undefined && known.version === version) return known.candidates;
    const candidates = this.guarded(resolveTarget(this.#registry, tenantId, target));
    if (resolutions === undefined) {
      resolutions = new BoundedMap(this.#size);
      this.#resolved.set(tenantId, resolutions);
    }
    resolutions.set(text, { version, candidates });
    return candidates;
  }

  guarded(candidates: readonly Candidate[]): readonly GuardedCandidate[] {
    return candidates.map((candidate) => {
      const guards = this.#guards.of(candidate.record);
      return { ...candidate, breaker: guards.breaker, guards };
    });
  }
}

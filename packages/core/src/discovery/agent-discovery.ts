/**
 * Finds agents by what they say of themselves. The index of a tenant is made when somebody of it first asks, follows the registry by its version, and is the
 * first to go when too many tenants ask. A need is searched for as a name, as words and by meaning at once (docs/discovery.md).
 */
import { type NeedTarget, PlatformError } from "@agentcore/contract";
import { BoundedMap } from "../bus/bounded-map.ts";
import type { Clock, Digest, Embedder, Logger, VectorIndex, WordVectors } from "../ports/index.ts";
import type { RegistryView } from "../registry/index.ts";
import { AgentVectors } from "./agent-vectors.ts";
import type { Discovery, Finding } from "./finding.ts";
import { judgeMatches, MAX_CANDIDATES } from "./judge-matches.ts";
import { TenantIndex } from "./tenant-index.ts";
import { wordsOf } from "./words-of.ts";

/** By what model a tenant's agents are found. */
export interface DiscoveryModel {
  readonly embedder: Embedder;
  /** Least similarity of an agent that is found by meaning alone, 0 to 1. @default 0.75 */
  readonly minSimilarity?: number | undefined;
}

export interface AgentDiscoveryOptions {
  readonly registry: RegistryView;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly logger: Logger;
  /** Vectors of words, for an order by meaning; null when they are not installed. Asked once. @default none */
  readonly wordVectors?: (() => Promise<WordVectors | null>) | undefined;
  /** The model that a tenant has named for it now. @default none */
  readonly modelOf?: ((tenantId: string) => DiscoveryModel | null) | undefined;
  /** Where vectors of agents are kept that a model has made. @default nowhere: no model is asked */
  readonly vectorIndex?: VectorIndex | undefined;
  /** Tenants whose index is kept. @default 200 */
  readonly maxTenants?: number | undefined;
}

interface TenantState {
  readonly index: TenantIndex;
  version: number;
  vectors: AgentVectors | null;
  findings: BoundedMap<string, Finding>;
}

const DEFAULT_MAX_TENANTS = 200;
const MAX_FINDINGS = 1_000;
// Long for a vector, short for who waits for an agent: without one, words alone find.
const MODEL_TIMEOUT_MS = 2_000;
const DEFAULT_MIN_SIMILARITY = 0.75;
const NO_VECTORS =
  "by words alone: no vectors are installed (npm install @agentcore/vectors) and the tenant names no model for it, as local/english";

export class AgentDiscovery implements Discovery {
  readonly #options: AgentDiscoveryOptions;
  readonly #tenants = new Map<string, TenantState>();
  #wordVectors: Promise<WordVectors | null> | null = null;

  constructor(options: AgentDiscoveryOptions) {
    this.#options = options;
  }

  async find(
    tenantId: string,
    { need }: NeedTarget,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Finding> {
    signal?.throwIfAborted();
    const wordVectors = await (this.#wordVectors ??= this.#loadWordVectors());
    const tenant = this.#tenant(tenantId, wordVectors);
    this.#follow(tenantId, tenant);
    const exact = tenant.index.exact(need);
    if (exact.length > 0) {
      const candidates = exact
        .slice(0, MAX_CANDIDATES)
        .map(({ agent: { record }, why }) => ({ record, why, similarity: 1 }));
      return { candidates, how: ["by name, skill or tag, exactly"], nearest: [], isPartial: false };
    }
    const model = this.#options.modelOf?.(tenantId) ?? null;
    const key = JSON.stringify([model?.embedder.name, model?.minSimilarity, need]);
    const known = tenant.findings.get(key);
    if (known !== undefined) return known;
    const asked = wordsOf(need);
    const near = await this.#byModel(tenantId, tenant, need, model, signal);
    // While the model was asked, agents may have come or gone.
    this.#follow(tenantId, tenant);
    const isPartial = model !== null && near.texts === null;
    const finding = judgeMatches({
      isPartial,
      asked,
      index: tenant.index,
      near: near.texts === null || model === null ? null : { texts: near.texts, model: model.embedder.name },
      minSimilarity: model?.minSimilarity ?? DEFAULT_MIN_SIMILARITY,
      how: near.how ?? (wordVectors === null ? NO_VECTORS : `by words, and by their meaning in ${wordVectors.name}`),
    });
    // The next time the model may answer.
    if (!isPartial) tenant.findings.set(key, finding);
    return finding;
  }

  /** What is being made for tenants' indexes stops. */
  close(): void {
    for (const { vectors } of this.#tenants.values()) vectors?.close();
    this.#tenants.clear();
  }

  async #byModel(
    tenantId: string,
    tenant: TenantState,
    need: string,
    model: DiscoveryModel | null,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly texts: readonly { name: string; similarity: number }[] | null; readonly how?: string }> {
    const { vectorIndex, clock, digest, logger } = this.#options;
    if (model === null || vectorIndex === undefined) return { texts: null };
    const { embedder } = model;
    if (tenant.vectors?.embedder.name !== embedder.name) {
      tenant.vectors?.close();
      tenant.vectors = new AgentVectors({ tenantId, embedder, vectorIndex, clock, digest, logger });
    }
    const patience = new AbortController();
    const timer = clock.after(MODEL_TIMEOUT_MS, () =>
      patience.abort(new PlatformError("DEADLINE_EXCEEDED", `no vectors came within ${MODEL_TIMEOUT_MS} ms`)),
    );
    const leave = () => patience.abort(new PlatformError("CANCELED", "the caller has left"));
    signal?.addEventListener("abort", leave, { once: true });
    try {
      const texts = await tenant.vectors.search(need, [...tenant.index.agents()], patience.signal);
      return { texts, how: `by words, and by meaning with ${embedder.name}` };
    } catch (thrown) {
      signal?.throwIfAborted();
      return {
        texts: null,
        how: `by words: ${embedder.name} could not be asked (${PlatformError.from(thrown).message})`,
      };
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", leave);
    }
  }

  #tenant(tenantId: string, vectors: WordVectors | null): TenantState {
    const known = this.#tenants.get(tenantId);
    const tenant = known ?? {
      index: new TenantIndex(vectors),
      version: -1,
      vectors: null,
      findings: new BoundedMap<string, Finding>(MAX_FINDINGS),
    };
    // The one that asked last stands last.
    this.#tenants.delete(tenantId);
    this.#tenants.set(tenantId, tenant);
    const [longestAgo] = this.#tenants.keys();
    if (this.#tenants.size > (this.#options.maxTenants ?? DEFAULT_MAX_TENANTS) && longestAgo !== undefined) {
      this.#tenants.get(longestAgo)?.vectors?.close();
      this.#tenants.delete(longestAgo);
    }
    return tenant;
  }

  #follow(tenantId: string, tenant: TenantState): void {
    const { registry } = this.#options;
    const version = registry.version(tenantId);
    if (version === tenant.version) return;
    tenant.index.follow(registry.list(tenantId));
    tenant.version = version;
    tenant.findings = new BoundedMap(MAX_FINDINGS);
  }

  async #loadWordVectors(): Promise<WordVectors | null> {
    try {
      return (await this.#options.wordVectors?.()) ?? null;
    } catch (thrown) {
      this.#options.logger.log("error", `the vectors of words cannot be read: ${PlatformError.from(thrown).message}`);
      return null;
    }
  }
}

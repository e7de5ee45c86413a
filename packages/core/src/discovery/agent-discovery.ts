/**
 * Finds agents by what they say of themselves. The index of a tenant is made when somebody of it first asks, follows the registry by its version, and is the
 * first to go when too many tenants ask. A need is searched for as a name, as words and by meaning at once (docs/discovery.md).
 */
import { type NeedTarget, PlatformError } from "@agentcore/contract";
import { BoundedMap } from "../bus/bounded-map.ts";
import type { Clock, Digest, Embedder, Logger, VectorIndex, WordVectors } from "../ports/index.ts";
import type { RegistryView } from "../registry/index.ts";
import { AgentVectors } from "./agent-vectors.ts";
import type { Decider } from "./decider.ts";
import type { Deciding, Discovery, Finding } from "./finding.ts";
import { judgeMatches, MAX_CANDIDATES, type Ranking, rankMatches } from "./judge-matches.ts";
import { NeedDecisions } from "./need-decisions.ts";
import { withPatience } from "./patience.ts";
import { TenantIndex } from "./tenant-index.ts";
import { wordsOf } from "./words-of.ts";

/** By what model a tenant's agents are found. */
export interface DiscoveryModel {
  readonly embedder: Embedder;
  /** Least similarity of an agent that is found by meaning alone, 0 to 1. @default 0.75 */
  readonly minSimilarity?: number | undefined;
}

/** What model of a tenant chooses where nobody is found. */
export interface DiscoveryDecider {
  readonly decider: Decider;
  /** The nearest that it is shown, 1 to 20. @default 5 */
  readonly candidates?: number | undefined;
  /** @default 10,000 */
  readonly timeoutMs?: number | undefined;
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
  /** The model that a tenant has named now to choose among the nearest. @default none */
  readonly deciderOf?: ((tenantId: string) => DiscoveryDecider | null) | undefined;
  /** Where vectors of agents are kept that a model has made. @default nowhere: no model is asked */
  readonly vectorIndex?: VectorIndex | undefined;
  /** Tenants whose index is kept, besides those for which a model thinks. @default 200 */
  readonly maxTenants?: number | undefined;
}

interface TenantState {
  readonly index: TenantIndex;
  version: number;
  vectors: AgentVectors | null;
  findings: BoundedMap<string, Finding>;
  readonly decisions: NeedDecisions;
}

const DEFAULT_MAX_TENANTS = 200;
const MAX_FINDINGS = 1_000;
// Long for a vector, short for who waits for an agent: without one, words alone find.
const MODEL_TIMEOUT_MS = 2_000;
const DEFAULT_MIN_SIMILARITY = 0.75;
// Of the right agents more are among more, and each costs what its text costs (docs/discovery.md).
const DEFAULT_SHOWN = 5;
const DEFAULT_DECIDER_TIMEOUT_MS = 10_000;
/** Of what an agent says of itself, to a model that is to read it with each need. */
const MAX_SHOWN_CHARACTERS = 2_000;
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
    { signal, deciding }: { readonly signal?: AbortSignal | undefined; readonly deciding?: Deciding | undefined } = {},
  ): Promise<Finding> {
    const finding = await this.#search(tenantId, need, signal);
    if (finding.candidates.length > 0 || finding.isPartial || deciding === undefined) return finding;
    const model = this.#options.deciderOf?.(tenantId) ?? null;
    return model === null ? finding : this.#decide(tenantId, need, finding, { ...model, ...deciding, signal });
  }

  async #search(tenantId: string, need: string, signal: AbortSignal | undefined): Promise<Finding> {
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
    const { ranking, isPartial, how } = await this.#rank(tenantId, tenant, need, model, signal);
    const finding = judgeMatches(ranking, {
      isPartial,
      minSimilarity: model?.minSimilarity ?? DEFAULT_MIN_SIMILARITY,
      how: how ?? (wordVectors === null ? NO_VECTORS : `by words, and by their meaning in ${wordVectors.name}`),
    });
    // The next time the model may answer.
    if (!isPartial) tenant.findings.set(key, finding);
    return finding;
  }

  /** What is being made for tenants' indexes stops. */
  close(): void {
    for (const tenant of this.#tenants.values()) letGo(tenant);
    this.#tenants.clear();
  }

  async #rank(
    tenantId: string,
    tenant: TenantState,
    need: string,
    model: DiscoveryModel | null,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly ranking: Ranking; readonly isPartial: boolean; readonly how: string | undefined }> {
    const { texts, how } = await this.#byModel(tenantId, tenant, need, model, signal);
    // While the model was asked, agents may have come or gone.
    this.#follow(tenantId, tenant);
    const near = texts === null || model === null ? null : { texts, model: model.embedder.name };
    return {
      ranking: rankMatches({ asked: wordsOf(need), index: tenant.index, near }),
      isPartial: model !== null && texts === null,
      how,
    };
  }

  /** Ranks once more instead of keeping who comes next with every finding: some milliseconds, before a call that takes a second. */
  async #decide(
    tenantId: string,
    need: string,
    finding: Finding,
    { decider, candidates = DEFAULT_SHOWN, timeoutMs = DEFAULT_DECIDER_TIMEOUT_MS, ...deciding }: Decisive,
  ): Promise<Finding> {
    const { admits, asker, deadline, signal } = deciding;
    const tenant = this.#tenant(tenantId, (await this.#wordVectors) ?? null);
    this.#follow(tenantId, tenant);
    const model = this.#options.modelOf?.(tenantId) ?? null;
    const { ranking, isPartial, how } = await this.#rank(tenantId, tenant, need, model, signal);
    // It has failed since the need was searched for: the nearest by words alone are others.
    if (isPartial) return { ...finding, how: how === undefined ? finding.how : [how], isPartial };
    const near = ranking.matches.filter(({ agent }) => admits(agent.record)).slice(0, candidates);
    const tell = (what: string): readonly string[] => [...finding.how, `${decider.name} ${what}`];
    if (near.length === 0)
      return { ...finding, how: tell("was not asked: nobody that may have the work comes anywhere near it") };
    const agents = near.map(({ agent: { record, text } }) => ({
      name: record.name,
      text: text.slice(0, MAX_SHOWN_CHARACTERS).toWellFormed(),
    }));
    const among = agents.map(({ name }) => name).join(", ");
    const unasked = (why: string, retryAfterMs?: number): Finding => ({
      ...finding,
      how: tell(`was to choose among ${among}, and could not be asked (${why})`),
      ...{ isPartial: true, retryAfterMs },
    });
    try {
      const revisions = near.map(({ agent }) => agent.record.revision);
      const patience = { timeoutMs, deadline, signal };
      const { agent: name, reason } = await tenant.decisions.decide(
        decider,
        { tenantId, need, agents, asker },
        revisions,
        patience,
      );
      const chosen = near.find(({ agent }) => agent.record.name === name);
      if (chosen === undefined) return { ...finding, how: tell(`chose none of ${among}: ${reason}`) };
      const { agent, similarity } = chosen;
      const record = this.#options.registry.byName(tenantId, agent.record.name);
      if (record?.revision !== agent.record.revision || !admits(record))
        return unasked(`${agent.record.name}, which it chose, has changed meanwhile`);
      return {
        candidates: [{ record, similarity, why: `${decider.name} chose it: ${reason}` }],
        how: tell(`chose among those that come nearest and may have the work: ${among}`),
        ...{ nearest: [], isPartial: false },
      };
    } catch (thrown) {
      signal?.throwIfAborted();
      const error = PlatformError.from(thrown);
      return unasked(error.message, error.retryAfterMs);
    }
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
    const { vectors, index } = tenant;
    try {
      const patience = { clock, timeoutMs: MODEL_TIMEOUT_MS, what: "vectors", signal };
      const texts = await withPatience(patience, (patient) => vectors.search(need, [...index.agents()], patient));
      return { texts, how: `by words, and by meaning with ${embedder.name}` };
    } catch (thrown) {
      signal?.throwIfAborted();
      return {
        texts: null,
        how: `by words: ${embedder.name} could not be asked (${PlatformError.from(thrown).message})`,
      };
    }
  }

  #tenant(tenantId: string, vectors: WordVectors | null): TenantState {
    const known = this.#tenants.get(tenantId);
    const tenant = known ?? {
      index: new TenantIndex(vectors),
      version: -1,
      vectors: null,
      findings: new BoundedMap<string, Finding>(MAX_FINDINGS),
      decisions: new NeedDecisions(this.#options),
    };
    // The one that asked last stands last.
    this.#tenants.delete(tenantId);
    this.#tenants.set(tenantId, tenant);
    this.#forget(tenant);
    return tenant;
  }

  /** Those that asked longest ago, where there are too many: but none for which a model thinks, whose call is waited for and paid. */
  #forget(newest: TenantState): void {
    const { maxTenants = DEFAULT_MAX_TENANTS } = this.#options;
    for (const [tenantId, tenant] of this.#tenants) {
      if (this.#tenants.size <= maxTenants) return;
      if (tenant === newest || tenant.decisions.isBusy) continue;
      this.#tenants.delete(tenantId);
      letGo(tenant);
    }
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

type Decisive = DiscoveryDecider & Deciding & { readonly signal: AbortSignal | undefined };

const letGo = ({ vectors, decisions }: TenantState): void => {
  vectors?.close();
  decisions.close();
};

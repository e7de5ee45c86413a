/**
 * Answers of models that are given again: to the same request from this node's memory, then from the shared store; to one that is written a little
 * differently; and to one that means the same. Questions that are asked at once are asked of the model once, over all nodes where the store is shared.
 *
 * What always holds: an answer is given only in the tenant that asked for it (the tenant is in every key, in the scope of every store, and in every entry);
 * nobody waits for a write; a store or an embedder that fails costs a model call, never the answer.
 */
import type { ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { Clock, Digest, KeyValue, Logger, VectorIndex } from "../ports/index.ts";
import { AnswerLevels, type Found, type Lookup, NOTHING } from "./answer-levels.ts";
import { entryKey, scopeOf } from "./cache-keys.ts";
import type { Ask, CacheQuestion } from "./cache-question.ts";
import { type CacheStatistics, TenantTallies } from "./cache-statistics.ts";
import { Flight, type FlightEnd, reasonOf } from "./flight.ts";
import { asKept, isCollapsible, isKeepable, type KeptAnswer } from "./kept-answer.ts";
import { type Claimed, type MarkerClaim, NodeMarkers } from "./node-markers.ts";
import { keysOf } from "./request-keys.ts";

export interface ModelCacheOptions {
  readonly keyValue: KeyValue;
  /** Without one there is no semantic level. */
  readonly vectorIndex?: VectorIndex | undefined;
  readonly clock: Clock;
  readonly digest: Pick<Digest, "sha256">;
  readonly logger: Logger;
  /** Whether other nodes use the same store: then what is asked at once is asked once by all of them, for one write more a miss. @default false */
  readonly acrossNodes?: boolean | undefined;
  /** Answers held by this node. @default 10000 */
  readonly maxEntries?: number | undefined;
  /** @default 67108864 */
  readonly maxBytes?: number | undefined;
}

/** What asking the model gives. */
export interface Producible {
  readonly response: ModelResponse;
  /** False: another model than the one that was named has answered, so it is for this once. @default true */
  readonly mayKeep?: boolean | undefined;
}

export interface CacheOutcome<Produced> {
  /** Marked with its level and without cost when it was kept. */
  readonly response: ModelResponse;
  /**
   * What the model call gave, for exactly one of those whom it answers: the one whose `produce` it was, or, when that one has left, another. Null for
   * an answer that was kept, and for all others who waited.
   */
  readonly produced: Produced | null;
  /** US dollars that the answer cost when it was made; null when nobody knows, and beside `produced`. */
  readonly savedUsd: number | null;
}

const MAX_FLIGHTS = 10_000;
const MAX_WAITERS = 10_000;
const MAX_TENANTS = 10_000;
const SAY_AGAIN_MS = 60_000;

export class ModelCache {
  private readonly options: ModelCacheOptions;
  private readonly levels: AnswerLevels;
  private readonly markers: NodeMarkers | null;
  private readonly flights = new Map<string, Flight<Producible, Found>>();
  private readonly tallies = new TenantTallies(MAX_TENANTS);
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: ModelCacheOptions) {
    this.options = options;
    const { keyValue, vectorIndex, clock, digest, logger, acrossNodes = false } = options;
    this.levels = new AnswerLevels({
      ...{ keyValue, vectorIndex, clock, digest, logger },
      maxEntries: options.maxEntries ?? 10_000,
      maxBytes: options.maxBytes ?? 67_108_864,
      tallies: this.tallies,
      say: (what, error) => this.say(what, error),
    });
    this.markers = acrossNodes ? new NodeMarkers(keyValue, clock) : null;
  }

  /**
   * The answer that is kept, or what `produce` gives. `produce` has to heed the signal that it is handed, and no other: the call goes on for others
   * when the one who began it has left. Rejects as `produce` does, and with the reason of `question.signal`.
   */
  async answer<Produced extends Producible>(
    question: CacheQuestion,
    produce: (signal: AbortSignal) => Promise<Produced>,
  ): Promise<CacheOutcome<Produced>> {
    const { tenantId, request, signal } = question;
    const tally = this.tallies.of(tenantId);
    if (signal.aborted) throw reasonOf(signal);
    if (request.cache === false) return fresh(await produce(signal));
    const keys = keysOf(this.options.digest, question);
    const ask: Ask = { question, tenantId, keys, epoch: this.levels.epochOf(tenantId) };
    const held = await this.levels.held(tenantId, keys);
    if (held !== null) return this.give(question, held);
    const name = `${keys.exact} ${tenantId}`;
    const known = this.flights.get(name);
    const open = known?.isOpen === true ? known : null;
    const flight = open ?? this.begin(name, ask);
    if (flight === null || flight.size >= MAX_WAITERS) {
      tally.misses += 1;
      return fresh(await produce(signal));
    }
    // A flight serves all who ask under one key, whatever their calls give besides the response; `produced` comes from a `produce` handed in here or by
    // another caller of the same cache, which all hand in the same kind.
    const end = (await flight.join(produce, signal)) as FlightEnd<Produced, Found>;
    switch (end.kind) {
      case "produced":
        tally.misses += 1;
        return fresh(end.value);
      case "shared":
        if (open !== null) tally.collapsed += 1;
        return this.give(question, end.value);
      case "alone":
        tally.misses += 1;
        return fresh(await produce(signal));
    }
  }

  /** Numbers of this node since it started, but for those of the semantic level's samples, which are of all nodes and survive restarts. */
  async statistics(tenantId: string): Promise<CacheStatistics> {
    const { levels } = this;
    const tally = this.tallies.of(tenantId);
    const sets = await Promise.all(
      [...tally.semanticSets].map(async ([set, embedder]) => ({ embedder, ...(await levels.counts(tenantId, set)) })),
    );
    return tally.report(levels.sizeOf(tenantId), sets);
  }

  /**
   * Forgets all answers of the tenant, and what its semantic level was found to be: one that had switched itself off is on again. Other nodes give none of
   * what they hold in memory ten seconds later at the latest.
   */
  async clear(tenantId: string): Promise<void> {
    await this.levels.clear(tenantId);
    this.tallies.of(tenantId).semanticSets.clear();
  }

  /** Writes what is to be written, and nothing from then on. */
  close(): Promise<void> {
    return this.levels.close();
  }

  private give<Produced>(question: CacheQuestion, { level, answer }: Found): CacheOutcome<Produced> {
    const savedUsd = answer.response.costUsd ?? null;
    this.tallies.of(question.tenantId).hit(level, savedUsd);
    return { response: asKept(answer.response, level), produced: null, savedUsd };
  }

  /** Null when too much is under way. */
  private begin(name: string, ask: Ask): Flight<Producible, Found> | null {
    if (this.flights.size >= MAX_FLIGHTS) return null;
    const { levels } = this;
    const { tenantId, question } = ask;
    let looked: Lookup = NOTHING;
    let claim: MarkerClaim | null = null;
    const release = (kept: boolean): void => {
      const held = claim;
      claim = null;
      if (held !== null) void held.release(kept).catch((error: unknown) => this.say("a marker was not removed", error));
    };
    const flight = new Flight<Producible, Found>({
      lookUp: async (signal) => {
        try {
          looked = await levels.find(ask, signal);
          if (looked.found !== null || looked.sampled !== null) return looked.found;
          const claimed = await this.claim(ask, signal);
          if (claimed === null) return null;
          if ("found" in claimed) return levels.takeIn(ask, "shared", claimed.found);
          claim = claimed.claim;
          if (signal.aborted) release(false);
        } catch (error) {
          if (!signal.aborted) this.say("a lookup failed", error);
        }
        return null;
      },
      keep: ({ response, mayKeep = true }) => {
        if (looked.sampled !== null && mayKeep) levels.compareLater(question, looked.sampled, response);
        const mayBeKept = mayKeep && isKeepable(question.request, response);
        const kept = mayBeKept ? levels.keep(ask, response, looked.vector, release) : null;
        if (kept === null) this.tallies.of(tenantId).notKept += 1;
        return kept;
      },
      abandon: () => release(false),
      onEnd: () => {
        if (this.flights.get(name) === flight) this.flights.delete(name);
      },
    });
    // One that is likely to call tools stands alone: nobody joins it.
    if (isCollapsible(question.request)) this.flights.set(name, flight);
    return flight;
  }

  private async claim({ tenantId, keys, question }: Ask, signal: AbortSignal): Promise<Claimed<KeptAnswer> | null> {
    if (this.markers === null || !isCollapsible(question.request)) return null;
    const key = entryKey(keys.exact);
    return this.markers.claim(scopeOf(tenantId), key, () => this.levels.readShared(tenantId, key), signal);
  }

  private say(what: string, error: unknown): void {
    const now = this.options.clock.monotonic();
    if (now - this.saidAt < SAY_AGAIN_MS) return;
    this.saidAt = now;
    this.options.logger.log("warn", `the cache of model answers: ${what}; models are asked instead`, {
      error: PlatformError.from(error).message,
    });
  }
}

const fresh = <Produced extends { readonly response: ModelResponse }>(produced: Produced): CacheOutcome<Produced> => ({
  response: produced.response,
  produced,
  savedUsd: null,
});

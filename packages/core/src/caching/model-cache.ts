/**
 * Answers of models that are given again: to the same request from this node's memory, then from the shared store; to one that is written a little
 * differently; and to one that means the same. Questions that are asked at once are asked of the model once, over all nodes where the store is shared.
 *
 * What always holds: an answer is given only in the tenant that asked for it (the tenant is in every key, in the scope of every store, and in every entry);
 * nobody waits for a write; a store or an embedder that fails costs a model call, never the answer.
 */
import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { Vector } from "../memory/embed-in-time.ts";
import type { Clock, Digest, KeyValue, KeyValueScope, Logger, VectorIndex } from "../ports/index.ts";
import { type CacheStatistics, TenantTallies } from "./cache-statistics.ts";
import { Flight, type FlightEnd, reasonOf } from "./flight.ts";
import {
  asKept,
  type CacheLevel,
  isCollapsible,
  isKeepable,
  type KeptAnswer,
  MAX_ENTRY_BYTES,
  readKeptAnswer,
} from "./kept-answer.ts";
import { MemoryLevel } from "./memory-level.ts";
import { type Claimed, type MarkerClaim, NodeMarkers } from "./node-markers.ts";
import { keysOf, type RequestKeys } from "./request-keys.ts";
import { SemanticLevel, type SemanticSettings, VECTORS } from "./semantic-level.ts";
import { WriteQueue } from "./write-queue.ts";

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

export interface CacheSettings {
  /** How long an answer is kept. @default 3600000 */
  readonly ttlMs?: number | undefined;
  /** @default none: the semantic level is off */
  readonly semantic?: SemanticSettings | undefined;
}

export interface CacheQuestion {
  readonly tenantId: string;
  /** As `Asked.model`: what answers, however the request calls it. */
  readonly model: string;
  readonly request: ModelRequest;
  readonly settings: CacheSettings;
  readonly signal: AbortSignal;
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

const DEFAULT_TTL_MS = 3_600_000;
// Of an answer that was found for another wording: shorter than its own, so that a wrong match does not stay.
const CONTENT_TTL_MS = 1_800_000;
const SEMANTIC_TTL_MS = 3_600_000;
const MAX_FLIGHTS = 10_000;
const MAX_WAITERS = 10_000;
const MAX_WRITES = 1_000;
// Another node's `clear` is noticed this late.
const READ_AGAIN_MS = 10_000;
const MAX_TENANTS = 10_000;
const PAGE = 500;
const SAY_AGAIN_MS = 60_000;

interface Found {
  readonly level: CacheLevel;
  readonly answer: KeptAnswer;
}

interface Lookup {
  readonly found: Found | null;
  /** Of the question, when it was made. */
  readonly vector: Vector | null;
  /** Of a hit that is held against what the model says. */
  readonly sampled: KeptAnswer | null;
}

const NOTHING: Lookup = { found: null, vector: null, sampled: null };

/** One question on its way through the levels. */
interface Ask {
  readonly question: CacheQuestion;
  readonly tenantId: string;
  readonly keys: RequestKeys;
  readonly epoch: number;
}

/** How far a tenant's cache has been cleared. */
interface Clearing {
  /** Grows with each: what was begun in an earlier one is not taken in any more. */
  readonly epoch: number;
  /** Of the row that says so to other nodes; null before it was read. */
  readonly version: number | null;
  readonly readAt: number;
}

export class ModelCache {
  private readonly options: ModelCacheOptions;
  private readonly memory: MemoryLevel;
  private readonly semantic: SemanticLevel | null;
  private readonly markers: NodeMarkers | null;
  private readonly queue: WriteQueue;
  private readonly flights = new Map<string, Flight<Producible, Found>>();
  private readonly clearings = new Map<string, Clearing>();
  private readonly tallies = new TenantTallies(MAX_TENANTS);
  private readonly closing = new AbortController();
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: ModelCacheOptions) {
    this.options = options;
    const { keyValue, vectorIndex, clock, digest, acrossNodes = false } = options;
    this.memory = new MemoryLevel({
      maxEntries: options.maxEntries ?? 10_000,
      maxBytes: options.maxBytes ?? 67_108_864,
    });
    this.queue = new WriteQueue(clock, {
      maxWaiting: MAX_WRITES,
      onFailure: (error) => this.say("a write failed", error),
    });
    this.markers = acrossNodes ? new NodeMarkers(keyValue, clock) : null;
    const later = (work: () => Promise<void>): void => void this.queue.add(work);
    this.semantic =
      vectorIndex === undefined
        ? null
        : new SemanticLevel({ keyValue, vectorIndex, clock, digest, scopeOf, entryKey, later });
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
    const ask: Ask = { question, tenantId, keys, epoch: this.epochOf(tenantId) };
    const held = this.memory.get(tenantId, entryKey(keys.exact), this.options.clock.now());
    if (held !== null && (await this.isBelieved(held))) return this.give(question, { level: "memory", answer: held });
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
    const tally = this.tallies.of(tenantId);
    const sets = await Promise.all(
      [...tally.semanticSets].map(async ([set, embedder]) => {
        const counts = (await this.semantic?.counts(tenantId, set)) ?? { samples: 0, wrong: 0, offSince: null };
        return { embedder, ...counts };
      }),
    );
    return tally.report(this.memory.sizeOf(tenantId), sets);
  }

  /**
   * Forgets all answers of the tenant, and what its semantic level was found to be: one that had switched itself off is on again. Other nodes give none of
   * what they hold in memory ten seconds later at the latest.
   */
  async clear(tenantId: string): Promise<void> {
    const { keyValue, clock } = this.options;
    const scope = scopeOf(tenantId);
    const epoch = this.epochOf(tenantId) + 1;
    this.remember(tenantId, { epoch, version: this.clearings.get(tenantId)?.version ?? null });
    this.memory.clear(tenantId);
    this.remember(tenantId, { epoch, version: await keyValue.put(scope, CLEARED, clock.now()) });
    // What was to be written before is written before it is removed.
    await this.queue.flush();
    await this.semantic?.clear(tenantId);
    for (let after: string | undefined; ; ) {
      const page = await keyValue.list(scope, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { key } of page) if (key !== CLEARED && !key.startsWith(VECTORS)) await keyValue.delete(scope, key);
      after = page.at(-1)?.key;
      if (page.length < PAGE) break;
    }
    this.tallies.of(tenantId).semanticSets.clear();
  }

  /** Writes what is to be written, and nothing from then on. */
  async close(): Promise<void> {
    await this.queue.close();
    this.closing.abort(new PlatformError("CANCELED", "the node stops"));
  }

  private give<Produced>(question: CacheQuestion, { level, answer }: Found): CacheOutcome<Produced> {
    const savedUsd = answer.response.costUsd ?? null;
    this.tallies.of(question.tenantId).hit(level, savedUsd);
    return { response: asKept(answer.response, level), produced: null, savedUsd };
  }

  /** Null when too much is under way. */
  private begin(name: string, ask: Ask): Flight<Producible, Found> | null {
    if (this.flights.size >= MAX_FLIGHTS) return null;
    const { tenantId, keys, question } = ask;
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
          looked = await this.lookUp(ask, signal);
          if (looked.found !== null || looked.sampled !== null) return looked.found;
          const claimed = await this.claim(ask, signal);
          if (claimed === null) return null;
          if ("found" in claimed) return this.takeIn(ask, "shared", claimed.found);
          claim = claimed.claim;
          if (signal.aborted) release(false);
        } catch (error) {
          if (!signal.aborted) this.say("a lookup failed", error);
        }
        return null;
      },
      keep: ({ response, mayKeep = true }) => {
        if (looked.sampled !== null && mayKeep) this.compareLater(question, looked.sampled, response);
        const answer = mayKeep && isKeepable(question.request, response) ? this.toKeep(ask, response) : null;
        if (answer === null || this.epochOf(tenantId) !== ask.epoch) {
          this.tallies.of(tenantId).notKept += 1;
          return null;
        }
        this.memory.set(tenantId, entryKey(keys.exact), answer);
        this.memory.set(tenantId, contentKey(keys.content), answer);
        const isQueued = this.later(tenantId, async () => {
          // Together, so that a store may write them at once. What points to nothing is no answer.
          await Promise.all([
            this.put(tenantId, entryKey(keys.exact), answer, answer.expiresAt).finally(() => release(true)),
            this.put(tenantId, contentKey(keys.content), entryKey(keys.exact), answer.expiresAt),
          ]);
          await this.writeVector(ask, answer, looked.vector);
        });
        if (!isQueued) release(false);
        return { level: "memory", answer };
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
    return this.markers.claim(scopeOf(tenantId), key, () => this.readShared(tenantId, key), signal);
  }

  /** Exact always first. Throws what stores throw. */
  private async lookUp(ask: Ask, signal: AbortSignal): Promise<Lookup> {
    const { tenantId, keys } = ask;
    const [exact, pointer] = await Promise.all([
      this.readShared(tenantId, entryKey(keys.exact)),
      this.options.keyValue.get(scopeOf(tenantId), contentKey(keys.content)),
    ]);
    if (exact !== null) return { ...NOTHING, found: this.takeIn(ask, "shared", exact) };
    const held = this.memory.get(tenantId, contentKey(keys.content), this.options.clock.now());
    const content =
      held ?? (typeof pointer?.value === "string" ? await this.readShared(tenantId, pointer.value) : null);
    if (content !== null) {
      this.promote(ask, content, CONTENT_TTL_MS, content.matchedBy);
      return { ...NOTHING, found: { level: "content", answer: content } };
    }
    return this.lookUpMeaning(ask, signal);
  }

  private async lookUpMeaning(ask: Ask, signal: AbortSignal): Promise<Lookup> {
    const { semantic } = this;
    const { tenantId, keys, question } = ask;
    const settings = question.settings.semantic;
    if (semantic === null || settings === undefined || keys.plain === null) return NOTHING;
    const tally = this.tallies.of(tenantId);
    const set = semantic.setOf(settings);
    tally.noteSet(set, settings.embedder.name);
    try {
      const finding = await semantic.find(tenantId, keys.exact, keys.plain, settings, signal);
      const { vector } = finding;
      switch (finding.kind) {
        case "hit":
          this.promote(ask, finding.answer, SEMANTIC_TTL_MS, set);
          return { found: { level: "semantic", answer: finding.answer }, vector, sampled: null };
        case "sampled":
          return { found: null, vector, sampled: finding.answer };
        case "miss":
          if (finding.refusedBy !== null) tally.refuse(finding.refusedBy);
          return { found: null, vector, sampled: null };
      }
    } catch (error) {
      if (!signal.aborted) {
        tally.semanticFailures += 1;
        this.say("the semantic level failed", error);
      }
      return NOTHING;
    }
  }

  /** Into this node's memory, what another node has kept. */
  private takeIn({ tenantId, keys, epoch }: Ask, level: CacheLevel, answer: KeptAnswer): Found {
    if (this.epochOf(tenantId) === epoch) this.memory.set(tenantId, entryKey(keys.exact), answer);
    return { level, answer };
  }

  /** False for what the semantic level has brought, once that is off. */
  private async isBelieved({ tenantId, matchedBy }: KeptAnswer): Promise<boolean> {
    if (matchedBy === null) return true;
    if (this.semantic === null) return false;
    try {
      return !(await this.semantic.isOff(tenantId, matchedBy));
    } catch {
      return false;
    }
  }

  private async readShared(tenantId: string, key: string): Promise<KeptAnswer | null> {
    const entry = await this.options.keyValue.get(scopeOf(tenantId), key);
    const answer = entry === null ? null : readKeptAnswer(entry.value, tenantId);
    if (answer === null || answer.expiresAt <= this.options.clock.now()) return null;
    return (await this.isBelieved(answer)) ? answer : null;
  }

  /** Under the exact key too, for a while that ends with the answer's own life at the latest. */
  private promote(ask: Ask, found: KeptAnswer, ttlMs: number, matchedBy: string | null): void {
    const { tenantId, keys, epoch } = ask;
    if (this.epochOf(tenantId) !== epoch) return;
    const expiresAt = Math.min(found.expiresAt, this.options.clock.now() + ttlMs);
    const answer: KeptAnswer = { ...found, expiresAt, matchedBy };
    this.memory.set(tenantId, entryKey(keys.exact), answer);
    this.later(tenantId, () => this.put(tenantId, entryKey(keys.exact), answer, expiresAt));
  }

  private toKeep({ tenantId, keys, question }: Ask, response: ModelResponse): KeptAnswer | null {
    const expiresAt = this.options.clock.now() + (question.settings.ttlMs ?? DEFAULT_TTL_MS);
    // Only of use to the semantic level.
    const asked = question.settings.semantic === undefined ? null : keys.plain;
    const answer: KeptAnswer = { tenantId, response, question: asked, matchedBy: null, expiresAt };
    // A character takes at most six bytes of JSON: most answers need no exact count.
    const isShort = response.text.length <= MAX_ENTRY_BYTES / 12;
    const isSmall = isShort || new TextEncoder().encode(JSON.stringify(answer)).byteLength <= MAX_ENTRY_BYTES;
    return isSmall ? answer : null;
  }

  private async writeVector(ask: Ask, answer: KeptAnswer, vector: Vector | null): Promise<void> {
    const { embedder } = ask.question.settings.semantic ?? {};
    if (vector !== null && embedder !== undefined)
      await this.semantic?.keep(ask.tenantId, ask.keys.exact, answer, embedder, vector);
  }

  private async put(tenantId: string, key: string, value: unknown, expiresAt: number): Promise<void> {
    const ttlMs = expiresAt - this.options.clock.now();
    if (ttlMs > 0) await this.options.keyValue.put(scopeOf(tenantId), key, value, { ttlMs });
  }

  private later(tenantId: string, work: () => Promise<void>): boolean {
    const isQueued = this.queue.add(work);
    if (!isQueued) this.tallies.of(tenantId).droppedWrites += 1;
    return isQueued;
  }

  private compareLater(
    { tenantId, settings: { semantic: settings } }: CacheQuestion,
    kept: KeptAnswer,
    fresh: ModelResponse,
  ): void {
    const { semantic } = this;
    // An answer that would not be kept says nothing about one that was.
    if (semantic === null || settings === undefined || fresh.finishReason !== "stop" || fresh.text.trim() === "")
      return;
    this.later(tenantId, async () => {
      const { signal } = this.closing;
      const { isWrong, switchedOff, counts } = await semantic.compare(
        tenantId,
        settings,
        kept.response.text,
        fresh.text,
        signal,
      );
      const tally = this.tallies.of(tenantId);
      tally.sampled += 1;
      if (isWrong) tally.sampledWrong += 1;
      if (!switchedOff) return;
      this.options.logger.log("warn", "the semantic cache switched itself off: too many of its answers were wrong", {
        tenantId,
        embedder: settings.embedder.name,
        samples: counts?.samples,
        wrong: counts?.wrong,
      });
    });
  }

  /** What others have cleared is looked for now and then, but not waited for: a hit stays as fast as memory is. */
  private epochOf(tenantId: string): number {
    const known = this.clearings.get(tenantId);
    const epoch = known?.epoch ?? 0;
    if (known !== undefined && this.options.clock.monotonic() - known.readAt < READ_AGAIN_MS) return epoch;
    this.remember(tenantId, { epoch, version: known?.version ?? null });
    this.queue.add(async () => {
      const entry = await this.options.keyValue.get(scopeOf(tenantId), CLEARED);
      const now = this.clearings.get(tenantId);
      const version = entry?.version ?? 0;
      if (now === undefined || now.version === version) return;
      if (now.version !== null) this.memory.clear(tenantId);
      this.remember(tenantId, { epoch: now.version === null ? now.epoch : now.epoch + 1, version });
    });
    return epoch;
  }

  private remember(tenantId: string, { epoch, version }: Omit<Clearing, "readAt">): void {
    const oldest = this.clearings.keys().next().value;
    if (this.clearings.size >= MAX_TENANTS && !this.clearings.has(tenantId) && oldest !== undefined)
      this.clearings.delete(oldest);
    this.clearings.set(tenantId, { epoch, version, readAt: this.options.clock.monotonic() });
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

const CLEARED = "cleared";
const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "model-cache" });
const entryKey = (exact: string): string => `exact/${exact}`;
const contentKey = (content: string): string => `content/${content}`;

const fresh = <Produced extends { readonly response: ModelResponse }>(produced: Produced): CacheOutcome<Produced> => ({
  response: produced.response,
  produced,
  savedUsd: null,
});

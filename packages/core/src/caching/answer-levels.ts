/**
 * Where answers of models are found and kept: this node's memory, the shared store by the exact request and by its content, and vectors of what it means. Nobody
 * waits for a write.
 */
import type { ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { Vector } from "../memory/embed-in-time.ts";
import type { Clock, Digest, KeyValue, Logger, VectorIndex } from "../ports/index.ts";
import { CLEARED, contentKey, entryKey, scopeOf } from "./cache-keys.ts";
import type { Ask, CacheQuestion } from "./cache-question.ts";
import type { CacheStatistics, TenantTallies } from "./cache-statistics.ts";
import { Clearings } from "./clearings.ts";
import { type CacheLevel, type KeptAnswer, MAX_ENTRY_BYTES, readKeptAnswer } from "./kept-answer.ts";
import { MemoryLevel } from "./memory-level.ts";
import type { RequestKeys } from "./request-keys.ts";
import { SemanticLevel, VECTORS } from "./semantic-level.ts";
import type { ShadowCounts } from "./shadow-samples.ts";
import { WriteQueue } from "./write-queue.ts";

export interface AnswerLevelsOptions {
  readonly keyValue: KeyValue;
  /** Without one there is no semantic level. */
  readonly vectorIndex?: VectorIndex | undefined;
  readonly clock: Clock;
  readonly digest: Pick<Digest, "sha256">;
  readonly logger: Logger;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly tallies: TenantTallies;
  /** What failed is told. */
  readonly say: (what: string, error: unknown) => void;
}

export interface Found {
  readonly level: CacheLevel;
  readonly answer: KeptAnswer;
}

export interface Lookup {
  readonly found: Found | null;
  /** Of the question, when it was made. */
  readonly vector: Vector | null;
  /** Of a hit that is held against what the model says. */
  readonly sampled: KeptAnswer | null;
}

export const NOTHING: Lookup = { found: null, vector: null, sampled: null };

const DEFAULT_TTL_MS = 3_600_000;
// Of an answer that was found for another wording: shorter than its own, so that a wrong match does not stay.
const CONTENT_TTL_MS = 1_800_000;
const SEMANTIC_TTL_MS = 3_600_000;
const MAX_WRITES = 1_000;
const PAGE = 500;

export class AnswerLevels {
  private readonly options: AnswerLevelsOptions;
  private readonly memory: MemoryLevel;
  private readonly semantic: SemanticLevel | null;
  private readonly queue: WriteQueue;
  private readonly clearings: Clearings;
  private readonly closing = new AbortController();

  constructor(options: AnswerLevelsOptions) {
    this.options = options;
    const { keyValue, vectorIndex, clock, digest, maxEntries, maxBytes, say } = options;
    this.memory = new MemoryLevel({ maxEntries, maxBytes });
    this.queue = new WriteQueue(clock, { maxWaiting: MAX_WRITES, onFailure: (error) => say("a write failed", error) });
    const later = (work: () => Promise<void>): void => void this.queue.add(work);
    const onCleared = (tenantId: string): void => void this.memory.clear(tenantId);
    this.clearings = new Clearings({ keyValue, clock, later, onCleared });
    this.semantic =
      vectorIndex === undefined
        ? null
        : new SemanticLevel({ keyValue, vectorIndex, clock, digest, scopeOf, entryKey, later });
  }

  epochOf(tenantId: string): number {
    return this.clearings.epochOf(tenantId);
  }

  /** What this node's memory has for the very request. */
  async held(tenantId: string, { exact }: RequestKeys): Promise<Found | null> {
    const answer = this.memory.get(tenantId, entryKey(exact), this.options.clock.now());
    return answer !== null && (await this.isBelieved(answer)) ? { level: "memory", answer } : null;
  }

  /** Exact always first. Throws what stores throw. */
  async find(ask: Ask, signal: AbortSignal): Promise<Lookup> {
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
    return this.findMeaning(ask, signal);
  }

  private async findMeaning(ask: Ask, signal: AbortSignal): Promise<Lookup> {
    const { semantic } = this;
    const { tenantId, keys, question } = ask;
    const settings = question.settings.semantic;
    if (semantic === null || settings === undefined || keys.plain === null) return NOTHING;
    const tally = this.options.tallies.of(tenantId);
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
        this.options.say("the semantic level failed", error);
      }
      return NOTHING;
    }
  }

  /** Into this node's memory, what another node has kept. */
  takeIn({ tenantId, keys, epoch }: Ask, level: CacheLevel, answer: KeptAnswer): Found {
    if (this.clearings.epochOf(tenantId) === epoch) this.memory.set(tenantId, entryKey(keys.exact), answer);
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

  async readShared(tenantId: string, key: string): Promise<KeptAnswer | null> {
    const entry = await this.options.keyValue.get(scopeOf(tenantId), key);
    const answer = entry === null ? null : readKeptAnswer(entry.value, tenantId);
    if (answer === null || answer.expiresAt <= this.options.clock.now()) return null;
    return (await this.isBelieved(answer)) ? answer : null;
  }

  /** Under the exact key too, for a while that ends with the answer's own life at the latest. */
  private promote(ask: Ask, found: KeptAnswer, ttlMs: number, matchedBy: string | null): void {
    const { tenantId, keys, epoch } = ask;
    if (this.clearings.epochOf(tenantId) !== epoch) return;
    const expiresAt = Math.min(found.expiresAt, this.options.clock.now() + ttlMs);
    const answer: KeptAnswer = { ...found, expiresAt, matchedBy };
    this.memory.set(tenantId, entryKey(keys.exact), answer);
    this.later(tenantId, () => this.put(tenantId, entryKey(keys.exact), answer, expiresAt));
  }

  /**
   * Null for what is too large, or was asked before the cache was cleared. `vector`: of the question, when it was made. `onWritten`: whether it is in the shared
   * store now.
   */
  keep(
    ask: Ask,
    response: ModelResponse,
    vector: Vector | null,
    onWritten: (isWritten: boolean) => void,
  ): Found | null {
    const { tenantId, keys } = ask;
    const answer = this.toKeep(ask, response);
    if (answer === null || this.clearings.epochOf(tenantId) !== ask.epoch) return null;
    this.memory.set(tenantId, entryKey(keys.exact), answer);
    this.memory.set(tenantId, contentKey(keys.content), answer);
    const isQueued = this.later(tenantId, async () => {
      // Together, so that a store may write them at once. What points to nothing is no answer.
      await Promise.all([
        this.put(tenantId, entryKey(keys.exact), answer, answer.expiresAt).finally(() => onWritten(true)),
        this.put(tenantId, contentKey(keys.content), entryKey(keys.exact), answer.expiresAt),
      ]);
      await this.writeVector(ask, answer, vector);
    });
    if (!isQueued) onWritten(false);
    return { level: "memory", answer };
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

  /** What the model says now is held against what was found, when there is time. */
  compareLater(
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
      const tally = this.options.tallies.of(tenantId);
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

  /** Of the semantic level's samples, of all nodes. */
  async counts(tenantId: string, set: string): Promise<ShadowCounts> {
    return (await this.semantic?.counts(tenantId, set)) ?? { samples: 0, wrong: 0, offSince: null };
  }

  sizeOf(tenantId: string): CacheStatistics["memory"] {
    return this.memory.sizeOf(tenantId);
  }

  /** Rejects when the store does. */
  async clear(tenantId: string): Promise<void> {
    const { keyValue } = this.options;
    const scope = scopeOf(tenantId);
    await this.clearings.begin(tenantId, () => this.memory.clear(tenantId));
    // What was to be written before is written before it is removed.
    await this.queue.flush();
    await this.semantic?.clear(tenantId);
    for (let after: string | undefined; ; ) {
      const page = await keyValue.list(scope, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { key } of page) if (key !== CLEARED && !key.startsWith(VECTORS)) await keyValue.delete(scope, key);
      after = page.at(-1)?.key;
      if (page.length < PAGE) break;
    }
  }

  /** Writes what is to be written, and nothing from then on. */
  async close(): Promise<void> {
    await this.queue.close();
    this.closing.abort(new PlatformError("CANCELED", "the node stops"));
  }

  private later(tenantId: string, work: () => Promise<void>): boolean {
    const isQueued = this.queue.add(work);
    if (!isQueued) this.options.tallies.of(tenantId).droppedWrites += 1;
    return isQueued;
  }
}

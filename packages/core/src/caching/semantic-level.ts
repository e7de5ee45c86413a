/**
 * Answers to questions that mean the same: the five whose vectors are nearest to the question's, of those the first that is near enough and that no guard
 * objects to. A share of the hits is not believed: the model is asked all the same, and the two answers are compared. A level that is too often
 * wrong switches itself off, for the tenant and the embedder, until it is cleared or configured otherwise.
 */
import { embedInTime, type Vector } from "../memory/embed-in-time.ts";
import { canonicalJson } from "../payloads/canonical-json.ts";
import type { Clock, Digest, Embedder, KeyValue, KeyValueScope, VectorIndex, VectorScope } from "../ports/index.ts";
import { type GuardName, judgePair } from "./guards/judge-pair.ts";
import { type KeptAnswer, readKeptAnswer } from "./kept-answer.ts";
import type { PlainQuestion } from "./request-keys.ts";
import { sameAnswer, similarityOf } from "./same-answer.ts";
import { type ShadowCounts, ShadowSamples } from "./shadow-samples.ts";

export interface SemanticSettings {
  readonly embedder: Embedder;
  /** Least similarity, 0 to 1. @default 0.85 */
  readonly threshold?: number | undefined;
  /** Share of hits that are checked against the model, 0 to 1. @default 0.02 */
  readonly shadowShare?: number | undefined;
  /** Above it, by the upper bound of Wilson's 95 % interval, the level is off. @default 0.01 */
  readonly maxWrongShare?: number | undefined;
  /** Samples before that bound is held against them. @default 400: with fewer, none of them wrong still may be more than 1 % */
  readonly minSamples?: number | undefined;
}

export const DEFAULT_THRESHOLD = 0.85;
const DEFAULT_SHADOW_SHARE = 0.02;
const DEFAULT_MAX_WRONG_SHARE = 0.01;
const DEFAULT_MIN_SAMPLES = 400;
const NEAREST = 5;
// A question that waits longer for its vector than many models need for an answer is not worth it.
const EMBED_TIMEOUT_MS = 2_000;
/** Of a tenant and an embedder. The one that would end first goes when there are more. */
const MAX_QUESTIONS = 10_000;
const PAGE = 500;
export const VECTORS = "vectors/";
const MAX_NOTED = 10_000;
// The answers that are compared are cut there; embedders take no more.
const MAX_COMPARED_CHARACTERS = 8_000;

export type SemanticFinding =
  | { readonly kind: "hit"; readonly answer: KeptAnswer; readonly vector: Vector }
  /** The answer is right if the level is: the model is to say. */
  | { readonly kind: "sampled"; readonly answer: KeptAnswer; readonly vector: Vector }
  | { readonly kind: "miss"; readonly vector: Vector | null; readonly refusedBy: GuardName | null };

export interface SemanticLevelOptions {
  readonly keyValue: KeyValue;
  readonly vectorIndex: VectorIndex;
  readonly clock: Clock;
  readonly digest: Pick<Digest, "sha256">;
  readonly scopeOf: (tenantId: string) => KeyValueScope;
  /** Where an answer lies, by its exact key. */
  readonly entryKey: (exact: string) => string;
  /** Does what nobody waits for. */
  readonly later: (work: () => Promise<void>) => void;
}

export class SemanticLevel {
  private readonly options: SemanticLevelOptions;
  private readonly samples: ShadowSamples;
  private readonly noted = new Set<string>();

  constructor(options: SemanticLevelOptions) {
    this.options = options;
    this.samples = new ShadowSamples(options.keyValue, options.clock);
  }

  /** Where the counts of these settings lie: other settings are counted anew, and so is the level on again. */
  setOf({ embedder, threshold, maxWrongShare }: SemanticSettings): string {
    const settings = { name: embedder.name, threshold: threshold ?? null, maxWrongShare: maxWrongShare ?? null };
    return `samples/${this.options.digest.sha256(canonicalJson(settings)).slice(0, 32)}`;
  }

  counts(tenantId: string, set: string): Promise<ShadowCounts> {
    return this.samples.read(this.options.scopeOf(tenantId), set);
  }

  /** Of another's answer, taken over from this level, when it may not be believed any more. */
  async isOff(tenantId: string, set: string): Promise<boolean> {
    return (await this.counts(tenantId, set)).offSince !== null;
  }

  /** Throws what the embedder and the stores throw. */
  async find(
    tenantId: string,
    exact: string,
    question: PlainQuestion,
    settings: SemanticSettings,
    signal: AbortSignal,
  ): Promise<SemanticFinding> {
    if (await this.isOff(tenantId, this.setOf(settings))) return { kind: "miss", vector: null, refusedBy: null };
    const [vector] = await this.embed(tenantId, [question.text], settings.embedder, signal);
    if (vector === undefined) return { kind: "miss", vector: null, refusedBy: null };
    const scope = this.vectorScope(tenantId, settings.embedder, vector);
    const near = await this.options.vectorIndex.nearest(scope, {
      vector,
      limit: NEAREST,
      filter: { partition: question.partition },
      minSimilarity: settings.threshold ?? DEFAULT_THRESHOLD,
    });
    let refusedBy: GuardName | null = null;
    for (const { id } of near) {
      const answer = await this.read(tenantId, id);
      // Else what has ended would take the places of what has not.
      if (answer === null) this.options.later(async () => void (await this.options.vectorIndex.delete(scope, [id])));
      if (answer?.question == null || answer.question.partition !== question.partition) continue;
      const refusal = judgePair(answer.question.text, question.text);
      if (refusal !== null) refusedBy ??= refusal;
      else return { kind: this.isSampled(exact, settings) ? "sampled" : "hit", answer, vector };
    }
    return { kind: "miss", vector, refusedBy };
  }

  /** So that others find it. Writes nothing when the answer has no question. */
  async keep(tenantId: string, exact: string, answer: KeptAnswer, embedder: Embedder, vector: Vector): Promise<void> {
    if (answer.question === null) return;
    const scope = this.vectorScope(tenantId, embedder, vector);
    await this.note(scope);
    if ((await this.options.vectorIndex.count(scope)) >= MAX_QUESTIONS) await this.makeRoom(scope);
    const metadata = { partition: answer.question.partition, expiresAt: answer.expiresAt };
    await this.options.vectorIndex.upsert(scope, [{ id: exact, vector, metadata }]);
  }

  /** Compares what a sampled hit would have answered with what the model did. */
  async compare(
    tenantId: string,
    settings: SemanticSettings,
    kept: string,
    fresh: string,
    signal: AbortSignal,
  ): Promise<{ readonly isWrong: boolean; readonly switchedOff: boolean; readonly counts: ShadowCounts | null }> {
    let isSame = sameAnswer(kept, fresh, null);
    if (!isSame && sameAnswer(kept, fresh, 1)) {
      const texts = [kept, fresh].map((text) => text.slice(0, MAX_COMPARED_CHARACTERS));
      const [left, right] = await this.embed(tenantId, texts, settings.embedder, signal);
      isSame = left !== undefined && right !== undefined && sameAnswer(kept, fresh, similarityOf(left, right));
    }
    const added = await this.samples.add(this.options.scopeOf(tenantId), this.setOf(settings), !isSame, {
      maxWrongShare: settings.maxWrongShare ?? DEFAULT_MAX_WRONG_SHARE,
      minSamples: settings.minSamples ?? DEFAULT_MIN_SAMPLES,
    });
    return { isWrong: !isSame, switchedOff: added?.switchedOff ?? false, counts: added?.counts ?? null };
  }

  /** The vectors of the tenant; whoever calls removes the rest. Returns how many there were. */
  async clear(tenantId: string): Promise<number> {
    const known = await this.options.keyValue.list(this.options.scopeOf(tenantId), { prefix: VECTORS });
    let removed = 0;
    for (const { key } of known)
      removed += await this.options.vectorIndex.clear({ tenantId, namespace: key.slice(VECTORS.length) });
    this.samples.forget();
    return removed;
  }

  /** That there are vectors, for `clear` to find; stays when they are cleared. */
  private async note({ tenantId, namespace }: VectorScope): Promise<void> {
    const name = JSON.stringify([tenantId, namespace]);
    if (this.noted.has(name)) return;
    if (this.noted.size >= MAX_NOTED) this.noted.clear();
    await this.options.keyValue.put(this.options.scopeOf(tenantId), `${VECTORS}${namespace}`, true);
    this.noted.add(name);
  }

  private embed(
    tenantId: string,
    texts: readonly string[],
    embedder: Embedder,
    signal: AbortSignal,
  ): Promise<readonly Vector[]> {
    const { clock } = this.options;
    return embedInTime(clock, embedder, { tenantId, texts, timeoutMs: EMBED_TIMEOUT_MS, signal });
  }

  private async read(tenantId: string, exact: string): Promise<KeptAnswer | null> {
    const entry = await this.options.keyValue.get(this.options.scopeOf(tenantId), this.options.entryKey(exact));
    const answer = entry === null ? null : readKeptAnswer(entry.value, tenantId);
    // What was itself taken for the answer to another question does not stand for a third.
    return answer === null || answer.matchedBy !== null || answer.expiresAt <= this.options.clock.now() ? null : answer;
  }

  private isSampled(exact: string, { shadowShare = DEFAULT_SHADOW_SHARE }: SemanticSettings): boolean {
    return Number.parseInt(this.options.digest.sha256(`shadow/${exact}`).slice(0, 8), 16) / 0x1_0000_0000 < shadowShare;
  }

  private vectorScope(tenantId: string, { name }: Embedder, vector: Vector): VectorScope {
    // An embedder that gives vectors of another length is another one, whatever it is called.
    return { tenantId, namespace: `model-cache/${this.options.digest.sha256(name).slice(0, 16)}/${vector.length}` };
  }

  /** Removes what has ended; if that is not enough, the tenth that ends first. */
  private async makeRoom(scope: VectorScope): Promise<void> {
    const now = this.options.clock.now();
    const all: { readonly id: string; readonly expiresAt: number }[] = [];
    for (let after: string | undefined; ; after = all.at(-1)?.id) {
      const page = await this.options.vectorIndex.list(scope, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { id, metadata } of page) all.push({ id, expiresAt: Number(metadata["expiresAt"]) });
      if (page.length < PAGE) break;
    }
    all.sort((left, right) => left.expiresAt - right.expiresAt);
    const ended = all.filter(({ expiresAt }) => expiresAt <= now).length;
    const removed = all.slice(0, Math.max(ended, Math.ceil(MAX_QUESTIONS / 10))).map(({ id }) => id);
    for (let start = 0; start < removed.length; start += PAGE)
      await this.options.vectorIndex.delete(scope, removed.slice(start, start + PAGE));
  }
}

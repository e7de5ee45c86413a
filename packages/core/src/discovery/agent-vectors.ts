/**
 * Vectors of what the agents of one tenant say of themselves, by an embedder that costs time and money: each text is embedded once, known by the hash of its
 * content, and kept in a vector index, where the next process finds it. Those of texts that nobody says any more are let go.
 */
import { PlatformError } from "@agentcore/contract";
import { BoundedMap } from "../bus/bounded-map.ts";
import type { Clock, Digest, Embedder, Logger, VectorIndex, VectorScope } from "../ports/index.ts";
import { untilAborted } from "./patience.ts";
import type { IndexedAgent } from "./tenant-index.ts";

export interface AgentVectorsOptions {
  readonly tenantId: string;
  readonly embedder: Embedder;
  readonly vectorIndex: VectorIndex;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly logger: Logger;
}

export interface NearText {
  readonly name: string;
  /** Cosine. */
  readonly similarity: number;
}

// Embedders take no more; what an agent can do is said by then.
const MAX_CHARACTERS = 8_000;
const TEXTS_AT_ONCE = 100;
const VECTORS_AT_ONCE = 500;
const MAX_QUESTIONS = 1_000;
// What fails is not asked again at once: each try may cost money, and each need would try.
const PAUSE_MS = 30_000;
const MAKING_TIMEOUT_MS = 120_000;
const QUESTION_TIMEOUT_MS = 30_000;
/** Questions whose vectors are being made. */
const MAX_PENDING = 100;

export class AgentVectors {
  readonly embedder: Embedder;
  readonly #options: AgentVectorsOptions;
  /** By the hash of the text; of length 1. */
  #known = new Map<string, Float32Array>();
  readonly #hashes = new WeakMap<IndexedAgent, string>();
  readonly #questions = new BoundedMap<string, Float32Array>(MAX_QUESTIONS);
  readonly #pending = new Map<string, Promise<Float32Array>>();
  #making: Promise<void> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure = "";
  readonly #closed = new AbortController();

  constructor(options: AgentVectorsOptions) {
    this.#options = options;
    this.embedder = options.embedder;
  }

  /** Nearest first. Throws what the embedder throws, and UNAVAILABLE while the agents' own vectors are not made. */
  async search(need: string, agents: readonly IndexedAgent[], signal: AbortSignal): Promise<readonly NearText[]> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#failedAt < PAUSE_MS) throw new PlatformError("UNAVAILABLE", this.#failure);
    const question = await this.#questionVector(need, signal);
    if (agents.some((agent) => !this.#known.has(this.#hashOf(agent)))) {
      this.#making ??= this.#make(agents, question.length).finally(() => {
        this.#making = null;
      });
      await untilAborted(this.#making, signal);
    }
    return agents
      .flatMap((agent) => {
        const vector = this.#known.get(this.#hashOf(agent));
        return vector?.length === question.length
          ? [{ name: agent.record.name, similarity: dot(question, vector) }]
          : [];
      })
      .sort((a, b) => b.similarity - a.similarity || (a.name < b.name ? -1 : 1));
  }

  close(): void {
    this.#closed.abort(new PlatformError("CANCELED", "the node is closing"));
  }

  async #questionVector(need: string, signal: AbortSignal): Promise<Float32Array> {
    const known = this.#questions.get(need);
    if (known !== undefined) return known;
    let pending = this.#pending.get(need);
    if (pending === undefined) {
      if (this.#pending.size >= MAX_PENDING)
        throw new PlatformError("OVERLOADED", `${MAX_PENDING} needs wait for their vectors already`);
      pending = this.#embed([need], QUESTION_TIMEOUT_MS)
        .then(([vector]) => {
          if (vector === undefined) throw new PlatformError("UPSTREAM_FAILED", `${this.embedder.name} gave no vector`);
          this.#questions.set(need, vector);
          return vector;
        })
        .finally(() => this.#pending.delete(need));
      this.#pending.set(need, pending);
    }
    return untilAborted(pending, signal);
  }

  /** Who waits for it may leave: it goes on for the next. */
  async #make(agents: readonly IndexedAgent[], dimensions: number): Promise<void> {
    const { vectorIndex } = this.#options;
    const scope = this.#scope(dimensions);
    const wanted = new Map(agents.map((agent) => [this.#hashOf(agent), agent.text]));
    const known = new Map<string, Float32Array>();
    for (const hash of wanted.keys()) {
      const vector = this.#known.get(hash);
      if (vector?.length === dimensions) known.set(hash, vector);
    }
    for (const hashes of pages(missing(wanted, known), VECTORS_AT_ONCE))
      for (const { id, vector } of await vectorIndex.get(scope, hashes)) known.set(id, vector);
    for (const hashes of pages(missing(wanted, known), TEXTS_AT_ONCE)) {
      const texts = hashes.map((hash) => (wanted.get(hash) ?? "").slice(0, MAX_CHARACTERS));
      const made = await this.#embed(texts, MAKING_TIMEOUT_MS);
      const entries = made.map((vector, at) => ({ id: hashes[at] ?? "", vector }));
      for (const { id, vector } of entries) known.set(id, vector);
      await vectorIndex.upsert(scope, entries);
    }
    this.#known = known;
    await this.#forgetOthers(scope, wanted);
  }

  /** Other nodes may be ahead or behind: what they still want, they make again. So only when much lies there for nobody. */
  async #forgetOthers(scope: VectorScope, wanted: ReadonlyMap<string, string>): Promise<void> {
    const { vectorIndex } = this.#options;
    if ((await vectorIndex.count(scope)) <= 2 * wanted.size + TEXTS_AT_ONCE) return;
    for (let after = ""; ; ) {
      const listed = await vectorIndex.list(scope, { after, limit: VECTORS_AT_ONCE });
      const others = listed.map(({ id }) => id).filter((id) => !wanted.has(id));
      if (others.length > 0) await vectorIndex.delete(scope, others);
      if (listed.length < VECTORS_AT_ONCE) return;
      after = listed.at(-1)?.id ?? after;
    }
  }

  /** Goes on when who asked for it leaves: the next one finds it made. */
  async #embed(texts: readonly string[], timeoutMs: number): Promise<readonly Float32Array[]> {
    const { embedder, tenantId, clock, logger } = this.#options;
    const stop = new AbortController();
    const timer = clock.after(timeoutMs, () =>
      stop.abort(new PlatformError("DEADLINE_EXCEEDED", `no answer within ${timeoutMs} ms`)),
    );
    const close = () => stop.abort(this.#closed.signal.reason);
    this.#closed.signal.addEventListener("abort", close, { once: true });
    try {
      return (await embedder.embed(tenantId, texts, { signal: stop.signal })).map(unit);
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (!this.#closed.signal.aborted) {
        this.#failedAt = clock.monotonic();
        this.#failure = `the embedder ${embedder.name} failed: ${error.message}`;
        logger.log("warn", `${this.#failure}; agents are found by words for ${PAUSE_MS / 1000} s`, { tenantId });
      }
      throw error;
    } finally {
      timer.cancel();
      this.#closed.signal.removeEventListener("abort", close);
    }
  }

  #scope(dimensions: number): VectorScope {
    const { tenantId, digest, embedder } = this.#options;
    return { tenantId, namespace: `discovery/${digest.sha256(embedder.name).slice(0, 32)}/${dimensions}` };
  }

  #hashOf(agent: IndexedAgent): string {
    let hash = this.#hashes.get(agent);
    if (hash === undefined) this.#hashes.set(agent, (hash = this.#options.digest.sha256(agent.text)));
    return hash;
  }
}

const missing = (wanted: ReadonlyMap<string, unknown>, known: ReadonlyMap<string, unknown>): string[] =>
  [...wanted.keys()].filter((hash) => !known.has(hash));

function* pages<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

const unit = (vector: Float32Array | readonly number[]): Float32Array => {
  const made = Float32Array.from(vector);
  const length = Math.sqrt(dot(made, made)) || 1;
  return made.map((value) => value / length);
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] as number) * (b[at] as number);
  return sum;
};

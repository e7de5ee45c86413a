/** Vectors of passages, in memory, searched whole. */
import { PlatformError } from "@agentcore/contract/errors";

/**
 * A vector for each text, in their order and of one length. Called with up to 64 texts at a time, outside of what a task journals and budgets: what it costs is
 * its owner's to bound.
 */
export type Embed = (
  texts: readonly string[],
  options: { readonly signal: AbortSignal },
) => Promise<readonly ArrayLike<number>[]>;

export interface NewPassage {
  readonly id: string;
  readonly text: string;
  /** Asked once its vector is there: whether it is still wanted. */
  take(): boolean;
}

const BATCH = 64;
const MAX_BYTES = 256 * 1024 * 1024;
const BYTES_PER_NUMBER = 4;

export class PassageVectors {
  private readonly embed: Embed;
  private readonly vectors = new Map<string, Float32Array>();
  private dimensions = 0;

  constructor(embed: Embed) {
    this.embed = embed;
  }

  get size(): number {
    return this.vectors.size;
  }

  delete(id: string): void {
    this.vectors.delete(id);
  }

  /** What is embedded stays so when a later batch fails. */
  async add(passages: readonly NewPassage[], signal: AbortSignal): Promise<void> {
    for (let start = 0; start < passages.length; start += BATCH) {
      signal.throwIfAborted();
      const some = passages.slice(start, start + BATCH);
      const found = await this.embedded(
        some.map(({ text }) => text),
        signal,
      );
      for (const [index, { id, take }] of some.entries()) {
        const vector = found[index];
        if (vector !== undefined && take()) this.vectors.set(id, vector);
      }
    }
  }

  /** Ids, nearest first, equals by id. */
  async search(
    query: string,
    accepts: (id: string) => boolean,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const [wanted] = await this.embedded([query], signal);
    if (wanted === undefined) return [];
    const best: { readonly id: string; readonly likeness: number }[] = [];
    let worst = Number.NEGATIVE_INFINITY;
    for (const [id, vector] of this.vectors) {
      const likeness = dot(wanted, vector);
      if (likeness < worst || !accepts(id)) continue;
      best.push({ id, likeness });
      // Sorting twice as many now and then costs less than a place for each.
      if (best.length < 2 * limit) continue;
      best.sort(nearestFirst).splice(limit);
      worst = best.at(-1)?.likeness ?? worst;
    }
    return best
      .sort(nearestFirst)
      .slice(0, limit)
      .map(({ id }) => id);
  }

  private async embedded(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    const vectors = await this.embed(texts, { signal });
    if (vectors.length !== texts.length)
      throw new PlatformError("UPSTREAM_FAILED", `embed gave ${vectors.length} vectors for ${texts.length} texts`);
    return vectors.map((vector) => this.checked(vector));
  }

  private checked(vector: ArrayLike<number>): Float32Array {
    if (this.dimensions === 0) this.dimensions = vector.length;
    if (vector.length !== this.dimensions || vector.length === 0)
      throw new PlatformError(
        "UPSTREAM_FAILED",
        `embed gave a vector of ${vector.length} numbers after ${this.dimensions}`,
      );
    if ((this.vectors.size + 1) * this.dimensions * BYTES_PER_NUMBER > MAX_BYTES)
      throw new PlatformError(
        "TOO_LARGE",
        `vectors of ${this.vectors.size} passages take ${MAX_BYTES} bytes: name a smaller folder`,
      );
    const unit = Float32Array.from(vector);
    const length = Math.sqrt(dot(unit, unit));
    if (!Number.isFinite(length))
      throw new PlatformError("UPSTREAM_FAILED", "embed gave a vector with what is no number");
    return length === 0 ? unit : unit.map((number) => number / length);
  }
}

const nearestFirst = (
  left: { readonly id: string; readonly likeness: number },
  right: { readonly id: string; readonly likeness: number },
): number => right.likeness - left.likeness || (left.id < right.id ? -1 : 1);

const dot = (left: Float32Array, right: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) sum += (left[at] ?? 0) * (right[at] ?? 0);
  return sum;
};

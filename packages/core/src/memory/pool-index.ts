/** What a node keeps of a pool to search it: words, and of each memory what it is filtered, ranked and forgotten by. No texts. */
import { ExactVectors } from "../storage/exact-vectors.ts";
import { checkEntries } from "../storage/vector-input.ts";
import { TextIndex } from "../text/text-index.ts";
import { isOver, type KeptMemory } from "./kept-memory.ts";
import { type MemoryFacts, worthOf } from "./rank-memories.ts";

export interface IndexedMemory extends MemoryFacts {
  readonly expiresAt?: number | undefined;
  readonly tags: readonly string[];
  readonly document?: string | undefined;
  readonly embedder?: string | undefined;
  /** These two count here what the store is told of later. */
  uses: number;
  lastUsedAt: number;
}

const BYTES_PER_MEMORY = 400;
const VECTOR_UNIT = 10_000;

/** As it is kept with a sealed memory: ten-thousandths are as near as any comparison of vectors needs. */
export const packVector = (vector: Float32Array | readonly number[]): readonly number[] => {
  const unit = checkEntries([{ id: "0", vector }])?.entries[0]?.vector ?? [];
  return Array.from(unit, (number) => Math.round(number * VECTOR_UNIT));
};

export class PoolIndex {
  readonly words = new TextIndex();
  /** Vectors that lie with their memories, by embedder and number of dimensions. */
  readonly vectors = new Map<string, ExactVectors>();
  private readonly memories = new Map<string, IndexedMemory>();

  get size(): number {
    return this.memories.size;
  }

  /** About what it holds. */
  get bytes(): number {
    let bytes = this.words.bytes + this.memories.size * BYTES_PER_MEMORY;
    for (const vectors of this.vectors.values()) bytes += vectors.bytes;
    return bytes;
  }

  get(id: string): IndexedMemory | undefined {
    return this.memories.get(id);
  }

  ids(): Iterable<string> {
    return this.memories.keys();
  }

  set(id: string, memory: KeptMemory): void {
    this.delete(id);
    const { at, lastUsedAt, uses, importance, expiresAt, tags, source, embedder, vector } = memory;
    const { document } = source;
    this.memories.set(id, { at, lastUsedAt, uses, importance, expiresAt, tags, document, embedder });
    this.words.set(id, memory.text);
    if (embedder === undefined || vector === undefined) return;
    const space = `${embedder}/${vector.length}`;
    const vectors = this.vectors.get(space) ?? new ExactVectors(vector.length);
    this.vectors.set(space, vectors);
    for (const entry of checkEntries([{ id, vector }])?.entries ?? []) vectors.set(entry);
  }

  delete(id: string): boolean {
    if (!this.memories.delete(id)) return false;
    this.words.delete(id);
    for (const vectors of this.vectors.values()) vectors.delete(id);
    return true;
  }

  /** Those whose time is over. */
  over(now: number): readonly string[] {
    return [...this.memories].filter(([, memory]) => isOver(memory, now)).map(([id]) => id);
  }

  /** The `count` that are worth least, the least first, without those that are spared. */
  leastWorth(count: number, now: number, halfLifeMs: number, spared: ReadonlySet<string>): readonly string[] {
    return [...this.memories]
      .filter(([id]) => !spared.has(id))
      .map(([id, memory]) => ({ id, worth: worthOf(memory, now, { halfLifeMs }), at: memory.at }))
      .sort((left, right) => left.worth - right.worth || left.at - right.at || (left.id < right.id ? -1 : 1))
      .slice(0, count)
      .map(({ id }) => id);
  }
}

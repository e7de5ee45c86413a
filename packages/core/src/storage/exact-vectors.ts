import type { NearVector, StoredVector } from "../ports/vector-index.ts";
import { searchExactly } from "./exact-search.ts";
import { NearestList } from "./nearest-list.ts";
import type { CheckedQuery } from "./vector-input.ts";

// What an entry takes beside its numbers: 370 bytes by V8's own count at 50,000 entries, and what the allocator adds.
const BYTES_PER_ENTRY = 450;
const BYTES_PER_FIELD = 80;

/** The vectors of one scope in memory, searched exactly. What it is given must have been checked; it is never changed. */
export class ExactVectors {
  readonly dimensions: number;
  private readonly entries = new Map<string, StoredVector>();
  private heldBytes = 0;

  constructor(dimensions: number) {
    this.dimensions = dimensions;
  }

  /** About what it holds, in bytes. */
  get bytes(): number {
    return this.heldBytes;
  }

  get size(): number {
    return this.entries.size;
  }

  set(entry: StoredVector): void {
    this.delete(entry.id);
    this.entries.set(entry.id, entry);
    this.heldBytes += bytesOf(entry);
  }

  get(id: string): StoredVector | undefined {
    return this.entries.get(id);
  }

  delete(id: string): boolean {
    const entry = this.entries.get(id);
    if (entry === undefined) return false;
    this.heldBytes -= bytesOf(entry);
    return this.entries.delete(id);
  }

  values(): Iterable<StoredVector> {
    return this.entries.values();
  }

  nearest(query: CheckedQuery): readonly NearVector[] {
    const nearest = new NearestList(query.limit);
    searchExactly(nearest, query, this.entries.values());
    return nearest.sorted();
  }
}

const bytesOf = ({ vector, metadata }: StoredVector): number => {
  let bytes = BYTES_PER_ENTRY + vector.byteLength;
  for (const value of Object.values(metadata))
    bytes += BYTES_PER_FIELD + (typeof value === "string" ? 2 * value.length : 0);
  return bytes;
};

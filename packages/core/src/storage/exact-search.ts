/** Exact search: the query against every entry, for adapters whose store cannot do it, over all of a scope or a page at a time. */
import type { StoredVector, VectorMetadata } from "../ports/vector-index.ts";
import type { NearestList } from "./nearest-list.ts";
import type { CheckedQuery } from "./vector-input.ts";

/** Offers what matches to `nearest`. Takes about 0.5 ms for a thousand entries of 384 dimensions (docs/decisions/0012). */
export const searchExactly = (
  nearest: NearestList,
  { vector, filter, minSimilarity }: Omit<CheckedQuery, "limit">,
  entries: Iterable<StoredVector>,
): void => {
  const conditions = Object.entries(filter);
  for (const entry of entries) {
    if (conditions.length > 0 && !hasAll(entry.metadata, conditions)) continue;
    // Rounding may carry a product of two vectors of length 1 beyond it.
    const similarity = Math.min(1, Math.max(-1, dotProduct(entry.vector, vector)));
    if (similarity >= minSimilarity) nearest.offer(similarity, entry);
  }
};

export const matchesFilter = (metadata: VectorMetadata, filter: VectorMetadata): boolean =>
  hasAll(metadata, Object.entries(filter));

const hasAll = (
  metadata: VectorMetadata,
  conditions: readonly (readonly [string, VectorMetadata[string]])[],
): boolean => conditions.every(([field, value]) => metadata[field] === value);

// Four sums that do not wait for each other: twice as fast as one.
const dotProduct = (left: Float32Array, right: Float32Array): number => {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = right.length & ~3;
  for (let index = 0; index < whole; index += 4) {
    first += (left[index] ?? 0) * (right[index] ?? 0);
    second += (left[index + 1] ?? 0) * (right[index + 1] ?? 0);
    third += (left[index + 2] ?? 0) * (right[index + 2] ?? 0);
    fourth += (left[index + 3] ?? 0) * (right[index + 3] ?? 0);
  }
  for (let index = whole; index < right.length; index++) first += (left[index] ?? 0) * (right[index] ?? 0);
  return first + second + third + fourth;
};

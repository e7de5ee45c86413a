/**
 * Vectors, and which of them are nearest to one: agents by what they can do, answers by their question, memories by meaning,
 * passages of files. Whoever embeds text keeps it elsewhere, under the same id; here lies only what is needed to find it.
 *
 * Results are exact: every matching entry of the scope is compared, so with a filter too there are `limit` results
 * whenever as many entries match. Similarities are sums in single or double precision, whichever the adapter's machine
 * is fastest at: the same to within 1e-5 everywhere, and entries closer to each other than that may change places.
 */

/** Nothing is seen or changed beyond it (I7). A namespace is for one embedder. */
export interface VectorScope {
  /** At most 128 characters, like `namespace`. */
  readonly tenantId: string;
  readonly namespace: string;
}

/** Flat, and only to filter by: at most 8 KiB as JSON. */
export type VectorMetadata = Readonly<Record<string, string | number | boolean>>;

export interface VectorEntry {
  /** 1 to 512 characters, none of them U+0000. */
  readonly id: string;
  /** At most 4,096 finite numbers, not all 0. Only its direction is kept: scaled to length 1, in single precision. */
  readonly vector: Float32Array | readonly number[];
  /** @default {} */
  readonly metadata?: VectorMetadata | undefined;
}

export interface ListedVector {
  readonly id: string;
  readonly metadata: VectorMetadata;
}

export interface StoredVector extends ListedVector {
  /** Of length 1. */
  readonly vector: Float32Array;
}

export interface NearVector extends ListedVector {
  /** Cosine, -1 to 1. */
  readonly similarity: number;
}

export interface NearestQuery {
  readonly vector: Float32Array | readonly number[];
  /** 1 to 1,000. */
  readonly limit: number;
  /** Entries whose metadata have all of these, equal in type and value. @default {}: all entries */
  readonly filter?: VectorMetadata | undefined;
  /** The least similarity of a result, -1 to 1. @default -1 */
  readonly minSimilarity?: number | undefined;
}

export interface VectorListQuery {
  /** Only ids that come after this one, whether it is there or not. */
  readonly after?: string | undefined;
  /** 1 to 1,000. @default 1000 */
  readonly limit?: number | undefined;
  /** As in NearestQuery. */
  readonly filter?: VectorMetadata | undefined;
}

/**
 * Ids are ordered by code point. Text must be well-formed Unicode. Every method throws INVALID_ARGUMENT or TOO_LARGE for
 * what it refuses, with `violations`, before it has any effect, and STORE_UNAVAILABLE. What a method has confirmed, the
 * next one sees.
 */
export interface VectorIndex {
  /**
   * Inserts, or replaces as a whole, at most 500 entries, all or none; of several with one id the last is kept. The first
   * upsert fixes the scope's number of dimensions until `clear`: another number is INVALID_ARGUMENT and names both.
   */
  upsert(scope: VectorScope, entries: readonly VectorEntry[]): Promise<void>;
  /** Best first, equals by id; none in a scope that has none. Throws INVALID_ARGUMENT for another number of dimensions. */
  nearest(scope: VectorScope, query: NearestQuery): Promise<readonly NearVector[]>;
  /** Those that are there of at most 500 ids, in the order asked for. */
  get(scope: VectorScope, ids: readonly string[]): Promise<readonly StoredVector[]>;
  /** In the order of ids: to find what its owner has forgotten. */
  list(scope: VectorScope, query?: VectorListQuery): Promise<readonly ListedVector[]>;
  /** Of at most 500 ids; returns how many were there. */
  delete(scope: VectorScope, ids: readonly string[]): Promise<number>;
  count(scope: VectorScope): Promise<number>;
  /** Removes all entries; the next upsert fixes the number of dimensions anew. Returns how many there were. */
  clear(scope: VectorScope): Promise<number>;
}

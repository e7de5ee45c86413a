export interface KeyValueEntry {
  readonly key: string;
  readonly value: unknown;
  /** Grows with every write of the key; 0 never stands for a written value. */
  readonly version: number;
}

export interface KeyValueScope {
  readonly tenantId: string;
  readonly namespace: string;
}

/** Small versioned values: manifests, registry, memory. Values are JSON. */
export interface KeyValue {
  get(scope: KeyValueScope, key: string): Promise<KeyValueEntry | null>;
  /**
   * `expectedVersion`: 0 = only if absent, N = only if unchanged; absent = always. Returns the new version, or null when
   * the expectation did not hold. `ttlMs`: gone after that time.
   */
  put(
    scope: KeyValueScope,
    key: string,
    value: unknown,
    options?: { readonly expectedVersion?: number; readonly ttlMs?: number },
  ): Promise<number | null>;
  /** True if it was there (and had the expected version). */
  delete(scope: KeyValueScope, key: string, options?: { readonly expectedVersion?: number }): Promise<boolean>;
  /** Entries whose key begins with `prefix`, in key order, at most `limit` (default 1,000), after `after`. */
  list(
    scope: KeyValueScope,
    options?: { readonly prefix?: string; readonly after?: string; readonly limit?: number },
  ): Promise<readonly KeyValueEntry[]>;
  /** Adds to a number (absent = 0) if the sum stays ≤ `ceiling`; returns the sum, or null when it would not. Atomic. */
  add(
    scope: KeyValueScope,
    key: string,
    amount: number,
    options?: { readonly ceiling?: number },
  ): Promise<number | null>;
  /**
   * Calls back after every change in the scope made through this process, and, as far as it is heard (a hint may be lost),
   * through others, until the returned function is called.
   */
  watch(
    scope: KeyValueScope,
    listener: (change: { readonly key: string; readonly version: number }) => void,
  ): () => void;
}

export interface BlobScope {
  readonly tenantId: string;
  /** What the blobs are, so that sweeping one kind leaves the others alone: lower-case letters and hyphens, at most 63. */
  readonly namespace: string;
}

export interface BlobEntry {
  readonly name: string;
  /** Milliseconds since 1970 of the last put. */
  readonly putAt: number;
}

/**
 * Bytes by what they are: the same content has the same name, so nothing is ever overwritten. A name is 64 lower-case
 * hexadecimal digits made of the content (a SHA-256, or a keyed one). Every method throws INVALID_ARGUMENT for another
 * name or namespace, and STORE_UNAVAILABLE.
 */
export interface BlobStore {
  /**
   * Durable when it resolves. A put of what is there keeps the bytes and makes the blob young again: its `putAt` is now.
   * Throws TOO_LARGE (over 256 MiB).
   */
  put(scope: BlobScope, name: string, bytes: Uint8Array): Promise<void>;
  get(scope: BlobScope, name: string): Promise<Uint8Array | null>;
  /** `putBefore`: only if it was last put before that time; a put that resolved meanwhile is never undone. False when nothing was deleted. */
  delete(scope: BlobScope, name: string, options?: { readonly putBefore?: number }): Promise<boolean>;
  /** In order of their names, those last put before `putBefore`, after the name `after`, at most `limit` (default and most: 1,000). */
  list(
    scope: BlobScope,
    options?: { readonly putBefore?: number; readonly after?: string; readonly limit?: number },
  ): Promise<readonly BlobEntry[]>;
  /** Tenants that have blobs in the namespace. */
  tenants(namespace: string): Promise<readonly string[]>;
}

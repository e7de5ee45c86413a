/** Bytes by what they are: the same content has the same name, so nothing is ever overwritten. */
export interface BlobStore {
  /** `hash` names the content: its hex SHA-256, or that of what it was made of. Idempotent. Throws STORE_UNAVAILABLE, TOO_LARGE (over 256 MiB). */
  put(tenantId: string, hash: string, bytes: Uint8Array): Promise<void>;
  get(tenantId: string, hash: string): Promise<Uint8Array | null>;
  /** False when it was not there. */
  delete(tenantId: string, hash: string): Promise<boolean>;
}

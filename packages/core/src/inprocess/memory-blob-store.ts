import type { BlobStore } from "../ports/blob-store.ts";

/** BlobStore in a Map. Nothing here survives the process. */
export const createMemoryBlobStore = (): BlobStore => {
  const blobs = new Map<string, Uint8Array>();
  const keyOf = (tenantId: string, hash: string): string => JSON.stringify([tenantId, hash]);
  return {
    async put(tenantId, hash, bytes) {
      blobs.set(keyOf(tenantId, hash), bytes.slice());
    },
    async get(tenantId, hash) {
      return blobs.get(keyOf(tenantId, hash))?.slice() ?? null;
    },
    delete: async (tenantId, hash) => blobs.delete(keyOf(tenantId, hash)),
  };
};

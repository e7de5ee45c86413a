import type { BlobStore } from "@agentcore/core/ports";

export interface HeldBlobs {
  readonly blobs: BlobStore;
  /** From now on nothing is deleted, until what is returned is called. */
  hold(): () => void;
}

/**
 * Blobs for whoever sweeps them. A backup writes the rows of one moment first and what they refer to long after it: what a sweep would take
 * meanwhile stays, and goes with the next one. Reading and putting go on.
 */
export const createHeldBlobs = (blobs: BlobStore): HeldBlobs => {
  const holders = new Set<symbol>();
  return {
    blobs: {
      put: (scope, name, bytes) => blobs.put(scope, name, bytes),
      get: (scope, name) => blobs.get(scope, name),
      delete: async (scope, name, options) => holders.size === 0 && blobs.delete(scope, name, options),
      list: (scope, options) => blobs.list(scope, options),
      tenants: (namespace) => blobs.tenants(namespace),
    },
    hold() {
      const holder = Symbol("hold");
      holders.add(holder);
      return () => void holders.delete(holder);
    },
  };
};

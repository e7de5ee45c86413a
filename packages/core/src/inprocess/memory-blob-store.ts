import { checkBlob, checkBlobNamespace, MAX_BLOBS_LISTED } from "../payloads/index.ts";
import type { BlobScope, BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/senses.ts";
import { byText } from "./memory-tables.ts";

interface Blob {
  readonly bytes: Uint8Array;
  readonly putAt: number;
}

/** BlobStore in a Map. Nothing here survives the process. */
export const createMemoryBlobStore = ({ clock }: { readonly clock: Pick<Clock, "now"> }): BlobStore => {
  const scopes = new Map<string, { readonly scope: BlobScope; readonly blobs: Map<string, Blob> }>();
  const blobsOf = ({ tenantId, namespace }: BlobScope): Map<string, Blob> => {
    const key = JSON.stringify([tenantId, namespace]);
    const known = scopes.get(key) ?? { scope: { tenantId, namespace }, blobs: new Map<string, Blob>() };
    scopes.set(key, known);
    return known.blobs;
  };
  return {
    async put(scope, name, bytes) {
      checkBlob(scope, name, bytes);
      const blobs = blobsOf(scope);
      blobs.set(name, { bytes: blobs.get(name)?.bytes ?? bytes.slice(), putAt: clock.now() });
    },
    async get(scope, name) {
      checkBlob(scope, name);
      return blobsOf(scope).get(name)?.bytes.slice() ?? null;
    },
    async delete(scope, name, { putBefore = Number.POSITIVE_INFINITY } = {}) {
      checkBlob(scope, name);
      const blobs = blobsOf(scope);
      return (blobs.get(name)?.putAt ?? Number.POSITIVE_INFINITY) < putBefore && blobs.delete(name);
    },
    async list(scope, { putBefore = Number.POSITIVE_INFINITY, after = "", limit = MAX_BLOBS_LISTED } = {}) {
      checkBlobNamespace(scope.namespace);
      return [...blobsOf(scope)]
        .filter(([name, { putAt }]) => name > after && putAt < putBefore)
        .map(([name, { putAt }]) => ({ name, putAt }))
        .sort((left, right) => byText(left.name, right.name))
        .slice(0, Math.min(limit, MAX_BLOBS_LISTED));
    },
    async tenants(namespace) {
      checkBlobNamespace(namespace);
      return [...scopes.values()]
        .filter(({ scope, blobs }) => scope.namespace === namespace && blobs.size > 0)
        .map(({ scope }) => scope.tenantId)
        .sort(byText);
    },
  };
};

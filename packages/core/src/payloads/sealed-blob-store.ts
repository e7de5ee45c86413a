import type { BlobScope, BlobStore, PayloadCodec, SealScope } from "../ports/index.ts";
import { checkBlob } from "./blob-names.ts";
import { assertPlainAllowed } from "./seal-scopes.ts";

// A zero byte begins neither JSON nor anything compressed, so plain blobs of before are told from sealed ones.
const MARK = new TextEncoder().encode("\0sealed:");

/**
 * Blobs as they lie at rest: sealed where the codec has a key, plain where it has none. What is plain stays readable
 * when a key comes, until the codec says that all is sealed. A blob that is put again keeps the bytes, and the key, of its first put.
 */
export const createSealedBlobStore = (store: BlobStore, codec: PayloadCodec): BlobStore => ({
  async put(scope, name, bytes) {
    checkBlob(scope, name, bytes);
    await store.put(scope, name, sealBlob(codec, scope, name, bytes));
  },
  async get(scope, name) {
    const bytes = await store.get(scope, name);
    return bytes === null ? null : openBlob(codec, scope, name, bytes);
  },
  delete: (scope, name, options) => store.delete(scope, name, options),
  list: (scope, options) => store.list(scope, options),
  tenants: (namespace) => store.tenants(namespace),
});

/** A blob as it is to lie. */
export const sealBlob = (codec: PayloadCodec, scope: BlobScope, name: string, bytes: Uint8Array): Uint8Array =>
  codec.seals ? marked(codec.sealBytes(sealScope(scope, name), bytes)) : bytes;

/** A blob as it was put, from how it lies. Throws PAYLOAD_UNREADABLE. */
export const openBlob = (codec: PayloadCodec, scope: BlobScope, name: string, bytes: Uint8Array): Uint8Array => {
  if (isMarked(bytes)) return codec.openBytes(sealScope(scope, name), bytes.subarray(MARK.length));
  assertPlainAllowed(codec);
  return bytes;
};

const sealScope = ({ tenantId, namespace }: BlobScope, name: string): SealScope => ({
  tenantId,
  subject: `blob/${namespace}/${name}`,
});

const marked = (sealed: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(MARK.length + sealed.length);
  bytes.set(MARK);
  bytes.set(sealed, MARK.length);
  return bytes;
};

const isMarked = (bytes: Uint8Array): boolean =>
  bytes.length >= MARK.length && MARK.every((byte, index) => bytes[index] === byte);

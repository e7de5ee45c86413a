export { checkBlob, checkBlobNamespace, isBlobName, MAX_BLOB_BYTES, MAX_BLOBS_LISTED, PAYLOADS } from "./blob-names.ts";
export { canonicalJson } from "./canonical-json.ts";
export { sizeOf } from "./json-size.ts";
export { createPayloadStore, MAX_PAYLOAD_BYTES, type PayloadStoreOptions } from "./payload-store.ts";
export { createSealedBlobStore, openBlob, sealBlob } from "./sealed-blob-store.ts";
export { createSealedKeyValue, MAX_KEY_LENGTH, MAX_VALUE_BYTES, openValue } from "./sealed-key-value.ts";
export { BLOB_GRACE_MS, type SweepOptions, type Swept, sweepBlobs } from "./sweep-blobs.ts";

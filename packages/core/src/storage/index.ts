export { checkBlob, checkBlobNamespace, MAX_BLOB_BYTES, MAX_BLOBS_LISTED, PAYLOADS } from "./blob-names.ts";
export { matchesFilter, searchExactly } from "./exact-search.ts";
export { ExactVectors } from "./exact-vectors.ts";
export { GroupCommit, type GroupCommitOptions, type SettledResult } from "./group-commit.ts";
export { NearestList } from "./nearest-list.ts";
export { createPayloadStore, MAX_PAYLOAD_BYTES, type PayloadStoreOptions } from "./payload-store.ts";
export { createSealedBlobStore, openBlob } from "./sealed-blob-store.ts";
export { createSealedKeyValue, MAX_KEY_LENGTH, MAX_VALUE_BYTES, openValue } from "./sealed-key-value.ts";
export { BLOB_GRACE_MS, type SweepOptions, type Swept, sweepBlobs } from "./sweep-blobs.ts";
export { takeInTurn } from "./take-in-turn.ts";
export {
  type CheckedQuery,
  checkEntries,
  checkIds,
  checkList,
  checkQuery,
  checkScope,
  dimensionsDiffer,
} from "./vector-input.ts";

export { ensure, equal } from "./assertions.ts";
export { type BlobStoreSuiteOptions, blobStoreSuite } from "./blob-store-suite.ts";
export { type EmbedderSuiteOptions, embedderSuite } from "./embedder-suite.ts";
export { type OnFaultPoint, withFaultPoints } from "./fault-points.ts";
export { type KeyValueSuiteOptions, keyValueSuite } from "./key-value-suite.ts";
export { ManualClock } from "./manual-clock.ts";
export {
  type ArchivedStores,
  type StoreArchiveSuiteOptions,
  type StorePlace,
  storeArchiveSuite,
} from "./store-archive-suite.ts";
export type { OpenedTaskStore } from "./task-store-fixture.ts";
export { type TaskStoreSuiteOptions, taskStoreSuite } from "./task-store-suite.ts";
export { createTestCodec } from "./test-codec.ts";
export { createFnvDigest, createRecordingLogger, createSequentialIds, type LogRecord } from "./test-senses.ts";
export { type VectorIndexSuiteOptions, vectorIndexSuite } from "./vector-index-suite.ts";

export { createMemoryBlobStore } from "./memory-blob-store.ts";
export { createMemoryKeyValue } from "./memory-key-value.ts";
export { createMemoryEventStore, createMemoryTaskStore, type MemoryTaskStore } from "./memory-task-store.ts";
export { createMemoryVectorIndex } from "./memory-vector-index.ts";

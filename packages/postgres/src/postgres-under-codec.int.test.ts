import { createPayloadStore, createSealedBlobStore } from "@agentcore/core/payloads";
import type { StoredEvent, TaskStore } from "@agentcore/core/ports";
import { createTestCodec } from "@agentcore/core/testing";
import { postgresTaskSuite } from "../test/postgres-task-suite.ts";

const codec = createTestCodec();

postgresTaskSuite(
  "PostgreSQL under a codec",
  ({ tasks, blobs }) =>
    createPayloadStore({
      store: tasks,
      blobs: createSealedBlobStore(blobs, codec),
      codec,
      offloadAbove: 100,
    }) as TaskStore<StoredEvent>,
);

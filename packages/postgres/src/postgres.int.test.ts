import type { StoredEvent, TaskStore } from "@agentcore/core/ports";
import { createPayloadStore, createSealedBlobStore } from "@agentcore/core/storage";
import { blobStoreSuite, createTestCodec, keyValueSuite, taskStoreSuite } from "@agentcore/core/testing";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres, type PostgresStores } from "./index.ts";

const codec = createTestCodec();

for (const { name, storeOf } of [
  { name: "PostgreSQL", storeOf: ({ tasks }: PostgresStores) => tasks },
  {
    name: "PostgreSQL under a codec",
    storeOf: ({ tasks, blobs }: PostgresStores) =>
      createPayloadStore({
        store: tasks,
        blobs: createSealedBlobStore(blobs, codec),
        codec,
        offloadAbove: 100,
      }) as TaskStore<StoredEvent>,
  },
])
  taskStoreSuite({
    name,
    test,
    open: async ({ clock }) => {
      const { schema, drop } = newSchema();
      const open = () => openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 });
      let stores = await open();
      const silent: PostgresStores[] = [];
      return {
        store: storeOf(stores),
        // The old process says nothing; one that goes by its node's name takes its place.
        reopen: async () => {
          silent.push(stores);
          stores = await open();
          return storeOf(stores);
        },
        close: async () => {
          for (const each of [...silent, stores]) await each.close();
          await drop();
        },
      };
    },
  });

keyValueSuite({
  name: "PostgreSQL",
  test,
  open: async ({ clock }) => {
    const { schema, drop } = newSchema();
    const stores = await openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 });
    return {
      store: stores.keyValue,
      close: async () => {
        await stores.close();
        await drop();
      },
    };
  },
});

blobStoreSuite({
  name: "PostgreSQL",
  test,
  open: async ({ clock }) => {
    const { schema, drop } = newSchema();
    const stores = await openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 });
    return {
      store: stores.blobs,
      close: async () => {
        await stores.close();
        await drop();
      },
    };
  },
});

import { blobStoreSuite, keyValueSuite, taskStoreSuite } from "@agentcore/core/testing";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres, type PostgresStores } from "./index.ts";

taskStoreSuite({
  name: "PostgreSQL",
  test,
  open: async ({ clock }) => {
    const { schema, drop } = newSchema();
    const open = () => openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 });
    let stores = await open();
    const silent: PostgresStores[] = [];
    return {
      store: stores.tasks,
      // The old process says nothing; one that goes by its node's name takes its place.
      reopen: async () => {
        silent.push(stores);
        stores = await open();
        return stores.tasks;
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

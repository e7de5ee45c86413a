/** The suite of tasks on PostgreSQL, with what stands between it and the test. */
import type { StoredEvent, TaskStore } from "@agentcore/core/ports";
import { taskStoreSuite } from "@agentcore/core/testing";
import { openPostgres, type PostgresStores } from "../src/index.ts";
import { newSchema, test, url } from "./schema.ts";

export const postgresTaskSuite = (name: string, storeOf: (stores: PostgresStores) => TaskStore<StoredEvent>): void =>
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

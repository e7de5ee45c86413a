import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyValueSuite, taskStoreSuite } from "@agentcore/core/testing";
import { test } from "vitest";
import { openSqlite } from "./index.ts";

const temporary = () => mkdtemp(join(tmpdir(), "agentcore-sqlite-"));

taskStoreSuite({
  name: "SQLite",
  test,
  open: async ({ clock }) => {
    const directory = await temporary();
    let stores = await openSqlite({ directory, clock });
    return {
      store: stores.tasks,
      reopen: async () => {
        await stores.close();
        stores = await openSqlite({ directory, clock });
        return stores.tasks;
      },
      close: async () => {
        await stores.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});

keyValueSuite({
  name: "SQLite",
  test,
  open: async ({ clock }) => {
    const directory = await temporary();
    const stores = await openSqlite({ directory, clock });
    return {
      store: stores.keyValue,
      close: async () => {
        await stores.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});

/** The suite of tasks over the decorator that seals and offloads, with blobs in files. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPayloadStore, createSealedBlobStore } from "@agentcore/core/payloads";
import { createTestCodec, taskStoreSuite } from "@agentcore/core/testing";
import { test } from "vitest";
import { openSqlite } from "./index.ts";

const temporary = () => mkdtemp(join(tmpdir(), "agentcore-sqlite-"));

taskStoreSuite({
  name: "SQLite and files under a codec",
  test,
  open: async ({ clock }) => {
    const directory = await temporary();
    const codec = createTestCodec();
    const open = () => openSqlite({ directory, clock });
    let stores = await open();
    const around = () =>
      createPayloadStore({
        store: stores.tasks,
        blobs: createSealedBlobStore(stores.blobs, codec),
        codec,
        offloadAbove: 100,
      });
    return {
      store: around(),
      reopen: async () => {
        await stores.close();
        stores = await open();
        return around();
      },
      close: async () => {
        await stores.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});

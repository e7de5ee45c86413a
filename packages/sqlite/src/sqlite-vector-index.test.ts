import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vectorIndexSuite } from "@agentcore/core/testing";
import { test } from "vitest";
import { openSqlite } from "./index.ts";

const temporary = () => mkdtemp(join(tmpdir(), "agentcore-sqlite-"));

// As it is, and with room for some fifteen vectors: scopes push each other out, and larger ones are read with each search.
for (const [name, maxVectorBytes] of [
  ["SQLite", undefined],
  ["SQLite with little memory for vectors", 8000],
] as const) {
  vectorIndexSuite({
    name,
    test,
    open: async () => {
      const directory = await temporary();
      const stores = await openSqlite({ directory, maxVectorBytes });
      return {
        index: stores.vectors,
        close: async () => {
          await stores.close();
          await rm(directory, { recursive: true });
        },
      };
    },
  });
}

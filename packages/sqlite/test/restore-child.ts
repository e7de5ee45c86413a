/** Begins a restore, says so when its first page is under way, and never ends. */
import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { StorePages } from "@agentcore/core/ports";
import { restoreSqlite } from "../src/index.ts";

const [, , directory = ""] = process.argv;

async function* pages(): StorePages {
  yield [{ kind: "value", tenantId: "killed", namespace: "n", key: "k", value: "1", version: 1, expiresAt: null }];
  writeSync(1, "begun\n");
  await setTimeout(600_000);
}

await restoreSqlite(directory, pages());

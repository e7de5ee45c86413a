import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileBlobStore } from "@agentcore/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { compose } from "../compose.ts";
import { createSystemSenses } from "../system-senses.ts";

const SCOPE = { tenantId: "acme", namespace: "payloads" };
const DAY = 24 * 60 * 60 * 1000;

test("no payload is swept while a backup is written, and all that nothing refers to is afterwards", async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "agentcore-backup-sweep-"));
  onTestFinished(() => rm(dataDirectory, { recursive: true }));
  const old = { now: () => Date.now() - 3 * DAY };
  const blobs = createFileBlobStore({ directory: join(dataDirectory, "blobs"), clock: old });
  // More than lies between the store and whoever reads a backup.
  for (let index = 0; index < 8; index++) await blobs.put(SCOPE, `${index}`.repeat(64), randomBytes(1_000_000));
  const senses = createSystemSenses({ log: () => {} });
  const parts = await compose({ dataDirectory, senses, node: "n1", env: {}, gcIntervalMs: 0 });
  onTestFinished(() => parts.close(0));
  const collect = async (): Promise<number> => {
    await parts.retention.collect({ tenantId: "acme", olderThanMs: DAY, dryRun: false });
    return (await blobs.list(SCOPE)).length;
  };
  const reader = parts.backups.take(new AbortController().signal).getReader();
  for (let read = 0; read < 100_000; ) read += (await reader.read()).value?.byteLength ?? Number.NaN;
  expect(await collect()).toBe(8);
  await reader.cancel();
  await expect.poll(collect).toBe(0);
});

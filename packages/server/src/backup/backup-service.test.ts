import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { createMemoryBlobStore } from "@agentcore/core/inprocess";
import type { StoreArchive, StoreRow } from "@agentcore/core/ports";
import { createTestCodec, ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { createBackupService } from "./backup-service.ts";
import { checkBackup } from "./restore-backup.ts";

const row: StoreRow = { kind: "outgoing", tenantId: "acme", id: "1", message: "event", payload: "null" };

/** Gives a page, then nothing until it is let go on. */
const slowArchive = () => {
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  let ended = 0;
  const archive: StoreArchive = {
    async *pages() {
      try {
        yield [row];
        await held;
      } finally {
        ended += 1;
      }
    },
  };
  return { archive, goOn: () => goOn(), ended: () => ended };
};

const serviceOf = (archive: StoreArchive) =>
  createBackupService({ archive, store: "sqlite", beside: null, version: "1", clock: { now: () => 0 } });
const quiet = new AbortController().signal;

test("a second backup at once is refused; when the first is through there is room again", async () => {
  const { archive, goOn } = slowArchive();
  const backups = serviceOf(archive);
  const first = backups.take(quiet);
  expect(() => backups.take(quiet)).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
  goOn();
  const bytes = await buffer(first);
  const lines = gunzipSync(bytes).toString("utf8").trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { header: { format: "agentcore-backup", version: 3, takenAt: "1970-01-01T00:00:00.000Z", store: "sqlite" } },
    row,
    { footer: { counts: { outgoing: 1 } } },
  ]);
  expect(await text(backups.take(quiet))).not.toBe("");
});

test("one that nobody reads any more ends its archive, by its signal or by its reader", async () => {
  for (const end of ["signal", "reader"]) {
    const { archive, goOn, ended } = slowArchive();
    const backups = serviceOf(archive);
    const abort = new AbortController();
    const stream = backups.take(abort.signal);
    if (end === "signal") abort.abort();
    else await stream.cancel();
    goOn();
    await expect
      .poll(() => {
        try {
          return backups.take(quiet).locked;
        } catch {
          return "refused";
        }
      })
      .toBe(false);
    expect(ended()).toBeLessThanOrEqual(1);
  }
});

test("a backup whose store fails ends in an error, not as a short one", async () => {
  const failing: StoreArchive = {
    async *pages() {
      yield [row];
      throw new Error("the disk is gone");
    },
  };
  await expect(text(serviceOf(failing).take(quiet))).rejects.toThrow("the disk is gone");
});

test("rows of a page become text as the file is read, not all at once", async () => {
  let made = 0;
  const large: StoreArchive = {
    async *pages() {
      yield Array.from({ length: 20 }, () => ({
        ...row,
        get payload() {
          made += 1;
          // gzip keeps none of it back.
          return randomBytes(500_000).toString("base64");
        },
      }));
    },
  };
  const reader = serviceOf(large).take(quiet).getReader();
  for (let read = 0; read < 500_000; ) read += (await reader.read()).value?.byteLength ?? Number.NaN;
  await reader.cancel();
  expect(made).toBeGreaterThan(1);
  expect(made).toBeLessThan(8);
});

test("what lies beside the rows is held from before their moment until all is written, and what is missing of it is told", async () => {
  const steps: string[] = [];
  const archive: StoreArchive = {
    async *pages() {
      steps.push("rows");
      yield [{ kind: "blobReference", tenantId: "acme", taskId: "t", name: "a".repeat(64) }];
    },
  };
  const blobs = createMemoryBlobStore({ clock: new ManualClock({ now: 1 }) });
  const tenants: typeof blobs.tenants = (namespace) => {
    steps.push("blobs");
    return blobs.tenants(namespace);
  };
  const hold = () => {
    steps.push("held");
    return () => void steps.push("released");
  };
  const beside = { snapshotDirectory: tmpdir(), codec: createTestCodec([]), blobs: { ...blobs, tenants }, hold };
  const backups = createBackupService({ archive, store: "sqlite", beside, version: "1", clock: { now: () => 0 } });
  const directory = await mkdtemp(join(tmpdir(), "agentcore-backup-service-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "b"), backups.take(quiet));
  expect(steps).toEqual(["held", "rows", "blobs", "released"]);
  const first = [{ tenantId: "acme", namespace: "payloads", name: "a".repeat(64) }];
  expect(await checkBackup(join(directory, "b"))).toMatchObject({
    counts: { blobReference: 1 },
    missing: { count: 1, first },
  });
});

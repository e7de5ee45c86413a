import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryBlobStore } from "@agentcore/core/inprocess";
import { PAYLOADS } from "@agentcore/core/payloads";
import type { StorePages, StoreRow } from "@agentcore/core/ports";
import { createTestCodec, ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { hashOfCode } from "../agents/read-code.ts";
import { CODE_NAMESPACE, packCode } from "../agents/shared-code.ts";
import { readSnapshot, storeSnapshot } from "../agents/snapshot-store.ts";
import { intoFolders, withBlobs } from "./blob-rows.ts";
import { createHeldBlobs } from "./held-blobs.ts";
import { MissingList } from "./missing-list.ts";

const FILES = new Map([["agent.ts", Buffer.from("export const secret = 1;")]]);
const SNAPSHOT = { hash: hashOfCode(FILES), root: "/x", entry: "agent.ts" };
const LOST = { ...SNAPSHOT, hash: "e".repeat(64) };

const place = async (keys: readonly string[] = []) => {
  const snapshotDirectory = await mkdtemp(join(tmpdir(), "agentcore-blob-rows-"));
  onTestFinished(() => rm(snapshotDirectory, { recursive: true }));
  const blobs = createMemoryBlobStore({ clock: new ManualClock({ now: 1 }) });
  return { snapshotDirectory, blobs, codec: createTestCodec(keys) };
};

async function* pagesOf(...rows: readonly StoreRow[]): StorePages {
  for (const row of rows) yield [row];
}

const rowsOf = async (pages: StorePages): Promise<readonly StoreRow[]> => {
  const rows: StoreRow[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
};

const revision = (snapshot: typeof SNAPSHOT): StoreRow => ({
  ...{ kind: "value", tenantId: "acme", namespace: "revisions", key: `a/${snapshot.hash}` },
  ...{ value: JSON.stringify({ snapshot }), version: 1, expiresAt: null },
});
const nameOf = (index: number): string => index.toString(16).padStart(64, "0");
const reference = (tenantId: string, index: number): StoreRow => ({
  ...{ kind: "blobReference", tenantId, taskId: `t${index}`, name: nameOf(index) },
});

test("payloads and code that rows refer to and that are not there are told, each once", async () => {
  const beside = await place();
  for (const tenantId of ["acme", "globex"])
    for (let index = 0; index < 2500; index++)
      if (index % 100 !== 7)
        await beside.blobs.put({ tenantId, namespace: PAYLOADS }, nameOf(index), new Uint8Array(1));
  await storeSnapshot(beside.snapshotDirectory, SNAPSHOT, FILES);
  let lists = 0;
  const list: typeof beside.blobs.list = (scope, options) => {
    lists += 1;
    return beside.blobs.list(scope, options);
  };
  const references = ["acme", "globex"].flatMap((tenantId) =>
    Array.from({ length: 5000 }, (_, index) => reference(tenantId, Math.floor(index / 2))),
  );
  const missing = new MissingList();
  const pages = pagesOf(...references, revision(SNAPSHOT), revision(LOST));
  const rows = await rowsOf(withBlobs(pages, { ...beside, blobs: { ...beside.blobs, list } }, missing));
  expect(rows.filter(({ kind }) => kind === "blob")).toHaveLength(2 * 2475 + 1);
  expect(missing.found()).toMatchObject({
    count: 51,
    first: expect.arrayContaining([
      { tenantId: "globex", namespace: PAYLOADS, name: nameOf(107) },
      { tenantId: "acme", namespace: CODE_NAMESPACE, name: LOST.hash },
    ]),
  });
  // Once for the references, once for the bytes, and not once a reference.
  expect(lists).toBeLessThan(20);
  const whole = new MissingList();
  await rowsOf(withBlobs(pagesOf(reference("acme", 3), reference("acme", 1), revision(SNAPSHOT)), beside, whole));
  expect(whole.found()).toBeUndefined();
});

test("while somebody holds them blobs are put and read, and none is deleted; after the last it is", async () => {
  const { blobs, hold } = createHeldBlobs((await place()).blobs);
  const scope = { tenantId: "acme", namespace: PAYLOADS };
  await blobs.put(scope, nameOf(1), new Uint8Array(1));
  const [first, second] = [hold(), hold()];
  first();
  first();
  expect(await blobs.delete(scope, nameOf(1))).toBe(false);
  expect(await blobs.list(scope)).toHaveLength(1);
  second();
  expect(await blobs.delete(scope, nameOf(1))).toBe(true);
});

test("the code of a sealed node is sealed in its backup, and opens with the keys", async () => {
  const [from, to] = [await place(["k1"]), await place(["k2", "k1"])];
  await storeSnapshot(from.snapshotDirectory, SNAPSHOT, FILES);
  const rows = await rowsOf(withBlobs(pagesOf(revision(SNAPSHOT)), from, new MissingList()));
  const [code] = rows.filter((row) => row.kind === "blob");
  const bytes = Buffer.from(code?.bytes ?? "", "base64");
  expect(bytes.includes(packCode(FILES))).toBe(false);
  expect(bytes.subarray(0, 8).toString()).toBe("\0sealed:");
  await rowsOf(intoFolders(pagesOf(...rows), to));
  expect(await readSnapshot(to.snapshotDirectory, SNAPSHOT.hash)).toEqual(FILES);
  const stranger = await place([]);
  await expect(rowsOf(intoFolders(pagesOf(...rows), stranger))).rejects.toMatchObject({ code: "PAYLOAD_UNREADABLE" });
});

test("code in a backup that is not what its hash says is refused", async () => {
  const to = await place();
  const bytes = packCode(new Map([["agent.ts", Buffer.from("steal();")]])).toString("base64");
  const of = { tenantId: "acme", namespace: CODE_NAMESPACE, name: SNAPSHOT.hash };
  const rows = pagesOf(revision(SNAPSHOT), { kind: "blob", ...of, bytes, isLast: true });
  await expect(rowsOf(intoFolders(rows, to))).rejects.toMatchObject({ code: "PAYLOAD_UNREADABLE" });
  expect(await readSnapshot(to.snapshotDirectory, SNAPSHOT.hash)).toBeNull();
});

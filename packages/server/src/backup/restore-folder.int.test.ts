import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAYLOADS } from "@agentcore/core/payloads";
import type { StorePages, StoreRow } from "@agentcore/core/ports";
import { createTestCodec } from "@agentcore/core/testing";
import { createFileBlobStore } from "@agentcore/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { hashOfCode } from "../agents/read-code.ts";
import { CODE_NAMESPACE, packCode } from "../agents/shared-code.ts";
import { readSnapshot } from "../agents/snapshot-store.ts";
import { restoreFolder } from "./restore-folder.ts";

const FILES = new Map([["agent.ts", Buffer.from("export const a = 1;")]]);
const SNAPSHOT = { hash: hashOfCode(FILES), root: "/x", entry: "agent.ts" };
const NAME = "a".repeat(64);
const SCOPE = { tenantId: "acme", namespace: PAYLOADS };
const codec = createTestCodec([]);

const folder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-restore-folder-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
};

const rowsWith = (payload: string): readonly StoreRow[] => [
  {
    ...{ kind: "value", tenantId: "acme", namespace: "revisions", key: "a/1", version: 1, expiresAt: null },
    value: JSON.stringify({ snapshot: SNAPSHOT }),
  },
  { kind: "blob", ...SCOPE, name: NAME, bytes: Buffer.from(payload).toString("base64"), isLast: true },
  {
    ...{ kind: "blob", tenantId: "acme", namespace: CODE_NAMESPACE, name: SNAPSHOT.hash, isLast: true },
    bytes: packCode(FILES).toString("base64"),
  },
];

async function* pages(rows: readonly StoreRow[], failure?: Error): StorePages {
  yield rows;
  if (failure !== undefined) throw failure;
}

const payloadIn = async (directory: string): Promise<string> => {
  const blobs = createFileBlobStore({ directory: join(directory, "blobs"), clock: { now: () => 1 } });
  return Buffer.from((await blobs.get(SCOPE, NAME)) ?? []).toString();
};

test("a backup that is refused at its end leaves nothing: no blob of it stands for the right one later", async () => {
  const directory = await folder();
  const damaged = pages(rowsWith("damaged"), new Error("it is not as it was written"));
  await expect(restoreFolder(directory, damaged, codec)).rejects.toThrow("not as it was written");
  expect(await readdir(directory)).toEqual([]);
  await restoreFolder(directory, pages(rowsWith("right")), codec);
  expect(await payloadIn(directory)).toBe("right");
  expect(await readSnapshot(join(directory, "revisions"), SNAPSHOT.hash)).toEqual(FILES);
  expect((await readdir(directory)).toSorted()).toEqual(["agentcore.db", "blobs", "revisions"]);
});

test("what a killed restore has left goes with the next one", async () => {
  const directory = await folder();
  for (const name of ["blobs", "revisions"]) {
    await mkdir(join(directory, `${name}.restoring`));
    await writeFile(join(directory, `${name}.restoring`, "left"), "");
  }
  await writeFile(join(directory, "agentcore.db.restoring"), "left");
  await restoreFolder(directory, pages(rowsWith("right")), codec);
  expect((await readdir(directory)).toSorted()).toEqual(["agentcore.db", "blobs", "revisions"]);
  expect(await readdir(join(directory, "revisions"))).toEqual([SNAPSHOT.hash]);
});

test("blobs and code of another store are not restored onto, and stay; empty folders are no hindrance", async () => {
  for (const name of ["blobs", "revisions"]) {
    const directory = await folder();
    await mkdir(join(directory, "blobs"));
    await mkdir(join(directory, "revisions"));
    await writeFile(join(directory, name, "mine"), "");
    await expect(restoreFolder(directory, pages(rowsWith("right")), codec)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(join(directory, name)),
    });
    expect((await readdir(directory)).toSorted()).toEqual(["blobs", "revisions"]);
    expect(await readdir(join(directory, name))).toEqual(["mine"]);
    await rm(join(directory, name, "mine"));
    await restoreFolder(directory, pages(rowsWith("right")), codec);
    expect(await payloadIn(directory)).toBe("right");
  }
});

test("when a node was started meanwhile, nothing of the backup is left beside what it has", async () => {
  const directory = await folder();
  async function* startedMeanwhile(): StorePages {
    yield rowsWith("right");
    await writeFile(join(directory, "agentcore.db-wal"), "its own");
  }
  await expect(restoreFolder(directory, startedMeanwhile(), codec)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(await readdir(directory)).toEqual(["agentcore.db-wal"]);
});

test("two at once into one folder: one is refused, and blobs, code and file are all of the other", async () => {
  const directory = await folder();
  let refusal: unknown;
  async function* disturbed(): StorePages {
    yield rowsWith("right");
    refusal = await restoreFolder(directory, pages(rowsWith("wrong")), codec).catch((error: unknown) => error);
    yield [{ ...rowsWith("")[0], key: "b/1" } as StoreRow];
  }
  await restoreFolder(directory, disturbed(), codec);
  expect(refusal).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("is under way") });
  expect((await readdir(directory)).toSorted()).toEqual(["agentcore.db", "blobs", "revisions"]);
  expect(await payloadIn(directory)).toBe("right");
  expect(await readSnapshot(join(directory, "revisions"), SNAPSHOT.hash)).toEqual(FILES);
});

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blobStoreSuite } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { createFileBlobStore } from "./file-blob-store.ts";

const temporary = () => mkdtemp(join(tmpdir(), "agentcore-blobs-"));
const SCOPE = { tenantId: "acme", namespace: "payloads" };
const NAME = "a".repeat(64);
const clock = { now: () => 1_750_000_000_000 };

blobStoreSuite({
  name: "files",
  test,
  open: async ({ clock: given }) => {
    const directory = await temporary();
    return {
      store: createFileBlobStore({ directory, clock: given }),
      close: () => rm(directory, { recursive: true }),
    };
  },
});

test("files and folders are for this user alone, and no tenant's name leads out of the folder", async () => {
  const directory = join(await temporary(), "blobs");
  onTestFinished(() => rm(join(directory, ".."), { recursive: true }));
  const store = createFileBlobStore({ directory, clock });
  for (const tenantId of ["acme", "../..", "/etc", "a\u0000b"])
    await store.put({ ...SCOPE, tenantId }, NAME, new Uint8Array([1]));
  expect(await readdir(join(directory, ".."))).toEqual(["blobs"]);
  expect((await readdir(directory)).toSorted()).toEqual(["t-_2e_2e_2f_2e_2e", "t-_2fetc", "t-a_00b", "t-acme"]);
  const folder = join(directory, "t-acme", "payloads", "aa");
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, NAME))).mode & 0o777]).toEqual([0o700, 0o600]);
});

test("what a crash left half written is not a blob, and goes with a sweep", async () => {
  const directory = await temporary();
  onTestFinished(() => rm(directory, { recursive: true }));
  const store = createFileBlobStore({ directory, clock });
  await store.put(SCOPE, NAME, new Uint8Array([1]));
  const folder = join(directory, "t-acme", "payloads", "aa");
  await writeFile(join(folder, `${NAME.slice(0, 63)}b.1.1.tmp`), "ha");
  expect((await store.list(SCOPE)).map(({ name }) => name)).toEqual([NAME]);
  expect(await readdir(folder)).toHaveLength(2);
  expect(await store.list(SCOPE, { putBefore: Date.now() - 60_000 })).toHaveLength(1);
  expect(await readdir(folder)).toHaveLength(2);
  await store.list(SCOPE, { putBefore: Date.now() + 60_000 });
  expect(await readdir(folder)).toEqual([NAME]);
});

test("files and folders of other programs are neither blobs nor tenants, and stay", async () => {
  const directory = await temporary();
  onTestFinished(() => rm(directory, { recursive: true }));
  const store = createFileBlobStore({ directory, clock });
  await store.put(SCOPE, NAME, new Uint8Array([1]));
  const part = join(directory, "t-acme", "payloads", "aa");
  const strays = [".DS_Store", ".nfs0001", "b".repeat(64), `${NAME}~`];
  for (const folder of [directory, join(directory, "t-acme"), join(directory, "t-acme", "payloads"), part])
    for (const stray of strays) await writeFile(join(folder, stray), "");
  await mkdir(join(directory, "lost+found", "payloads", "aa"), { recursive: true });
  await writeFile(join(directory, "lost+found", "payloads", "aa", NAME), "");
  expect((await store.list(SCOPE, { putBefore: Number.MAX_SAFE_INTEGER })).map(({ name }) => name)).toEqual([NAME]);
  expect(await store.tenants("payloads")).toEqual(["acme"]);
  expect((await readdir(part)).toSorted()).toEqual([...strays, NAME].toSorted());
});

test.runIf(process.platform !== "win32")("a folder that cannot be written is STORE_UNAVAILABLE", async () => {
  const directory = await temporary();
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "blobs"), "a file where the folder should be");
  const store = createFileBlobStore({ directory: join(directory, "blobs"), clock });
  await expect(store.put(SCOPE, NAME, new Uint8Array([1]))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

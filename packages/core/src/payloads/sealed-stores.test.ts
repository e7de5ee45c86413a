import { expect, test } from "vitest";
import { createMemoryBlobStore, createMemoryKeyValue } from "../inprocess/index.ts";
import { blobStoreSuite, createTestCodec, keyValueSuite, ManualClock } from "../testing/index.ts";
import { createSealedBlobStore, createSealedKeyValue } from "./index.ts";

for (const [name, keys] of [
  ["sealed", ["k"]],
  ["unsealed", []],
] as const) {
  const codec = createTestCodec(keys);
  keyValueSuite({
    name: `${name} values`,
    test,
    open: async ({ clock }) => ({
      store: createSealedKeyValue(createMemoryKeyValue({ clock }), codec),
      close: async () => {},
    }),
  });
  blobStoreSuite({
    name: `${name} blobs`,
    test,
    open: async ({ clock }) => ({
      store: createSealedBlobStore(createMemoryBlobStore({ clock }), codec),
      close: async () => {},
    }),
  });
}

const clock = new ManualClock();
const HERE = { tenantId: "acme", namespace: "memory" };
const BLOB = { tenantId: "acme", namespace: "payloads" };
const NAME = "a".repeat(64);
const SECRET = "the launch code is 0000";

test("values are sealed in the store; numbers are not, so that they can be added to", async () => {
  const raw = createMemoryKeyValue({ clock });
  const store = createSealedKeyValue(raw, createTestCodec());
  await store.put(HERE, "k", { text: SECRET });
  await store.put(HERE, "n", 5);
  expect(JSON.stringify(await raw.list(HERE))).not.toContain("launch");
  expect(await store.add(HERE, "n", 2)).toBe(7);
  expect((await store.list(HERE)).map(({ value }) => value)).toEqual([{ text: SECRET }, 7]);
});

test("a value that looks like a sealed one is kept as the value it is, with a key and without", async () => {
  for (const keys of [[], ["k"]]) {
    const store = createSealedKeyValue(createMemoryKeyValue({ clock }), createTestCodec(keys));
    for (const value of [{ $sealed: "k:x" }, { $blob: "b", bytes: 1 }, { $plain: 1 }]) {
      await store.put(HERE, "k", value);
      expect((await store.get(HERE, "k"))?.value).toEqual(value);
    }
  }
});

test("a sealed value does not open under another key, nor in another tenant, and the error names the key", async () => {
  const raw = createMemoryKeyValue({ clock });
  await createSealedKeyValue(raw, createTestCodec(["old"])).put(HERE, "k", SECRET);
  const entry = await raw.get(HERE, "k");
  const rotated = createSealedKeyValue(raw, createTestCodec(["new"]));
  await expect(rotated.get(HERE, "k")).rejects.toMatchObject({
    code: "PAYLOAD_UNREADABLE",
    message: 'the value memory/k of acme cannot be read: sealed with the key "old", which is not there',
  });
  const moved = { ...HERE, tenantId: "globex" };
  await raw.put(moved, "k", entry?.value);
  await expect(createSealedKeyValue(raw, createTestCodec(["old"])).get(moved, "k")).rejects.toThrow("moved");
});

test("once all is sealed a plain value or blob does not open, and the error names the key; a number does", async () => {
  const raw = createMemoryKeyValue({ clock });
  const rawBlobs = createMemoryBlobStore({ clock });
  const codec = createTestCodec(["k"], { sealedOnly: true });
  const [store, blobs] = [createSealedKeyValue(raw, codec), createSealedBlobStore(rawBlobs, codec)];
  await store.put(HERE, "sealed", SECRET);
  await store.put(HERE, "n", 5);
  expect([(await store.get(HERE, "sealed"))?.value, (await store.get(HERE, "n"))?.value]).toEqual([SECRET, 5]);
  for (const value of ["forged", { $plain: 5 }, { $blob: NAME, bytes: 1 }, null]) {
    await raw.put(HERE, "k", value);
    await expect(store.get(HERE, "k")).rejects.toMatchObject({
      code: "PAYLOAD_UNREADABLE",
      message: expect.stringContaining("the value memory/k of acme cannot be read: it is not sealed"),
    });
  }
  await rawBlobs.put(BLOB, NAME, new TextEncoder().encode("forged"));
  await expect(blobs.get(BLOB, NAME)).rejects.toMatchObject({ code: "PAYLOAD_UNREADABLE" });
});

test("a value over 1 MiB and a key over 1,024 characters are refused", async () => {
  const store = createSealedKeyValue(createMemoryKeyValue({ clock }), createTestCodec([]));
  await store.put(HERE, "k".repeat(1024), "x".repeat(1024 * 1024 - 2));
  await expect(store.put(HERE, "k", "x".repeat(1024 * 1024))).rejects.toMatchObject({ code: "TOO_LARGE" });
  await expect(store.put(HERE, "k".repeat(1025), 1)).rejects.toMatchObject({ code: "TOO_LARGE" });
});

test("blobs are sealed in the store, plain ones of before stay readable, moved ones do not open", async () => {
  const raw = createMemoryBlobStore({ clock });
  const bytes = new TextEncoder().encode(SECRET);
  const other = "b".repeat(64);
  await raw.put(BLOB, other, bytes);
  const store = createSealedBlobStore(raw, createTestCodec(["k"]));
  await store.put(BLOB, NAME, bytes);
  const sealed = (await raw.get(BLOB, NAME)) ?? new Uint8Array();
  expect(new TextDecoder().decode(sealed)).not.toContain("launch");
  expect([await store.get(BLOB, NAME), await store.get(BLOB, other)]).toEqual([bytes, bytes]);
  const moved = { ...BLOB, tenantId: "globex" };
  await raw.put(moved, NAME, sealed);
  await expect(store.get(moved, NAME)).rejects.toMatchObject({ code: "PAYLOAD_UNREADABLE" });
  await expect(createSealedBlobStore(raw, createTestCodec([])).get(BLOB, NAME)).rejects.toThrow('the key "k"');
});

test("a listed value that does not open hides no other, nor its own key and version", async () => {
  const raw = createMemoryKeyValue({ clock });
  await createSealedKeyValue(raw, createTestCodec(["lost"])).put(HERE, "a", SECRET);
  const store = createSealedKeyValue(raw, createTestCodec(["new"]));
  await store.put(HERE, "b", "read");
  const [a, b] = await store.list(HERE);
  expect(b?.value).toBe("read");
  expect(a?.key).toBe("a");
  expect(a?.version).toBeGreaterThan(0);
  expect(() => a?.value).toThrow(expect.objectContaining({ code: "PAYLOAD_UNREADABLE" }));
});

import { createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { createMemoryBlobStore, createMemoryEventStore } from "@agentcore/core/inprocess";
import { createPayloadStore, createSealedBlobStore } from "@agentcore/core/payloads";
import type { PayloadCodec } from "@agentcore/core/ports";
import { taskStoreSuite } from "@agentcore/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createKeyring } from "./keyring.ts";
import { parseEncryptionKeys } from "./parse-encryption-keys.ts";

const newKey = (name: string): string => `${name}:${randomBytes(32).toString("base64")}`;
const [K1, K2] = [newKey("k1"), newKey("k2")];
const keyring = (...entries: readonly string[]) => createKeyring(parseEncryptionKeys(entries));
const SCOPE = { tenantId: "acme", subject: "task/t1" };
const unreadable = (message: string) => ({ code: "PAYLOAD_UNREADABLE", message: expect.stringContaining(message) });

taskStoreSuite({
  name: "memory under the keyring",
  test,
  open: async ({ clock }) => {
    const codec = keyring(K1);
    let store = createMemoryEventStore({ clock });
    const blobs = createSealedBlobStore(createMemoryBlobStore({ clock }), codec);
    const around = () => createPayloadStore({ store, blobs, codec, offloadAbove: 60 });
    return {
      store: around(),
      reopen: async () => {
        store = store.reopen();
        return around();
      },
      close: () => store.close(),
    };
  },
});

test("any text and any bytes come back, and look different each time", () => {
  const codec = keyring(K1);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.uint8Array(), (text, bytes) => {
      const [first, second] = [codec.seal(SCOPE, text), codec.seal(SCOPE, text)];
      expect([codec.open(SCOPE, first), codec.open(SCOPE, second), first === second]).toEqual([text, text, false]);
      expect(codec.openBytes(SCOPE, codec.sealBytes(SCOPE, bytes))).toEqual(bytes);
    }),
  );
});

test("no two of many seals begin with the same IV", () => {
  const codec = keyring(K1);
  const ivs = Array.from({ length: 5000 }, () => codec.seal(SCOPE, "x").slice(3, 3 + 16));
  expect(new Set(ivs).size).toBe(5000);
});

test("the format is the documented one: base64 of IV, ciphertext and tag, under a key derived for the tenant", () => {
  const sealed = keyring(K1).seal(SCOPE, "hello");
  const [name = "", text = ""] = sealed.split(":");
  expect(name).toBe("k1");
  const bytes = Buffer.from(text, "base64");
  const master = Buffer.from(K1.slice(3), "base64");
  const key = Buffer.from(hkdfSync("sha256", master, "", "agentcore/1/seal/acme", 32));
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
  decipher.setAAD(Buffer.from('[1,"acme","task/t1"]'));
  decipher.setAuthTag(bytes.subarray(-16));
  expect(decipher.update(bytes.subarray(12, -16)).toString() + decipher.final().toString()).toBe("hello");
});

test("what is sealed for one tenant or task does not open for another (I7)", () => {
  const codec = keyring(K1);
  const [text, bytes] = [codec.seal(SCOPE, "x"), codec.sealBytes(SCOPE, new Uint8Array([1]))];
  for (const other of [
    { ...SCOPE, tenantId: "globex" },
    { ...SCOPE, subject: "task/t2" },
    { tenantId: 'acme","task', subject: "t1" },
  ]) {
    expect(() => codec.open(other, text)).toThrow(expect.objectContaining(unreadable("changed or moved")));
    expect(() => codec.openBytes(other, bytes)).toThrow(expect.objectContaining(unreadable("changed or moved")));
  }
});

test("a changed bit, a piece cut off, or rubbish does not open", () => {
  const codec = keyring(K1);
  const sealed = codec.sealBytes(SCOPE, new TextEncoder().encode("hello"));
  for (let index = 3; index < sealed.length; index++) {
    const changed = sealed.slice();
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(() => codec.openBytes(SCOPE, changed)).toThrow(expect.objectContaining({ code: "PAYLOAD_UNREADABLE" }));
    expect(() => codec.openBytes(SCOPE, sealed.subarray(0, index))).toThrow(
      expect.objectContaining({ code: "PAYLOAD_UNREADABLE" }),
    );
  }
  for (const text of ["", ":", "k1:", "k1:AAAA", "rubbish", "k1:💡"])
    expect(() => codec.open(SCOPE, text)).toThrow(expect.objectContaining({ code: "PAYLOAD_UNREADABLE" }));
});

test("after a rotation the first key seals and the others open; without its key, the name of it is told", () => {
  const old = keyring(K1).seal(SCOPE, "old");
  const rotated = keyring(K2, K1);
  expect([rotated.open(SCOPE, old), rotated.seal(SCOPE, "new").startsWith("k2:")]).toEqual(["old", true]);
  for (const codec of [keyring(K2), keyring()])
    expect(() => codec.open(SCOPE, old)).toThrow(
      expect.objectContaining({ ...unreadable('the encryption key "k1"'), details: { encryptionKey: "k1" } }),
    );
  const renamed = keyring(newKey("k1"));
  expect(() => renamed.open(SCOPE, old)).toThrow(expect.objectContaining(unreadable("another key had this name")));
});

test("names of blobs are the SHA-256 without a key; with one they confirm no guess, and differ by tenant", () => {
  const bytes = new TextEncoder().encode("hello");
  const plain = keyring().nameOf("acme", bytes);
  expect(plain).toBe("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  const names = [
    keyring(K1).nameOf("acme", bytes),
    keyring(K1).nameOf("globex", bytes),
    keyring(K2).nameOf("acme", bytes),
  ];
  expect(new Set([plain, ...names]).size).toBe(4);
  expect(keyring(K1).nameOf("acme", bytes)).toBe(names[0]);
  const known = (codec: PayloadCodec) => [plain, ...names].map((name) => codec.isNameOf("acme", bytes, name));
  expect([known(keyring()), known(keyring(K1)), known(keyring(K2, K1))]).toEqual([
    [true, false, false, false],
    [true, true, false, false],
    [true, true, false, true],
  ]);
  expect(keyring(K1).isNameOf("acme", new TextEncoder().encode("hallo"), names[0] ?? "")).toBe(false);
});

test("without a key nothing is sealed", () => {
  expect([keyring().seals, keyring(K1).seals]).toEqual([false, true]);
});

test("sealed-only stands among the keys, anywhere, and not without one", () => {
  for (const entries of [
    [K1, "sealed-only"],
    ["sealed-only", K1],
  ]) {
    const codec = keyring(...entries);
    expect([codec.sealedOnly, codec.open(SCOPE, keyring(K1).seal(SCOPE, "x"))]).toEqual([true, "x"]);
  }
  expect([keyring(K1).sealedOnly, keyring().sealedOnly]).toEqual([false, false]);
  expect(() => parseEncryptionKeys(["sealed-only"])).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  expect(() => parseEncryptionKeys([K1, "Sealed-Only"])).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test.each([
  ["no name", randomBytes(32).toString("base64"), "its name"],
  ["a name and key the wrong way round", `${randomBytes(32).toString("base64")}:k1`, "its name"],
  ["a name with a space", `my key:${randomBytes(32).toString("base64")}`, "its name"],
  ["a key that is too short", `k9:${randomBytes(16).toString("base64")}`, "32 bytes in base64"],
  ["a key that is too long", `k9:${randomBytes(33).toString("base64")}`, "32 bytes in base64"],
  ["a key in hexadecimal", `k9:${randomBytes(32).toString("hex")}`, "32 bytes in base64"],
  ["no key", "k9:", "32 bytes in base64"],
  ["a name twice", newKey("k1"), "another key has this name"],
  ["a key twice", `k9:${K1.slice(3)}`, "the same key as k1"],
])("%s is refused, and the message repeats no key", (_, entry, why) => {
  const thrown = (() => {
    try {
      return parseEncryptionKeys([K1, entry]);
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("encryption key 2") });
  const message = thrown instanceof Error ? thrown.message : "";
  expect(message).toContain(why);
  for (const word of entry.split(":")) if (word.length > 8) expect(message).not.toContain(word.slice(0, 9));
});

import { PlatformError } from "@agentcore/contract";
import type { KeyValue, KeyValueEntry, KeyValueScope, PayloadCodec, SealScope } from "../ports/index.ts";
import { isLargerThan } from "./json-size.ts";
import { looksMarked, readMarks, sealedPayload, wrappedPayload } from "./payload-marks.ts";
import { assertPlainAllowed } from "./seal-scopes.ts";

/** Manifests are the largest of what is kept here, and small: what is larger belongs into a BlobStore. */
export const MAX_VALUE_BYTES = 1024 * 1024;
export const MAX_KEY_LENGTH = 1024;

/**
 * Values as they lie at rest: sealed where the codec has a key. Numbers stay plain, because the store adds to them; so do
 * keys, versions and expiry. Where the codec says that all is sealed, other plain values do not open. `put` throws
 * TOO_LARGE (a value over 1 MiB, a key over 1,024 characters), `get` throws PAYLOAD_UNREADABLE naming the key. So does `value` of
 * what `list` returns, which is opened when it is read: one that does not open hides no other.
 */
export const createSealedKeyValue = (store: KeyValue, codec: PayloadCodec): KeyValue => {
  const read = (scope: KeyValueScope, entry: KeyValueEntry): KeyValueEntry => {
    const value = openValue(codec, scope, entry);
    return value === entry.value ? entry : { ...entry, value };
  };
  const write = (scope: KeyValueScope, key: string, value: unknown): unknown => {
    if (key.length > MAX_KEY_LENGTH)
      throw new PlatformError("TOO_LARGE", `a key has ${key.length} characters, ${MAX_KEY_LENGTH} are allowed`);
    assertValueSize(key, value);
    if (typeof value === "number") return value;
    if (!codec.seals) return looksMarked(value) ? wrappedPayload(value) : value;
    return sealedPayload(codec.seal(sealScope(scope, key), JSON.stringify(value) ?? "null"));
  };
  return {
    async get(scope, key) {
      const entry = await store.get(scope, key);
      return entry === null ? null : read(scope, entry);
    },
    put: async (scope, key, value, options) => store.put(scope, key, write(scope, key, value), options),
    delete: (scope, key, options) => store.delete(scope, key, options),
    list: async (scope, options) => (await store.list(scope, options)).map((entry) => opening(codec, scope, entry)),
    add: (scope, key, amount, options) => store.add(scope, key, amount, options),
    watch: (scope, listener) => store.watch(scope, listener),
  };
};

const opening = (codec: PayloadCodec, scope: KeyValueScope, entry: KeyValueEntry): KeyValueEntry => {
  let opened: { readonly value: unknown } | null = null;
  return {
    key: entry.key,
    get value() {
      opened ??= { value: openValue(codec, scope, entry) };
      return opened.value;
    },
    version: entry.version,
  };
};

/** A value as it was put, from how it is kept. Throws PAYLOAD_UNREADABLE naming the key. */
export const openValue = (
  codec: PayloadCodec,
  scope: KeyValueScope,
  { key, value }: Pick<KeyValueEntry, "key" | "value">,
): unknown => {
  const marked = readMarks(value);
  switch (marked.form) {
    case "plain":
      if (typeof value !== "number") explained(scope, key, () => assertPlainAllowed(codec));
      return marked.value;
    case "sealed":
      return explained(scope, key, () => JSON.parse(codec.open(sealScope(scope, key), marked.sealed)));
    // Nobody puts values into blobs: something of another hand, which a reader's schema refuses.
    case "blob":
    case "sealed blob":
      explained(scope, key, () => assertPlainAllowed(codec));
      return value;
  }
};

const sealScope = ({ tenantId, namespace }: KeyValueScope, key: string): SealScope => ({
  tenantId,
  subject: `value/${namespace}/${key}`,
});

const explained = <Value>(scope: KeyValueScope, key: string, read: () => Value): Value => {
  try {
    return read();
  } catch (cause) {
    const { message } = PlatformError.from(cause);
    throw new PlatformError(
      "PAYLOAD_UNREADABLE",
      `the value ${scope.namespace}/${key} of ${scope.tenantId} cannot be read: ${message}`,
      {
        cause,
      },
    );
  }
};

/** Throws TOO_LARGE over 1 MiB of JSON. */
export const assertValueSize = (key: string, value: unknown): void => {
  // A character takes at most six bytes of JSON.
  if (!isLargerThan(value, MAX_VALUE_BYTES / 6)) return;
  const bytes = new TextEncoder().encode(JSON.stringify(value)).byteLength;
  if (bytes > MAX_VALUE_BYTES)
    throw new PlatformError("TOO_LARGE", `the value of ${key} has ${bytes} bytes, ${MAX_VALUE_BYTES} are allowed`);
};

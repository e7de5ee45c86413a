/** Encryption keys as they stand in a file or a variable: `NAME:KEY`, the key as 32 bytes in base64; and `sealed-only`. */
import { PlatformError } from "@agentcore/contract";

export interface EncryptionKey {
  /** Stands in the clear in everything that is sealed with it. */
  readonly name: string;
  readonly bytes: Buffer;
}

export interface EncryptionKeys {
  /** The first seals, all of them open. */
  readonly keys: readonly EncryptionKey[];
  /** Whether what lies plain is refused. */
  readonly sealedOnly: boolean;
}

export const NO_KEYS: EncryptionKeys = { keys: [], sealedOnly: false };

const KEY_BYTES = 32;
// No key: it has no colon.
const SEALED_ONLY = "sealed-only";
// Shorter than any key, so that a key in the place of a name is told from one and never repeated.
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const FORM = `expected NAME:KEY, the key as ${KEY_BYTES} bytes in base64, which "openssl rand -base64 ${KEY_BYTES}" makes`;

/** In the order given: the first seals. Throws CONFIG_INVALID, which counts entries and never repeats a key. */
export const parseEncryptionKeys = (entries: readonly string[]): EncryptionKeys => {
  const keys: EncryptionKey[] = [];
  let sealedOnly = false;
  for (const [index, entry] of entries.entries()) {
    if (entry === SEALED_ONLY) {
      sealedOnly = true;
      continue;
    }
    const colon = entry.indexOf(":");
    const name = entry.slice(0, Math.max(0, colon)).trim();
    const isNamed = NAME.test(name);
    const refuse = (why: string): PlatformError =>
      new PlatformError("CONFIG_INVALID", `encryption key ${index + 1}${isNamed ? ` (${name})` : ""}: ${why}`);
    if (!isNamed) throw refuse(`its name has letters, digits and . _ - only, at most 32; ${FORM}`);
    const text = entry.slice(colon + 1).trim();
    const bytes = Buffer.from(text, "base64");
    if (!BASE64.test(text) || bytes.length !== KEY_BYTES) throw refuse(FORM);
    if (keys.some((key) => key.name === name)) throw refuse("another key has this name; what it sealed would not open");
    const same = keys.find((key) => key.bytes.equals(bytes));
    if (same !== undefined) throw refuse(`the same key as ${same.name}; make a new one`);
    keys.push({ name, bytes });
  }
  if (sealedOnly && keys.length === 0)
    throw new PlatformError("CONFIG_INVALID", `encryption keys say ${SEALED_ONLY}, and none is given to seal with`);
  return { keys, sealedOnly };
};

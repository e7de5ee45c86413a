/** Encryption keys as they stand in a file or a variable: `NAME:KEY`, the key as 32 bytes in base64. */
import { PlatformError } from "@agentcore/contract";

export interface EncryptionKey {
  /** Stands in the clear in everything that is sealed with it. */
  readonly name: string;
  readonly bytes: Buffer;
}

const KEY_BYTES = 32;
// Shorter than any key, so that a key in the place of a name is told from one and never repeated.
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const FORM = `expected NAME:KEY, the key as ${KEY_BYTES} bytes in base64, which "openssl rand -base64 ${KEY_BYTES}" makes`;

/** In the order given: the first seals. Throws CONFIG_INVALID, which counts entries and never repeats a key. */
export const parseEncryptionKeys = (entries: readonly string[]): readonly EncryptionKey[] => {
  const keys: EncryptionKey[] = [];
  for (const [index, entry] of entries.entries()) {
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
  return keys;
};

/**
 * The codec of a node: AES-256-GCM under a key of the tenant, derived (HKDF-SHA256) from the one that the operator gave.
 *
 * Sealed is `IV (12 bytes, random) | ciphertext | tag (16 bytes)`; text is that in base64 after the key's name and a
 * colon, bytes are that after the length of the name (a byte) and the name. Tenant and subject are authenticated with it,
 * so what is moved does not open. A tenant's key seals 2³² times before a random IV is likely (1 in 2³²) to repeat:
 * rotate long before that.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from "node:crypto";
import { PlatformError } from "@agentcore/contract";
import type { PayloadCodec, SealScope } from "@agentcore/core/ports";
import type { EncryptionKey, EncryptionKeys } from "./parse-encryption-keys.ts";

const ALGORITHM = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
// Tenants beyond that are derived again.
const MAX_DERIVED = 10_000;
// Asking the system for 12 bytes costs 10 µs, for 12 KB hardly more.
const IVS_AT_ONCE = 1024;

/** Constant for ever: another text derives other keys. */
const purposeOf = (use: "seal" | "name", tenantId: string): string => `agentcore/1/${use}/${tenantId}`;

export const createKeyring = (keys: EncryptionKeys): PayloadCodec => new Keyring(keys);

class Keyring implements PayloadCodec {
  readonly sealedOnly: boolean;
  private readonly keys: ReadonlyMap<string, EncryptionKey>;
  private readonly first: EncryptionKey | undefined;
  /** Handles: making one of the bytes costs ten times what begins a cipher. */
  private readonly derived = new Map<string, KeyObject>();
  private readonly ivs = Buffer.alloc(IVS_AT_ONCE * IV_BYTES);
  private ivAt = this.ivs.length;

  constructor({ keys, sealedOnly }: EncryptionKeys) {
    this.sealedOnly = sealedOnly;
    this.first = keys[0];
    this.keys = new Map(keys.map((key) => [key.name, key]));
  }

  get seals(): boolean {
    return this.first !== undefined;
  }

  seal(scope: SealScope, text: string): string {
    const key = this.sealing();
    return `${key.name}:${this.encrypt(key, scope, text).toString("base64")}`;
  }

  open(scope: SealScope, sealed: string): string {
    const colon = sealed.indexOf(":");
    const key = this.opening(sealed.slice(0, Math.max(0, colon)));
    return this.decrypt(key, scope, Buffer.from(sealed.slice(colon + 1), "base64")).toString("utf8");
  }

  sealBytes(scope: SealScope, bytes: Uint8Array): Uint8Array {
    const key = this.sealing();
    const name = Buffer.from(key.name);
    return Buffer.concat([Buffer.of(name.length), name, this.encrypt(key, scope, bytes)]);
  }

  openBytes(scope: SealScope, sealed: Uint8Array): Uint8Array {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const end = 1 + (bytes[0] ?? 0);
    const key = this.opening(bytes.toString("latin1", 1, end));
    return new Uint8Array(this.decrypt(key, scope, bytes.subarray(end)));
  }

  nameOf(tenantId: string, bytes: Uint8Array): string {
    return this.nameWith(this.first, tenantId, bytes);
  }

  isNameOf(tenantId: string, bytes: Uint8Array, name: string): boolean {
    return [...this.keys.values(), undefined].some((key) => this.nameWith(key, tenantId, bytes) === name);
  }

  private nameWith(key: EncryptionKey | undefined, tenantId: string, bytes: Uint8Array): string {
    if (key === undefined) return createHash("sha256").update(bytes).digest("hex");
    return createHmac("sha256", this.deriveFrom(key, "name", tenantId))
      .update(bytes)
      .digest("hex");
  }

  private sealing(): EncryptionKey {
    if (this.first === undefined) throw new PlatformError("INTERNAL", "there is no key to seal with");
    return this.first;
  }

  private opening(name: string): EncryptionKey {
    const key = this.keys.get(name);
    if (key !== undefined) return key;
    throw new PlatformError(
      "PAYLOAD_UNREADABLE",
      `it is sealed with the encryption key "${name.slice(0, 32)}", which this node does not have; add that key behind the first one and start again`,
      { details: { encryptionKey: name.slice(0, 32) } },
    );
  }

  private encrypt(key: EncryptionKey, scope: SealScope, plain: string | Uint8Array): Buffer {
    const iv = this.nextIv();
    const cipher = createCipheriv(ALGORITHM, this.deriveFrom(key, "seal", scope.tenantId), iv);
    cipher.setAAD(addressOf(scope));
    const sealed = typeof plain === "string" ? cipher.update(plain, "utf8") : cipher.update(plain);
    return Buffer.concat([iv, sealed, cipher.final(), cipher.getAuthTag()]);
  }

  /** Random, each given out once. */
  private nextIv(): Buffer {
    if (this.ivAt >= this.ivs.length) {
      randomFillSync(this.ivs);
      this.ivAt = 0;
    }
    const iv = Buffer.from(this.ivs.subarray(this.ivAt, this.ivAt + IV_BYTES));
    this.ivAt += IV_BYTES;
    return iv;
  }

  private decrypt(key: EncryptionKey, scope: SealScope, sealed: Buffer): Buffer {
    try {
      const iv = sealed.subarray(0, IV_BYTES);
      const tag = sealed.subarray(Math.max(IV_BYTES, sealed.length - TAG_BYTES));
      const decipher = createDecipheriv(ALGORITHM, this.deriveFrom(key, "seal", scope.tenantId), iv, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(addressOf(scope));
      decipher.setAuthTag(tag);
      return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new PlatformError(
        "PAYLOAD_UNREADABLE",
        `it does not open with the encryption key "${key.name}": it was changed or moved, or another key had this name`,
        { cause, details: { encryptionKey: key.name } },
      );
    }
  }

  private deriveFrom(key: EncryptionKey, use: "seal" | "name", tenantId: string): KeyObject {
    const id = `${key.name}/${use}/${tenantId}`;
    const known = this.derived.get(id);
    if (known !== undefined) return known;
    if (this.derived.size >= MAX_DERIVED) this.derived.clear();
    const bytes = Buffer.from(hkdfSync("sha256", key.bytes, "", purposeOf(use, tenantId), KEY_BYTES));
    const made = createSecretKey(bytes);
    this.derived.set(id, made);
    return made;
  }
}

const addressOf = ({ tenantId, subject }: SealScope): Buffer => Buffer.from(JSON.stringify([1, tenantId, subject]));

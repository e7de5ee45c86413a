import { PlatformError } from "@agentcore/contract";
import type { PayloadCodec, SealScope } from "../ports/index.ts";
import { createFnvDigest } from "./test-senses.ts";

/** Seals by writing backwards under the first of `keys`: it hides nothing and behaves in every other way as the real one. */
export const createTestCodec = (
  keys: readonly string[] = ["test"],
  { sealedOnly = false }: { readonly sealedOnly?: boolean } = {},
): PayloadCodec => {
  const [first] = keys;
  const address = ({ tenantId, subject }: SealScope): string => JSON.stringify([tenantId, subject]);
  // By UTF-16 units: turned twice it is what it was.
  const turn = (text: string): string => text.split("").reverse().join("");
  const refuse = (why: string): never => {
    throw new PlatformError("PAYLOAD_UNREADABLE", why);
  };
  const seal = (scope: SealScope, text: string): string => `${first}:${turn(`${address(scope)}\n${text}`)}`;
  const open = (scope: SealScope, sealed: string): string => {
    const key = sealed.slice(0, sealed.indexOf(":"));
    if (!keys.includes(key)) refuse(`sealed with the key "${key}", which is not there`);
    const text = turn(sealed.slice(key.length + 1));
    const [found] = text.split("\n", 1);
    if (found !== address(scope)) refuse("it was changed or moved");
    return text.slice(address(scope).length + 1);
  };
  const numbers = (text: string): Uint8Array => new Uint8Array(text.length).map((_, index) => text.charCodeAt(index));
  const characters = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const { sha256 } = createFnvDigest();
  const nameWith = (key: string | undefined, tenantId: string, bytes: Uint8Array): string =>
    sha256(JSON.stringify([key, tenantId, characters(bytes)]));
  return {
    seals: first !== undefined,
    sealedOnly,
    seal,
    open,
    // One character a byte: scopes of tests are written in ASCII, or at least in Latin.
    sealBytes: (scope, bytes) => numbers(seal(scope, characters(bytes))),
    openBytes: (scope, sealed) => numbers(open(scope, characters(sealed))),
    nameOf: (tenantId, bytes) => nameWith(first, tenantId, bytes),
    isNameOf: (tenantId, bytes, name) => [undefined, ...keys].some((key) => nameWith(key, tenantId, bytes) === name),
  };
};

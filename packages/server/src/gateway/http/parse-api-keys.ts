/** API keys as they stand in a key file or a variable: one entry a line, `KEY role=… tenant=… caller=… scopes=…`. */
import { createHash } from "node:crypto";
import { PlatformError, Scope } from "@agentcore/contract";
import type { ApiKey } from "../deps/credentials.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import { refuseTenantName } from "./tenant-name.ts";

// Shorter ones can be guessed.
const MIN_KEY_LENGTH = 16;
const HASH_PREFIX = "sha256:";
const HASHED = /^sha256:[0-9a-f]{64}$/;
// No colon: `agent:…` names agents and `jwt:…` whom tokens stand for, and no key may pass for one.
export const CALLER = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;
const FIELDS = ["role", "tenant", "caller", "scopes"] as const;
const FORM = `expected "KEY role=operator|caller tenant=NAME caller=NAME scopes=SCOPE,SCOPE", of which only KEY is required`;

/** SHA-256 of a key, in hex: what is kept, and what may stand in a key file instead of the key. */
export const hashOfKey = (key: string): string => createHash("sha256").update(key).digest("hex");

/**
 * Defaults: role caller, tenant default, and a caller's name made from the key, so that it stays the same wherever the
 * entry stands. Throws CONFIG_INVALID, which counts entries and never repeats one.
 */
export const parseApiKeys = (entries: readonly string[]): readonly ApiKey[] => {
  const seen = new Set<string>();
  return entries.map((entry, index) => {
    const refuse = (why: string): PlatformError => new PlatformError("CONFIG_INVALID", `API key ${index + 1}: ${why}`);
    const [key = "", ...words] = entry.trim().split(/\s+/);
    const fields = fieldsOf(words, refuse);
    if (key.startsWith(HASH_PREFIX) && !HASHED.test(key))
      throw refuse("expected 64 lower-case hexadecimal digits after sha256:");
    if (key.length < MIN_KEY_LENGTH) throw refuse(`shorter than ${MIN_KEY_LENGTH} characters; ${FORM}`);
    const keyHash = HASHED.test(key) ? key.slice(HASH_PREFIX.length) : hashOfKey(key);
    if (seen.has(keyHash)) throw refuse("the same key stands there twice; a key has one role");
    seen.add(keyHash);
    const { role = "caller", tenant = DEFAULT_TENANT, caller = `key-${keyHash.slice(0, 8)}` } = fields;
    if (role !== "operator" && role !== "caller") throw refuse("role: expected operator or caller");
    const refused = refuseTenantName(tenant);
    if (refused !== undefined) throw refuse(`tenant: ${refused}`);
    if (!CALLER.test(caller)) throw refuse("caller: expected letters, digits and . _ @ -, at most 128");
    const scopes = fields.scopes?.split(",");
    if (scopes?.every((scope) => Scope.safeParse(scope).success) === false)
      throw refuse("scopes: expected scopes between commas, as in scopes=loan:read,loan:write");
    if (role === "operator" && scopes !== undefined)
      throw refuse(
        "scopes: they limit callers, and an operator passes them all; leave them out, or make it role=caller",
      );
    return { keyHash, tenantId: tenant, caller, role, ...(scopes === undefined ? {} : { scopes }) };
  });
};

const fieldsOf = (
  words: readonly string[],
  refuse: (why: string) => PlatformError,
): Partial<Record<(typeof FIELDS)[number], string>> => {
  const fields: Partial<Record<(typeof FIELDS)[number], string>> = {};
  for (const word of words) {
    const name = FIELDS.find((field) => word.startsWith(`${field}=`));
    if (name === undefined) throw refuse(`something after the key is not a field; ${FORM}`);
    if (fields[name] !== undefined) throw refuse(`${name} stands there twice`);
    fields[name] = word.slice(name.length + 1);
  }
  return fields;
};

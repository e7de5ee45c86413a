import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { hashOfKey, parseApiKeys } from "./parse-api-keys.ts";

const KEY = "0123456789abcdef-secret";

test("an entry carries key, role, tenant and caller; only the hash of the key is kept", () => {
  const keys = parseApiKeys([`${KEY} role=operator tenant=acme caller=ann@acme.test`]);
  expect(keys).toEqual([{ keyHash: hashOfKey(KEY), tenantId: "acme", caller: "ann@acme.test", role: "operator" }]);
});

test("a bare key is a caller of the default tenant, under a name that does not depend on its place", () => {
  const [bare] = parseApiKeys([KEY]);
  expect(bare).toMatchObject({ role: "caller", tenantId: "default", caller: `key-${hashOfKey(KEY).slice(0, 8)}` });
  expect(parseApiKeys(["another-key-of-some-length", KEY])[1]).toEqual(bare);
});

test("a hash stands for its key", () => {
  expect(parseApiKeys([`sha256:${hashOfKey(KEY)} role=operator`])).toEqual(parseApiKeys([`${KEY} role=operator`]));
});

test.each([
  ["a guessable one", "tiny"],
  ["a hash that is none", "sha256:0123456789"],
  ["an unknown role", `${KEY} role=admin`],
  ["a tenant that is no name", `${KEY} tenant=Acme`],
  ["the tenant of the platform", `${KEY} tenant=system`],
  ["a caller that could pass for an agent", `${KEY} caller=agent:x`],
  ["an unknown field", `${KEY} owner=ann`],
  ["an operator with scopes, which would not limit it", `${KEY} role=operator scopes=loan:read`],
  ["a field twice", `${KEY} role=caller role=operator`],
])("%s is refused, and the message repeats nothing of the entry", (_, entry) => {
  const thrown = (() => {
    try {
      return parseApiKeys(["a-first-key-that-is-fine", entry]);
    } catch (error) {
      return error;
    }
  })();
  if (!PlatformError.is(thrown)) throw new Error("it was accepted");
  expect(thrown.code).toBe("CONFIG_INVALID");
  expect(thrown.message).toContain("API key 2");
  expect(thrown.message).not.toContain(entry.slice(0, 12));
});

test("one key with two roles is refused", () => {
  expect(() => parseApiKeys([`${KEY} role=operator`, `sha256:${hashOfKey(KEY)}`])).toThrow("twice");
});

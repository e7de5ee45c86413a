import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readAuthFile } from "./auth-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-auth-"));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (text: string) => {
  const path = join(folder, "auth.yaml");
  await writeFile(path, text);
  return readAuthFile(path);
};

test("issuers and certificates are read, with their defaults", async () => {
  await writeFile(join(folder, "keys.json"), '{"keys":[]}');
  const settings = await read(`
jwt:
  - issuer: https://idp.example.com/
    audience: agentcore
  - issuer: https://other.example.com
    audience: [a, b]
    jwksFile: keys.json
    tenantClaim: org
    callerClaim: email
    scopesClaim: scp
    operatorScope: agentcore.operator
    openIdConnectUrl: https://other.example.com/.well-known/openid-configuration
    oauth2:
      flows:
        clientCredentials: { tokenUrl: https://other.example.com/token, scopes: { "loan:write": Decide loans } }
clientCertificates:
  - { subject: "CN=billing, O=Example", caller: billing, scopes: [a] }
  - { subjectAltName: "URI:spiffe://example.com/ops", caller: ops, role: operator, tenant: acme }
`);
  expect(settings.issuers).toEqual([
    {
      issuer: "https://idp.example.com/",
      audience: ["agentcore"],
      tenantId: "default",
      callerClaim: "sub",
      scopesClaim: "scope",
    },
    expect.objectContaining({ audience: ["a", "b"], jwks: { keys: [] }, tenantClaim: "org", callerClaim: "email" }),
  ]);
  expect(settings.certificates).toEqual([
    { subject: "CN=billing, O=Example", caller: "billing", tenantId: "default", role: "caller", scopes: ["a"] },
    {
      subjectAltName: "URI:spiffe://example.com/ops",
      caller: "ops",
      tenantId: "acme",
      role: "operator",
      scopes: [],
    },
  ]);
});

test("the example in docs/configuration.md is one", async () => {
  const text = await readFile(new URL("../../../../docs/configuration.md", import.meta.url), "utf8");
  const [, example = ""] = /```yaml auth\n([\s\S]*?)```/.exec(text) ?? [];
  const { issuers, certificates } = await read(example);
  expect([issuers.length, certificates.length]).toEqual([1, 1]);
});

const ISSUER = "issuer: https://idp.test, audience: a";

test.each([
  ["nothing", "", "expected"],
  ["an empty object", "{}", "jwt or clientCertificates"],
  ["no YAML", "jwt: [", "auth.yaml"],
  [
    "an operator with scopes",
    "clientCertificates: [{ subject: CN=ops, caller: ops, role: operator, scopes: [a] }]",
    "clientCertificates[0].scopes",
  ],
  ["an unknown member", `jwt: [{ ${ISSUER}, secret: x }]`, "jwt[0]"],
  ["no audience", "jwt: [{ issuer: https://idp.test }]", "jwt[0].audience"],
  ["an issuer that is no address", "jwt: [{ issuer: idp, audience: a }]", "jwt[0].issuer"],
  ["keys of another scheme", `jwt: [{ ${ISSUER}, jwksUrl: "file:///etc/passwd" }]`, "jwt[0].jwksUrl"],
  ["two places of keys", `jwt: [{ ${ISSUER}, jwksUrl: https://a.test, jwksFile: keys.json }]`, "not both"],
  ["a file that is not there", `jwt: [{ ${ISSUER}, jwksFile: nothing.json }]`, "nothing.json"],
  ["two tenants", `jwt: [{ ${ISSUER}, tenant: acme, tenantClaim: org }]`, "not both"],
  ["the platform's tenant", `jwt: [{ ${ISSUER}, tenant: system }]`, "jwt[0].tenant"],
  ["no flow", `jwt: [{ ${ISSUER}, oauth2: { flows: {} } }]`, "clientCredentials"],
  ["one audience twice", `jwt: [{ ${ISSUER}, tenant: acme }, { ${ISSUER}, tenant: default }]`, "twice"],
  ["a certificate of nobody", "clientCertificates: [{ caller: a }]", "one of subject"],
  ["a caller that passes for an agent", 'clientCertificates: [{ subject: CN=a, caller: "agent:a" }]', "caller"],
  ["a subject without names", "clientCertificates: [{ subject: billing, caller: a }]", "clientCertificates[0].subject"],
  ["a subject between slashes", "clientCertificates: [{ subject: /O=a/CN=b, caller: a }]", "expected a whole subject"],
  ["a quote without its end", `clientCertificates: [{ subject: 'O="a, CN=b', caller: a }]`, "for a quote"],
  ["a backslash before a letter", `clientCertificates: [{ subject: 'O=a\\zb', caller: a }]`, "for a backslash"],
  ["an address that is none", 'clientCertificates: [{ subjectAltName: "IP Address:a.b", caller: a }]', "IP Address:…"],
  [
    "a range of addresses",
    'clientCertificates: [{ subjectAltName: "IP Address:10.0.0.0/8", caller: a }]',
    "IP Address",
  ],
  ["a name that Node quotes", 'clientCertificates: [{ subjectAltName: "DNS:bücher.example", caller: a }]', "ASCII"],
  ["a fingerprint that is none", "clientCertificates: [{ fingerprint256: 'ab:cd', caller: a }]", "fingerprint256"],
])("%s is refused, and the message says where", async (_, text, where) => {
  const refused = read(text);
  await expect(refused).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(refused).rejects.toThrow(where);
  const error = await refused.catch((thrown: unknown) => thrown);
  expect(PlatformError.is(error) && error.message).toContain(folder);
});

test("a file that is not there is refused", async () => {
  await expect(readAuthFile(join(folder, "gone.yaml"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

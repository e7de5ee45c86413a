/** The auth file: whose tokens and certificates a node takes, besides API keys. YAML, or JSON, which is YAML too. */
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { PlatformError, parseInput, Scope } from "@agentcore/contract";
import { z } from "zod";
import type { CertificateCaller, TokenCaller } from "../gateway/deps/credentials.ts";
import { DEFAULT_TENANT } from "../gateway/deps/tenants.ts";
import { keyOfAlternativeName, keyOfWrittenSubject } from "../gateway/http/certificate-names.ts";
import { CALLER } from "../gateway/http/parse-api-keys.ts";
import { refuseTenantName } from "../gateway/http/tenant-name.ts";

// Hundreds of issuers.
const MAX_FILE_BYTES = 256 * 1024;
const MAX_ALIASES = 100;
const MAX_ENTRIES = 100;

const Url = z.url({ protocol: /^https?$/, error: "expected an http:// or https:// address" });
const Claim = z.string().min(1).max(256);
const Tenant = z.string().superRefine((name, context) => {
  const refused = refuseTenantName(name);
  if (refused !== undefined) context.addIssue({ code: "custom", message: refused });
});
const FlowScopes = z.record(Scope, z.string());

const OAuth2 = z.strictObject({
  /** RFC 8414. */
  metadataUrl: Url.optional(),
  flows: z
    .strictObject({
      clientCredentials: z.strictObject({ tokenUrl: Url, refreshUrl: Url.optional(), scopes: FlowScopes }).optional(),
      authorizationCode: z
        .strictObject({
          authorizationUrl: Url,
          tokenUrl: Url,
          refreshUrl: Url.optional(),
          scopes: FlowScopes,
          pkceRequired: z.boolean().optional(),
        })
        .optional(),
      deviceCode: z
        .strictObject({
          deviceAuthorizationUrl: Url,
          tokenUrl: Url,
          refreshUrl: Url.optional(),
          scopes: FlowScopes,
        })
        .optional(),
    })
    .refine((flows) => Object.keys(flows).length > 0, {
      error: "expected clientCredentials, authorizationCode or deviceCode",
    }),
});

const Issuer = z
  .strictObject({
    /** As it stands in the tokens, to the letter. */
    issuer: Url,
    audience: z.union([Claim, z.array(Claim).min(1).max(20)], { error: "expected a text, or a list of them" }),
    /** @default found by OpenID Connect discovery */
    jwksUrl: Url.optional(),
    /** A file in its place, relative to this one. */
    jwksFile: z.string().min(1).optional(),
    /** @default "default" */
    tenant: Tenant.optional(),
    /** The claim that names the tenant, in place of `tenant`: its issuer speaks for all tenants. */
    tenantClaim: Claim.optional(),
    /** @default "sub" */
    callerClaim: Claim.optional(),
    /** A text of scopes between spaces, or a list of them. @default "scope" */
    scopesClaim: Claim.optional(),
    /** @default nobody's token makes an operator */
    operatorScope: Scope.optional(),
    /** For cards. */
    openIdConnectUrl: Url.optional(),
    /** For cards. */
    oauth2: OAuth2.optional(),
  })
  .refine((entry) => entry.jwksUrl === undefined || entry.jwksFile === undefined, {
    error: "expected jwksUrl or jwksFile, not both",
    path: ["jwksFile"],
  })
  .refine((entry) => entry.tenant === undefined || entry.tenantClaim === undefined, {
    error: "expected tenant or tenantClaim, not both",
    path: ["tenantClaim"],
  });

const refuseSubject = (text: string, context: z.RefinementCtx): void => {
  try {
    keyOfWrittenSubject(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: PlatformError.from(error).message });
  }
};

const Certificate = z
  .strictObject({
    /** All of it, in any order: `CN=billing, O=Example`. */
    subject: z.string().min(3).max(1024).superRefine(refuseSubject).optional(),
    fingerprint256: z
      .string()
      .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, { error: "expected a SHA-256 of 64 hexadecimal digits" })
      .optional(),
    subjectAltName: z
      .string()
      .refine((name) => keyOfAlternativeName(name) !== undefined, {
        error: `expected DNS:NAME, URI:ADDRESS, email:… or IP Address:…, in ASCII and without commas, quotes or backslashes`,
      })
      .optional(),
    tenant: Tenant.optional(),
    caller: z.string().regex(CALLER, { error: "expected letters, digits and . _ @ -, at most 128" }),
    /** @default "caller" */
    role: z.enum(["operator", "caller"]).optional(),
    scopes: z.array(Scope).max(100).optional(),
  })
  .refine(
    ({ subject, fingerprint256, subjectAltName }) =>
      [subject, fingerprint256, subjectAltName].filter((value) => value !== undefined).length === 1,
    { error: "expected one of subject, fingerprint256, subjectAltName" },
  )
  .refine(({ role, scopes }) => role !== "operator" || scopes === undefined, {
    error: "expected no scopes: they limit callers, and an operator passes them all",
    path: ["scopes"],
  });

const AuthFile = z
  .strictObject({
    jwt: z.array(Issuer).min(1).max(MAX_ENTRIES).optional(),
    clientCertificates: z.array(Certificate).min(1).max(MAX_ENTRIES).optional(),
  })
  .refine((file) => file.jwt !== undefined || file.clientCertificates !== undefined, {
    error: "expected jwt or clientCertificates",
  });

export interface AuthSettings {
  readonly issuers: readonly TokenCaller[];
  readonly certificates: readonly CertificateCaller[];
}

/** Throws CONFIG_INVALID, which names the file and the first field that is wrong. */
export const readAuthFile = async (path: string): Promise<AuthSettings> => {
  try {
    const { jwt = [], clientCertificates = [] } = parseInput(AuthFile, await readYaml(path), path);
    const issuers = await Promise.all(jwt.map((entry) => toIssuer(entry, dirname(path))));
    assertDistinct(issuers);
    return { issuers, certificates: clientCertificates.map(toCertificate) };
  } catch (thrown) {
    const error = PlatformError.from(thrown);
    const { message, violations } = error;
    throw new PlatformError("CONFIG_INVALID", message.startsWith(path) ? message : `${path}: ${message}`, {
      cause: error,
      ...(violations === undefined ? {} : { violations }),
    });
  }
};

const readYaml = async (path: string): Promise<unknown> => {
  // Nodes without such a file do not need it before they are ready.
  const { parseDocument } = await import("yaml");
  const document = parseDocument(await readText(path));
  const [error] = document.errors;
  if (error !== undefined) throw new PlatformError("PARSE_ERROR", error.message.split("\n")[0] ?? "no YAML");
  return document.toJS({ maxAliasCount: MAX_ALIASES });
};

const readText = async (path: string): Promise<string> => {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) throw new PlatformError("TOO_LARGE", `it has ${size} bytes, ${MAX_FILE_BYTES} are read`);
  return readFile(path, "utf8");
};

const toIssuer = async (entry: z.output<typeof Issuer>, folder: string): Promise<TokenCaller> => {
  const { audience, tenant, callerClaim, scopesClaim, jwksFile, ...rest } = entry;
  return {
    ...rest,
    audience: [audience].flat(),
    tenantId: tenant ?? DEFAULT_TENANT,
    callerClaim: callerClaim ?? "sub",
    scopesClaim: scopesClaim ?? "scope",
    ...(jwksFile === undefined ? {} : { jwks: await readJson(resolve(folder, jwksFile)) }),
  };
};

const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readText(path)) as unknown;
  } catch (cause) {
    const why = cause instanceof SyntaxError ? "this is no JSON" : PlatformError.from(cause).message;
    throw new PlatformError("CONFIG_INVALID", `${path}: ${why}`, { cause });
  }
};

/** A token of one issuer for one audience has one meaning. */
const assertDistinct = (issuers: readonly TokenCaller[]): void => {
  const seen = new Set<string>();
  for (const { issuer, audience } of issuers) {
    for (const one of audience) {
      const key = JSON.stringify([issuer, one]);
      if (seen.has(key)) throw new PlatformError("CONFIG_INVALID", `${issuer} stands there twice for audience ${one}`);
      seen.add(key);
    }
  }
};

const toCertificate = ({ tenant, role, scopes, ...rest }: z.output<typeof Certificate>): CertificateCaller => ({
  ...rest,
  tenantId: tenant ?? DEFAULT_TENANT,
  role: role ?? "caller",
  scopes: scopes ?? [],
});

/** Who is asking: by API key, token or client certificate, or the local operator when nothing of it is configured. */
import { createHash, timingSafeEqual } from "node:crypto";
import { PlatformError, type SecurityScheme } from "@agentcore/contract";
import { type CallerScope } from "@agentcore/core/tasks";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import type { ApiKey, Credentials } from "../deps/credentials.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import { createCertificateCallers } from "./certificate-callers.ts";
import { securitySchemes } from "./security-schemes.ts";
import { callerOfToken } from "./token-callers.ts";

const LOCAL: CallerScope = { tenantId: DEFAULT_TENANT, caller: "local", operator: true };

export interface Authenticator {
  /** False when everyone is the local operator. */
  readonly required: boolean;
  /** Ways in for callers of a tenant, by name, for its agents' cards: any one of them will do. */
  schemes(tenantId: string): Readonly<Record<string, SecurityScheme>>;
  /**
   * By what the headers (of gRPC: the metadata) and the connection bring. What a header says counts before the connection's
   * certificate, also when it is refused. Throws UNAUTHENTICATED, and UNAVAILABLE while a token cannot be checked.
   */
  authenticate(headers: Headers, info: ConnectionInfo | undefined): Promise<CallerScope>;
  /**
   * For public pages that show more to a known caller; null without a valid credential. Throws UNAVAILABLE while a token cannot be
   * checked: what strangers are shown may be another tenant's.
   */
  identify(headers: Headers, info: ConnectionInfo | undefined): Promise<CallerScope | null>;
}

/** Without keys and other credentials nobody is asked for any. */
export const createAuthenticator = (
  apiKeys: readonly ApiKey[] = [],
  { tokens, certificates = [] }: Credentials = {},
): Authenticator => {
  if (apiKeys.length === 0 && tokens === undefined && certificates.length === 0) {
    return { required: false, schemes: () => ({}), authenticate: async () => LOCAL, identify: async () => LOCAL };
  }
  const callerOfCertificate = createCertificateCallers(certificates);
  const known = apiKeys.map((key) => ({ digest: Buffer.from(key.keyHash, "hex"), scope: scopeOfKey(key) }));

  const callerOfKey = (presented: string): CallerScope | null => {
    const digest = createHash("sha256").update(presented).digest();
    let found: CallerScope | null = null;
    // Every key is compared, so that the time taken tells nothing about which one matched.
    for (const entry of known) if (timingSafeEqual(entry.digest, digest)) found = entry.scope;
    return found;
  };

  const authenticate = async (headers: Headers, info: ConnectionInfo | undefined): Promise<CallerScope> => {
    const bearer = bearerOf(headers);
    const presented = bearer ?? headers.get("x-api-key");
    if (presented !== null) {
      const caller = callerOfKey(presented);
      if (caller !== null) return caller;
      if (tokens !== undefined && bearer !== null && JWT.test(bearer)) {
        const { issuer, claims } = await tokens.verify(bearer);
        return callerOfToken(issuer, claims);
      }
      throw new PlatformError("UNAUTHENTICATED", "the credential is not one of this node's", {
        ...(bearer === null ? {} : { details: { error: "invalid_token" } }),
      });
    }
    const certificate = info?.clientCertificate;
    if (certificate !== undefined) {
      const caller = callerOfCertificate(certificate);
      if (caller !== null) return caller;
    }
    throw new PlatformError("UNAUTHENTICATED", `send ${waysIn.join(", or ")}`);
  };

  const hasKeys = apiKeys.some(({ isOwn }) => isOwn !== true);
  const waysIn = [
    ...(hasKeys ? ["an API key (`Authorization: Bearer KEY` or `X-API-Key: KEY`)"] : []),
    ...(tokens === undefined ? [] : ["an access token (`Authorization: Bearer TOKEN`)"]),
    ...(certificates.length === 0 ? [] : ["a client certificate that the node knows"]),
  ];

  return {
    required: true,
    schemes: (tenantId) => securitySchemes(tenantId, { hasKeys, issuers: tokens?.issuers ?? [], certificates }),
    authenticate,
    async identify(headers, info) {
      try {
        return await authenticate(headers, info);
      } catch (error) {
        if (PlatformError.is(error) && error.code === "UNAUTHENTICATED") return null;
        throw error;
      }
    },
  };
};

const scopeOfKey = ({ tenantId, caller, role, scopes = [] }: ApiKey): CallerScope =>
  role === "operator" ? { tenantId, caller, operator: true } : { tenantId, caller, permissions: scopes };

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const bearerOf = (headers: Headers): string | null => {
  const authorization = headers.get("authorization");
  return authorization === null ? null : (/^bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? null);
};

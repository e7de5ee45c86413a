/** Who is asking: API keys, or the local operator when no key is configured. */
import { createHash, timingSafeEqual } from "node:crypto";
import { PlatformError, type SecurityScheme } from "@agentcore/contract";
import { type CallerScope } from "@agentcore/core/tasks";
import { type ApiKey, type ConnectionInfo, DEFAULT_TENANT } from "../deps.ts";

const LOCAL: CallerScope = { tenantId: DEFAULT_TENANT, caller: "local", operator: true };

const API_KEY_SCHEMES: Readonly<Record<string, SecurityScheme>> = {
  bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } },
  apiKey: { apiKeySecurityScheme: { location: "header", name: "X-API-Key" } },
};

export interface Authenticator {
  /** False when everyone is the local operator. */
  readonly required: boolean;
  /** Ways in for callers of a tenant, by name, for its agents' cards: any one of them will do. */
  schemes(tenantId: string): Readonly<Record<string, SecurityScheme>>;
  /** By what the headers (of gRPC: the metadata) and the connection bring. Throws UNAUTHENTICATED. */
  authenticate(headers: Headers, info: ConnectionInfo | undefined): Promise<CallerScope>;
  /** For public pages that show more to a known caller; null without a valid credential. */
  identify(headers: Headers, info: ConnectionInfo | undefined): Promise<CallerScope | null>;
}

export const createAuthenticator = (apiKeys: readonly ApiKey[] | undefined): Authenticator => {
  if (apiKeys === undefined || apiKeys.length === 0) {
    return { required: false, schemes: () => ({}), authenticate: async () => LOCAL, identify: async () => LOCAL };
  }
  const known = apiKeys.map(({ keyHash, tenantId, caller, role }) => {
    const scope: CallerScope = { tenantId, caller, operator: role === "operator" };
    return { digest: Buffer.from(keyHash, "hex"), scope };
  });
  const identify = async (headers: Headers): Promise<CallerScope | null> => {
    const presented = credentialOf(headers);
    if (presented === null) return null;
    const digest = createHash("sha256").update(presented).digest();
    let found: CallerScope | null = null;
    // Every key is compared, so that the time taken tells nothing about which one matched.
    for (const entry of known) if (timingSafeEqual(entry.digest, digest)) found = entry.scope;
    return found;
  };
  return {
    required: true,
    schemes: () => API_KEY_SCHEMES,
    identify,
    async authenticate(headers) {
      const scope = await identify(headers);
      if (scope !== null) return scope;
      throw new PlatformError("UNAUTHENTICATED", "send an API key: `Authorization: Bearer KEY` or `X-API-Key: KEY`");
    },
  };
};

const credentialOf = (headers: Headers): string | null => {
  const authorization = headers.get("authorization");
  if (authorization !== null) {
    const match = /^bearer +(\S+)$/i.exec(authorization.trim());
    if (match?.[1] !== undefined) return match[1];
  }
  return headers.get("x-api-key");
};

/** What a card says about how to authenticate: just what the authenticator takes. */
import type { SecurityScheme } from "@agentcore/contract";
import type { CertificateCaller, TokenCaller } from "../deps/credentials.ts";

interface WaysIn {
  readonly hasKeys: boolean;
  readonly issuers: readonly TokenCaller[];
  readonly certificates: readonly CertificateCaller[];
}

/** For callers of one tenant; where none of the ways leads into it, all of the node's are told. */
export const securitySchemes = (tenantId: string, ways: WaysIn): Readonly<Record<string, SecurityScheme>> => {
  const issuers = ways.issuers.filter((issuer) => issuer.tenantClaim !== undefined || issuer.tenantId === tenantId);
  const certificates = ways.certificates.filter((entry) => entry.tenantId === tenantId);
  const own = toSchemes({ hasKeys: ways.hasKeys, issuers, certificates });
  return Object.keys(own).length > 0 ? own : toSchemes(ways);
};

const toSchemes = ({ hasKeys, issuers, certificates }: WaysIn): Record<string, SecurityScheme> => {
  const schemes: Record<string, SecurityScheme> = {};
  if (hasKeys) {
    schemes.bearer = { httpAuthSecurityScheme: { scheme: "Bearer" } };
    schemes.apiKey = { apiKeySecurityScheme: { location: "header", name: "X-API-Key" } };
  }
  if (issuers.length > 0) {
    const description = `Access token of ${[...new Set(issuers.map(({ issuer }) => issuer))].join(" or ")}`;
    schemes.jwt = { httpAuthSecurityScheme: { scheme: "Bearer", bearerFormat: "JWT", description } };
  }
  const add = (name: string, scheme: SecurityScheme): void => {
    // Of a second issuer: oauth2ClientCredentials2.
    let free = name;
    for (let number = 2; Object.hasOwn(schemes, free); number += 1) free = `${name}${number}`;
    schemes[free] = scheme;
  };
  for (const { openIdConnectUrl, oauth2 } of issuers) {
    if (openIdConnectUrl !== undefined) add("openIdConnect", { openIdConnectSecurityScheme: { openIdConnectUrl } });
    // A scheme has one flow.
    for (const [flow, value] of Object.entries(oauth2?.flows ?? {})) {
      if (value === undefined) continue;
      const metadata = oauth2?.metadataUrl === undefined ? {} : { oauth2MetadataUrl: oauth2.metadataUrl };
      const name = `oauth2${flow.charAt(0).toUpperCase()}${flow.slice(1)}`;
      add(name, { oauth2SecurityScheme: { flows: { [flow]: value }, ...metadata } });
    }
  }
  if (certificates.length > 0) schemes.clientCertificate = { mtlsSecurityScheme: {} };
  return schemes;
};

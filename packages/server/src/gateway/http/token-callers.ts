/** From the claims of a token that was verified to who calls. */
import { createHash } from "node:crypto";
import { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";
import type { TokenCaller } from "../deps/credentials.ts";
import { refuseTenantName } from "./tenant-name.ts";

const MAX_NAME_LENGTH = 255;

/** Throws UNAUTHENTICATED when a claim that has to be there is not, or cannot stand for what it should. */
export const callerOfToken = (entry: TokenCaller, claims: Readonly<Record<string, unknown>>): CallerScope => {
  const scopes = scopesOf(claims[entry.scopesClaim]);
  const who = { tenantId: tenantOf(entry, claims), caller: nameOf(entry, claims[entry.callerClaim]) };
  return entry.operatorScope !== undefined && scopes.includes(entry.operatorScope)
    ? { ...who, operator: true }
    : { ...who, permissions: scopes };
};

/** A text of scopes between spaces (RFC 8693, 4.2), or a list of them. */
const scopesOf = (claim: unknown): readonly string[] => {
  if (typeof claim === "string") return claim.split(" ").filter((scope) => scope !== "");
  return Array.isArray(claim) ? claim.filter((scope) => typeof scope === "string") : [];
};

const tenantOf = ({ tenantId, tenantClaim }: TokenCaller, claims: Readonly<Record<string, unknown>>): string => {
  if (tenantClaim === undefined) return tenantId;
  const tenant = claims[tenantClaim];
  if (typeof tenant === "string" && refuseTenantName(tenant) === undefined) return tenant;
  throw refuse(tenantClaim, "names no tenant");
};

/**
 * `jwt:ISSUER/NAME`: no API key's caller has a colon, `agent:` is another prefix, and two issuers, or two claims of one, never share a
 * name.
 */
const nameOf = ({ issuer, callerClaim }: TokenCaller, claim: unknown): string => {
  if (typeof claim !== "string" || claim === "" || !claim.isWellFormed()) throw refuse(callerClaim, "names nobody");
  const name = encodeURIComponent(claim);
  if (name.length > MAX_NAME_LENGTH) throw refuse(callerClaim, `is over ${MAX_NAME_LENGTH} characters`);
  const source = createHash("sha256")
    .update(JSON.stringify([issuer, callerClaim]))
    .digest("hex");
  return `jwt:${source.slice(0, 16)}/${name}`;
};

const refuse = (claim: string, why: string): PlatformError =>
  new PlatformError("UNAUTHENTICATED", `the bearer token is refused: its claim ${claim} ${why}`, {
    details: { error: "invalid_token" },
  });

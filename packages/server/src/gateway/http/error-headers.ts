import { PlatformError } from "@agentcore/contract";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import type { ExtraHeaders } from "./responses.ts";

/** Retry-After and WWW-Authenticate, where they belong. */
export const errorHeaders = (error: PlatformError): ExtraHeaders | undefined => {
  const challenge = challengeOf(error);
  if (challenge !== undefined) return { "www-authenticate": `Bearer realm="agentcore"${challenge}` };
  if (error.retryAfterMs !== undefined)
    return { "retry-after": String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) };
  return undefined;
};

/** Source: RFC 6750, 3. */
const challengeOf = ({ code, details }: PlatformError): string | undefined => {
  if (code === "UNAUTHENTICATED") return details?.error === "invalid_token" ? ', error="invalid_token"' : "";
  if (code === "PERMISSION_DENIED" && details?.error === "insufficient_scope")
    return `, error="insufficient_scope", scope="${String(details.scope)}"`;
  return undefined;
};

/**
 * Any thrown value as what a caller may see. Of a defect that is an id only: its text may hold anything. The rest
 * goes to `onError` under the same id.
 */
export const publicError = (thrown: unknown, onError: GatewayDeps["onError"]): PlatformError => {
  if (PlatformError.is(thrown) && thrown.code !== "INTERNAL") return thrown;
  const errorId = crypto.randomUUID();
  onError?.(thrown, errorId);
  return new PlatformError("INTERNAL", `internal error ${errorId}`, { details: { errorId } });
};

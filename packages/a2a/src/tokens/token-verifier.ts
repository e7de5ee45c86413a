/** Checks access tokens that others issue: JWTs (RFC 7519), by the keys their issuers publish. */
import { PlatformError } from "@agentcore/contract/errors";
import { type CryptoKey, decodeJwt, errors, type JWSHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import { fetchJson, RemoteKeySet, toKeySet } from "../keys/remote-key-set.ts";
import { SIGNATURE_ALGORITHMS } from "../keys/signature-algorithms.ts";

export interface TokenIssuer {
  /** What stands in `iss`, to the letter. */
  readonly issuer: string;
  /** Of these `aud` must name one. */
  readonly audience: readonly string[];
  /** Where its keys are. @default what its OpenID Connect discovery document says */
  readonly jwksUrl?: string | undefined;
  /** The keys themselves, in place of `jwksUrl`. */
  readonly jwks?: unknown;
}

export interface VerifiedToken<Issuer extends TokenIssuer> {
  readonly issuer: Issuer;
  readonly claims: Readonly<JWTPayload>;
}

export interface TokenVerifier<Issuer extends TokenIssuer> {
  /** Throws UNAUTHENTICATED, of which nothing repeats the token, and UNAVAILABLE while the issuer's keys cannot be had. */
  verify(token: string): Promise<VerifiedToken<Issuer>>;
}

export interface TokenVerifierOptions {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970, for what tokens say of their time. */
  readonly now: () => number;
  /** Milliseconds, of which only differences mean anything, for the age of keys. */
  readonly monotonic: () => number;
  /** An issuer's keys could not be fetched. */
  readonly onTrouble?: ((issuer: string, error: unknown) => void) | undefined;
}

// Clocks of two machines.
const LEEWAY_SECONDS = 30;

// Source: RFC 8725, 3.11 and RFC 9068, 4. The same keys sign others: a logout token is no access token.
const TOKEN_TYPE = /^(application\/)?(at\+)?jwt$/i;

const isTokenType = (typ: unknown): boolean => typ === undefined || (typeof typ === "string" && TOKEN_TYPE.test(typ));

type FindKey = (header: JWSHeaderParameters) => Promise<CryptoKey>;

/** Throws INVALID_ARGUMENT for an issuer's `jwks` that is none. */
export const createTokenVerifier = <Issuer extends TokenIssuer>(
  issuers: readonly Issuer[],
  { fetch, now, monotonic, onTrouble }: TokenVerifierOptions,
): TokenVerifier<Issuer> => {
  // Entries of one issuer, for several audiences, share its keys.
  const remote = new Map<string, RemoteKeySet>();
  const keysOf = ({ issuer, jwksUrl, jwks }: Issuer): FindKey => {
    if (jwks !== undefined) return toKeySet(jwks);
    const name = `${issuer} ${jwksUrl ?? ""}`;
    const locate = async () => jwksUrl ?? discover(issuer, fetch);
    const onFailure = (error: unknown) => onTrouble?.(issuer, error);
    const keys = remote.get(name) ?? new RemoteKeySet(locate, { fetch, monotonic, onFailure });
    remote.set(name, keys);
    return (header) => keys.find(header);
  };
  const known = issuers.map((issuer) => ({ issuer, find: keysOf(issuer) }));

  return {
    async verify(token) {
      const stated = statedClaims(token);
      const ofIssuer = known.filter(({ issuer }) => issuer.issuer === stated.iss);
      if (ofIssuer.length === 0) throw invalidToken("its issuer is not one of this node's");
      const audiences = [stated.aud ?? []].flat();
      const entry = ofIssuer.find(({ issuer }) => issuer.audience.some((name) => audiences.includes(name)));
      if (entry === undefined) throw invalidToken("it was not issued for this node (aud)");
      const { issuer, find } = entry;
      const { payload, protectedHeader } = await jwtVerify(token, find, {
        algorithms: [...SIGNATURE_ALGORITHMS],
        issuer: issuer.issuer,
        audience: [...issuer.audience],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(now()),
        requiredClaims: ["exp"],
      }).catch((error: unknown) => {
        throw refusalOf(error);
      });
      if (!isTokenType(protectedHeader.typ)) throw invalidToken("it is of another type than access tokens (typ)");
      return { issuer, claims: payload };
    },
  };
};

const statedClaims = (token: string): JWTPayload => {
  try {
    return decodeJwt(token);
  } catch {
    throw invalidToken("it is no JWT");
  }
};

const refusalOf = (error: unknown): PlatformError => {
  // No key to check with is no verdict on the token.
  if (PlatformError.is(error))
    return new PlatformError("UNAVAILABLE", "the keys of the token's issuer cannot be fetched now", {
      cause: error,
      retryAfterMs: error.retryAfterMs,
    });
  if (error instanceof errors.JWTExpired) return invalidToken("it has expired");
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalidToken(error.claim === "nbf" ? "it is not valid yet" : `its claim ${error.claim} will not do`);
  if (error instanceof errors.JOSEAlgNotAllowed) return invalidToken("its algorithm is not one that is taken");
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return invalidToken("it names no key of its issuer");
  return invalidToken("its signature does not fit");
};

const invalidToken = (why: string): PlatformError =>
  new PlatformError("UNAUTHENTICATED", `the bearer token is refused: ${why}`, { details: { error: "invalid_token" } });

/** Source: OpenID Connect Discovery 1.0, 4. */
const discover = async (issuer: string, fetcher: typeof fetch): Promise<string> => {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = ((await fetchJson(url, fetcher)) ?? {}) as {
    readonly issuer?: unknown;
    readonly jwks_uri?: unknown;
  };
  if (document.issuer !== issuer) throw new PlatformError("UPSTREAM_FAILED", `${url} is of another issuer`);
  if (typeof document.jwks_uri !== "string") throw new PlatformError("UPSTREAM_FAILED", `${url} names no jwks_uri`);
  return document.jwks_uri;
};

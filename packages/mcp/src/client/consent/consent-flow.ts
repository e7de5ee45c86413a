/**
 * Consent as MCP's authorisation has it: the authorisation code of OAuth 2.1 with PKCE, by the protocol's own SDK. A person is sent to the address that
 * `beginConsent` gives, and comes back with a code, which `finishConsent` makes tokens of; between the two may lie days, another node and a restart.
 */
import { PlatformError } from "@agentcore/contract";
import {
  auth,
  computeScopeUnion,
  exchangeAuthorization,
  type FetchLike,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokens,
  refreshAuthorization,
} from "@modelcontextprotocol/client";
import type { ConsentKeeper, KeptConsent, RegisteredClient } from "./consent-keeper.ts";
import type { WantedConsent } from "./wants-consent.ts";

export interface ConsentTerms {
  /** In words, for errors. */
  readonly what: string;
  /** Of the server. */
  readonly url: string;
  /** As which the node is known already; null: it registers itself (RFC 7591), or is known by `clientMetadataUrl`. */
  readonly client: { readonly id: string; readonly secret?: string | undefined } | null;
  /** The only authorisation server that will do. @default the one that the server names */
  readonly issuer?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Where the person comes back to. */
  readonly redirectUrl: string;
  /** Of a document that says what the node is; on https only. @default none */
  readonly clientMetadataUrl?: string | undefined;
  readonly fetch: FetchLike;
}

/** JSON; secret. */
export interface BegunConsent {
  readonly verifier: string;
  readonly discovery: OAuthDiscoveryState;
  readonly resource?: string | undefined;
  /** As which the node sent the person there: by now it may be registered otherwise. Absent where the manifest names it. */
  readonly client?: RegisteredClient | undefined;
}

const CLIENT_NAME = "AgentCore";

/** The document under `clientMetadataUrl` (RFC 7591's members), and what the node registers with. */
export const clientMetadata = (redirectUrl: string, hasSecret: boolean) => ({
  client_name: CLIENT_NAME,
  redirect_uris: [redirectUrl],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: hasSecret ? "client_secret_basic" : "none",
});

/**
 * Where the person is to go, and what has to be kept until they come back. `isAnew`: registers again, where an authorisation server has forgotten the node. Throws
 * CONFIG_INVALID (another issuer), UPSTREAM_FAILED.
 */
export const beginConsent = async (
  terms: ConsentTerms,
  keeper: ConsentKeeper,
  { state, wanted, isAnew }: { readonly state: string; readonly wanted: WantedConsent; readonly isAnew: boolean },
): Promise<BegunConsent & { readonly authorizationUrl: string }> => {
  const seen: {
    url?: URL;
    verifier?: string;
    discovery?: OAuthDiscoveryState;
    resource?: string;
    client?: RegisteredClient;
  } = {};
  // What was granted before would else be lost with the tokens that it came with.
  const before = await keeper.kept();
  const scope = computeScopeUnion(before?.scope, terms.scopes?.join(" "), wanted.scopes?.join(" "));
  await asUpstream(terms.what, () =>
    auth(
      {
        ...providerOf(terms, keeper, isAnew, (client) => void (seen.client = client)),
        state: () => state,
        tokens: () => undefined,
        saveTokens: never,
        redirectToAuthorization: (url) => void (seen.url = url),
        saveCodeVerifier: (verifier) => void (seen.verifier = verifier),
        codeVerifier: never,
        saveDiscoveryState: (discovery) => void (seen.discovery = discovery),
        discoveryState: () => undefined,
        saveResourceUrl: (resource) => void (seen.resource = resource),
      },
      {
        serverUrl: terms.url,
        fetchFn: terms.fetch,
        ...(scope === undefined ? {} : { scope }),
        ...(wanted.resourceMetadataUrl === undefined
          ? {}
          : { resourceMetadataUrl: new URL(wanted.resourceMetadataUrl) }),
        forceReauthorization: true,
      },
    ),
  );
  const { url, verifier, discovery, resource, client } = seen;
  if (url === undefined || verifier === undefined || discovery === undefined)
    throw new PlatformError("UPSTREAM_FAILED", `${terms.what} names nowhere to consent at`, { retryable: false });
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new PlatformError("UPSTREAM_FAILED", `${terms.what} names no web page to consent at, but ${url.protocol}`, {
      retryable: false,
    });
  return {
    ...{ authorizationUrl: url.href, verifier, discovery },
    ...(resource === undefined ? {} : { resource }),
    ...(client === undefined ? {} : { client }),
  };
};

/** Sends the code once. `iss`: as the person brought it (RFC 9207). Throws UNAUTHENTICATED (the code is not taken), CONFIG_INVALID (another issuer), UPSTREAM_FAILED. */
export const finishConsent = async (
  terms: ConsentTerms,
  { verifier, discovery, resource, client }: BegunConsent,
  { code, iss }: { readonly code: string; readonly iss?: string | undefined },
): Promise<KeptConsent> => {
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = discovery;
  const issuer = metadata?.issuer ?? authorizationServerUrl;
  assertIssuer(terms, issuer);
  const clientInformation = ownClient(terms) ?? client;
  if (clientInformation === undefined)
    throw new PlatformError("CONFLICT", `${terms.what} names no client any more; open the link once more`);
  const secrets = [code, verifier, clientInformation.client_secret];
  const exchanging = () =>
    exchangeAuthorization(authorizationServerUrl, {
      ...{ clientInformation, authorizationCode: code, codeVerifier: verifier, redirectUri: terms.redirectUrl },
      ...{ fetchFn: terms.fetch, ...(iss === undefined ? {} : { iss }) },
      ...(metadata === undefined ? {} : { metadata }),
      ...(resource === undefined ? {} : { resource }),
    });
  const tokens = await asUpstream(terms.what, exchanging, secrets);
  return keptOf(tokens, {
    ...{ issuer, discovery },
    ...(resource === undefined ? {} : { resource }),
    ...(terms.client !== null || client === undefined ? {} : { client }),
  });
};

/** Null: the consent is not good for another token. Throws UPSTREAM_FAILED, which says nothing of the consent. */
export const renewConsent = async (
  terms: ConsentTerms,
  keeper: ConsentKeeper,
  { refreshToken, from, scope }: KeptConsent,
): Promise<KeptConsent | null> => {
  if (refreshToken === undefined || from === undefined) return null;
  assertIssuer(terms, from.issuer);
  const clientInformation = ownClient(terms) ?? from.client;
  if (clientInformation === undefined) return null;
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = from.discovery;
  const failed = (error: unknown): PlatformError =>
    upstream(terms.what, error, [refreshToken, clientInformation.client_secret]);
  try {
    const tokens = await refreshAuthorization(authorizationServerUrl, {
      ...{ clientInformation, refreshToken, fetchFn: terms.fetch },
      ...(metadata === undefined ? {} : { metadata }),
      ...(from.resource === undefined ? {} : { resource: from.resource }),
    });
    return { scope, ...keptOf(tokens, from) };
  } catch (error) {
    // In whatever words: some servers have their own for a refresh token that is no good.
    if (!(error instanceof OAuthError) || PASSING.has(error.code)) throw failed(error);
    const isForgotten = error.code === OAuthErrorCode.InvalidClient || error.code === OAuthErrorCode.UnauthorizedClient;
    // People's consent does not mend a client that the manifest names.
    if (isForgotten && terms.client !== null) throw failed(error);
    if (isForgotten && (await keeper.client(from.issuer))?.client_id === clientInformation.client_id)
      await keeper.keepClient(from.issuer, null);
    return null;
  }
};

const keptOf = ({ access_token, refresh_token, scope }: OAuthTokens, from: KeptConsent["from"]): KeptConsent => ({
  accessToken: access_token,
  ...(refresh_token === undefined ? {} : { refreshToken: refresh_token }),
  ...(scope === undefined ? {} : { scope }),
  from,
});

type Own = "redirectUrl" | "clientMetadata" | "clientMetadataUrl" | "clientInformation" | "saveClientInformation";

/** `onClient`: as which the node is sent, the last that it hears of; not of the manifest's own. */
const providerOf = (
  terms: ConsentTerms,
  keeper: ConsentKeeper,
  isAnew: boolean,
  onClient: (client: RegisteredClient) => void,
): Pick<OAuthClientProvider, Own> => {
  const { redirectUrl, clientMetadataUrl } = terms;
  const own = ownClient(terms);
  return {
    redirectUrl,
    clientMetadata: clientMetadata(redirectUrl, own?.client_secret !== undefined),
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
    // Before anything secret leaves.
    clientInformation: async (context) => {
      const issuer = context?.issuer ?? "";
      assertIssuer(terms, issuer);
      if (own !== null) return own;
      const client = isAnew ? null : await keeper.client(issuer);
      if (client === null || hasExpired(client)) return undefined;
      onClient(client);
      return client;
    },
    ...(own === null
      ? {
          saveClientInformation: (client, context) => {
            onClient(client);
            return keeper.keepClient(context?.issuer ?? "", client);
          },
        }
      : {}),
  };
};

const ownClient = ({ client }: ConsentTerms): RegisteredClient | null =>
  client === null
    ? null
    : { client_id: client.id, ...(client.secret === undefined ? {} : { client_secret: client.secret }) };

/** Of a registration; 0: never. */
const hasExpired = (client: RegisteredClient): boolean => {
  const { client_secret_expires_at: at } = client as { readonly client_secret_expires_at?: number };
  return at !== undefined && at !== 0 && at * 1000 <= Date.now();
};

const assertIssuer = ({ what, issuer: named }: ConsentTerms, issuer: string): void => {
  if (named === undefined || withoutSlash(named) === withoutSlash(issuer)) return;
  throw new PlatformError(
    "CONFIG_INVALID",
    `${what} says that its tokens come from ${issuer}; the manifest names the issuer ${named}`,
  );
};

const withoutSlash = (url: string): string => url.replace(/\/$/, "");

type Secrets = readonly (string | undefined)[];

const asUpstream = async <T>(what: string, work: () => Promise<T>, secrets: Secrets = []): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw PlatformError.is(error) ? error : upstream(what, error, secrets);
  }
};

const PASSING: ReadonlySet<string> = new Set([
  OAuthErrorCode.ServerError,
  OAuthErrorCode.TemporarilyUnavailable,
  OAuthErrorCode.TooManyRequests,
]);

/** Said by the authorisation server, or on the way to it: words that come into logs, and may repeat what it was sent. */
const upstream = (what: string, cause: unknown, secrets: Secrets): PlatformError => {
  for (let each = cause; each instanceof Error; each = each.cause) if (PlatformError.is(each)) return each;
  const said = cause instanceof Error ? cause.message : String(cause);
  const words = secrets
    .reduce<string>((text, secret) => (secret ? text.replaceAll(secret, "***") : text), said)
    .slice(0, 1000);
  return cause instanceof OAuthError && !PASSING.has(cause.code)
    ? new PlatformError("UNAUTHENTICATED", `the authorisation server of ${what} refuses: ${words}`, { cause })
    : new PlatformError("UPSTREAM_FAILED", `the authorisation server of ${what}: ${words}`, { cause, retryable: true });
};

const never = (): never => {
  throw new TypeError("not in this part of the flow");
};

/** What a call to a remote agent is authorised with. Values are read on every call, so that they may change while the node runs. */
import { PlatformError, type RemoteAgent } from "@agentcore/contract";
import { z } from "zod";

type Environment = Readonly<Record<string, string | undefined>>;

export interface RemoteCredentials {
  /** Throws CONFIG_INVALID when a variable is not set, UPSTREAM_FAILED or UNAUTHENTICATED when there is no token to be had. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** True when others can be had in place of the `authorization` that was refused: a token that was thought to be good yet. */
  renew(authorization: string | null): boolean;
}

// A token is taken for used up so long before it is, for the way to the agent and clocks that differ.
const EXPIRY_MARGIN_MS = 30_000;
const DEFAULT_EXPIRY_SECONDS = 300;
const TOKEN_TIMEOUT_MS = 10_000;

const TokenAnswer = z.object({
  access_token: z.string().min(1).max(16_384),
  expires_in: z.coerce.number().positive().max(86_400).catch(DEFAULT_EXPIRY_SECONDS),
});

export const createRemoteCredentials = (options: {
  readonly agent: string;
  readonly remote: RemoteAgent;
  /** Where the card says that tokens are, when credentials may go there. */
  readonly tokenUrl: () => string | undefined;
  readonly env: Environment;
  readonly fetch: typeof fetch;
  readonly clock: { monotonic(): number };
}): RemoteCredentials => {
  const { agent, remote, env, clock } = options;
  const { auth } = remote;
  const read = (variable: string): string => {
    const value = env[variable];
    if (value) return value;
    throw new PlatformError("CONFIG_INVALID", `agent "${agent}" has no credential: set ${variable}`);
  };
  let token: { readonly value: Promise<string>; until: number; header: string | null } | null = null;

  const fetchToken = async (entry: { until: number; header: string | null }): Promise<string> => {
    if (auth === undefined || !("oauth2" in auth)) throw new TypeError("no OAuth");
    const { clientId, clientIdEnv, clientSecretEnv, scopes } = auth.oauth2;
    const tokenUrl = auth.oauth2.tokenUrl ?? options.tokenUrl();
    if (tokenUrl === undefined)
      throw new PlatformError(
        "CONFIG_INVALID",
        `agent "${agent}" has no place to get a token from: set spec.remote.auth.oauth2.tokenUrl`,
      );
    const { host } = new URL(tokenUrl);
    const id = clientId ?? read(clientIdEnv ?? "");
    // RFC 6749, 2.3.1: each part form-encoded before they are put together.
    const basic = Buffer.from([id, read(clientSecretEnv)].map(encodeURIComponent).join(":")).toString("base64");
    let response: Response;
    try {
      response = await options.fetch(tokenUrl, {
        method: "POST",
        headers: {
          authorization: `Basic ${basic}`,
          "content-type": "application/x-www-form-urlencoded",
          accept: "application/json",
        },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          ...(scopes === undefined ? {} : { scope: scopes.join(" ") }),
        }).toString(),
        signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
      });
    } catch (cause) {
      if (PlatformError.is(cause)) throw cause;
      throw new PlatformError("UPSTREAM_FAILED", `${host} gives no token: it cannot be reached`, {
        retryable: true,
        cause,
      });
    }
    // What it says is left out: it may repeat the secret.
    const answer = TokenAnswer.safeParse(await response.json().catch(() => null));
    if (!response.ok || !answer.success) {
      const isTransient = response.status === 429 || response.status >= 500;
      throw new PlatformError(
        isTransient ? "UPSTREAM_FAILED" : "UNAUTHENTICATED",
        `${host} gives no token for agent "${agent}" (${response.status})`,
        { retryable: isTransient },
      );
    }
    entry.until = clock.monotonic() + answer.data.expires_in * 1000 - EXPIRY_MARGIN_MS;
    entry.header = bearer(answer.data.access_token);
    return answer.data.access_token;
  };

  /** One at a time, however many calls need it. */
  const currentToken = (): Promise<string> => {
    if (token !== null && clock.monotonic() < token.until) return token.value;
    const entry = { until: Number.POSITIVE_INFINITY, header: null };
    const value = fetchToken(entry);
    const fresh = Object.assign(entry, { value });
    token = fresh;
    value.catch(() => {
      if (token === fresh) token = null;
    });
    return value;
  };

  const authorization = async (): Promise<Readonly<Record<string, string>>> => {
    if (auth === undefined) return {};
    if ("bearerEnv" in auth) return { authorization: bearer(read(auth.bearerEnv)) };
    if ("apiKeyEnv" in auth) return { [auth.header.toLowerCase()]: read(auth.apiKeyEnv) };
    return { authorization: bearer(await currentToken()) };
  };

  return {
    async headers() {
      const own = Object.entries(remote.headers ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        typeof value === "string" ? value : read(value.env),
      ]);
      return { ...Object.fromEntries(own), ...(await authorization()) };
    },
    renew(authorization) {
      if (auth === undefined || !("oauth2" in auth)) return false;
      // Another call may have been refused the same, and renewed it.
      if (token?.header === authorization) token = null;
      return true;
    },
  };
};

const bearer = (token: string): string => `Bearer ${token}`;

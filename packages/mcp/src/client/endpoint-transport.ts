/** A server at an address, by streamable HTTP over the guarded fetch: judged where it is connected to. */
import type { McpEndpoint } from "@agentcore/contract";
import { createGuardedFetch, type GuardedFetch, type OutboundPolicy } from "@agentcore/outbound";
import { ClientCredentialsProvider, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { ConsentedRequests } from "./consent/consented-requests.ts";
import { openOAuthFetch } from "./consent/oauth-fetch.ts";

/** Values of variables, read when they are needed. Throws CONFIG_INVALID for one that is not set. */
export type ReadVariable = (name: string) => string;

export interface EndpointTransport {
  readonly transport: StreamableHTTPClientTransport;
  /** Closes its connections. */
  close(): void;
}

// A stream of an older server, by which it tells what has changed, is open as long as the connection.
const MAX_STREAM_BYTES = 1024 * 1024 * 1024;

/** `consent`: sends what a person's consent brought; absent where none is asked for. */
export const openEndpoint = (
  { url, auth, headers = {} }: McpEndpoint,
  policy: OutboundPolicy,
  read: ReadVariable,
  consent?: ConsentedRequests,
): EndpointTransport => {
  const { origin } = new URL(url);
  const guarded: GuardedFetch = createGuardedFetch({
    ...policy,
    keepsConnections: true,
    maxAnswerBytes: MAX_STREAM_BYTES,
  });
  // Where it says that tokens come from.
  const foreign = openOAuthFetch(url, auth !== undefined && "oauth2" in auth ? auth.oauth2.issuer : undefined, policy);
  /** What the manifest names goes to the server alone, and not where it says that tokens come from. */
  const own = (): readonly (readonly [string, string])[] => [
    ...Object.entries(headers).map(
      ([name, value]) => [name, typeof value === "string" ? value : read(value.env)] as const,
    ),
    ...(auth === undefined || "oauth2" in auth || "authorizationCode" in auth
      ? []
      : "bearerEnv" in auth
        ? [["authorization", `Bearer ${read(auth.bearerEnv)}`] as const]
        : [[auth.header, read(auth.apiKeyEnv)] as const]),
  ];
  const send = async (input: string | URL, init?: RequestInit): Promise<Response> => {
    const target = new URL(input);
    const sent = new Headers(init?.headers);
    if (target.origin !== origin) return foreign.fetch(target, { ...init, headers: Object.fromEntries(sent) });
    for (const [name, value] of own()) sent.set(name, value);
    // An answer of its own, so that a body that is never read takes no connection from the next.
    const response = await guarded(target, { ...init, headers: Object.fromEntries(sent) });
    consent?.onAnswer(sent, response);
    return response;
  };
  return {
    transport: new StreamableHTTPClientTransport(new URL(url), {
      fetch: send,
      ...(auth !== undefined && "oauth2" in auth ? { authProvider: providerOf(auth.oauth2, read) } : {}),
      ...(consent === undefined ? {} : { authProvider: consent.provider }),
      // Here nobody is there who could consent to more: it is for whoever called to ask.
      onInsufficientScope: "throw",
    }),
    close() {
      guarded.close();
      foreign.close();
    },
  };
};

type OAuth = Extract<NonNullable<McpEndpoint["auth"]>, { readonly oauth2: unknown }>["oauth2"];

const providerOf = ({ clientId, clientIdEnv, clientSecretEnv, issuer, scopes }: OAuth, read: ReadVariable) =>
  new ClientCredentialsProvider({
    clientId: clientId ?? read(clientIdEnv ?? ""),
    clientSecret: read(clientSecretEnv),
    clientName: "AgentCore",
    expectedIssuer: issuer,
    ...(scopes === undefined ? {} : { scope: scopes.join(" ") }),
  });

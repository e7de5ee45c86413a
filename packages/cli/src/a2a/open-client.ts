/** A client of the agent behind an address, by the first of its interfaces that the options allow. */
import type { A2AClient } from "@agentcore/a2a/client";
import type { Invocation } from "../command.ts";
import { readAddress, readChoice, readCredentialOrigins, readCredentials } from "./server-options.ts";

interface ClientOptions {
  readonly binding: string | undefined;
  readonly version: string | undefined;
  readonly "bearer-env": string | undefined;
  readonly "api-key-env": string | undefined;
  readonly "credential-origin": readonly string[];
}

/**
 * The user chose the address, so it may be a private one; redirects are not followed, and credentials go
 * unencrypted to such a one only, and nowhere but to its origin and those of the options.
 */
export const openClient = async (
  url: string,
  options: ClientOptions,
  { environment, signal }: Pick<Invocation, "environment" | "signal">,
): Promise<A2AClient> => {
  const address = readAddress(url);
  const credentials = readCredentials(options, environment);
  const origins = [new URL(address).origin, ...readCredentialOrigins(options)];
  const { BINDINGS, chooseInterface, createA2AClient, fetchCard, PROTOCOL_VERSIONS, RESUMABLE_STREAMS } = await import(
    "@agentcore/a2a/client"
  );
  const binding = readChoice("--binding", options.binding, BINDINGS);
  const version = readChoice("--version", options.version, PROTOCOL_VERSIONS);
  const { createGuardedFetch, createGuardedLookup } = await import("@agentcore/outbound");
  const { credentialHeaders, hasCredentials, originOf } = await import("@agentcore/a2a/verify");
  const sendsSecret = hasCredentials(credentials);
  const policy = { allowLoopback: true, allowPrivate: true, sendsSecret, option: "" };
  const guarded = createGuardedFetch(policy);
  const { card } = await fetchCard({ url: address, fetch: guarded, signal });
  if (card === null) throw new TypeError("a card that was asked for without an ETag cannot be unchanged");
  const chosen = chooseInterface(card, {
    ...(binding === undefined ? {} : { bindings: [binding] }),
    ...(version === undefined ? {} : { versions: [version] }),
    refuse({ url }) {
      const origin = originOf(url);
      if (origin === undefined) return "expected an http:// or https:// address";
      return !sendsSecret || origins.includes(origin)
        ? undefined
        : `credentials go to ${origins.join(", ")} only; if they may go there too, add --credential-origin ${origin}`;
    },
  });
  const headers = credentialHeaders(card.raw, credentials);
  const lookup = createGuardedLookup(policy);
  return createA2AClient({
    ...{ interface: chosen, fetch: guarded, lookup, headers: async () => headers },
    extensions: card.extensions.includes(RESUMABLE_STREAMS) ? [RESUMABLE_STREAMS] : [],
  });
};

/** A client of the agent behind an address, by the first of its interfaces that the options allow. */
import type { A2AClient } from "@agentcore/a2a/client";
import type { Invocation } from "../command.ts";
import { readAddress, readChoice, readCredentials } from "./server-options.ts";

interface ClientOptions {
  readonly binding: string | undefined;
  readonly version: string | undefined;
  readonly "bearer-env": string | undefined;
  readonly "api-key-env": string | undefined;
}

/** The user chose the address, so it may be a private one; redirects are not followed, and credentials go unencrypted to such a one only. */
export const openClient = async (
  url: string,
  options: ClientOptions,
  { environment, signal }: Pick<Invocation, "environment" | "signal">,
): Promise<A2AClient> => {
  const address = readAddress(url);
  const credentials = readCredentials(options, environment);
  const { BINDINGS, chooseInterface, createA2AClient, fetchCard, PROTOCOL_VERSIONS } = await import(
    "@agentcore/a2a/client"
  );
  const binding = readChoice("--binding", options.binding, BINDINGS);
  const version = readChoice("--version", options.version, PROTOCOL_VERSIONS);
  const { createGuardedFetch, createGuardedLookup } = await import("@agentcore/outbound");
  const sendsSecret = credentials.bearer !== undefined || credentials.apiKey !== undefined;
  const policy = { allowLoopback: true, allowPrivate: true, sendsSecret, option: "" };
  const guarded = createGuardedFetch(policy);
  const { card } = await fetchCard({ url: address, fetch: guarded, signal });
  if (card === null) throw new TypeError("a card that was asked for without an ETag cannot be unchanged");
  const chosen = chooseInterface(card, {
    ...(binding === undefined ? {} : { bindings: [binding] }),
    ...(version === undefined ? {} : { versions: [version] }),
  });
  const { credentialHeaders } = await import("@agentcore/a2a/verify");
  const headers = credentialHeaders(card.raw, credentials);
  const lookup = createGuardedLookup(policy);
  return createA2AClient({ interface: chosen, fetch: guarded, lookup, headers: async () => headers });
};

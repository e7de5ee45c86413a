/** Where calls to a remote agent may go, and its credentials with them. A card may point anywhere. */
import type { RemoteAgent } from "@agentcore/contract";
import { type OutboundPolicy, refuseUrl } from "@agentcore/outbound";

export const hasCredentials = ({ auth, headers }: RemoteAgent): boolean =>
  auth !== undefined || Object.values(headers ?? {}).some((value) => typeof value !== "string");

/**
 * This machine may always be called, as with models: agents that run beside the node are the usual case, and private networks
 * only where the operator says so.
 */
export const remotePolicy = (remote: RemoteAgent, allowPrivate: boolean): OutboundPolicy => ({
  allowLoopback: true,
  allowPrivate,
  sendsSecret: hasCredentials(remote),
  option: "--allow-private-agents",
});

/** Whether credentials may go there: to the origin that the manifest names for the card, and those it lists. */
export const mayHaveCredentials = ({ card, auth }: RemoteAgent, url: URL): boolean =>
  url.origin === new URL(card).origin || (auth?.origins ?? []).some((origin) => new URL(origin).origin === url.origin);

/** As far as the address tells; a name is judged again when it is called. Undefined lets it pass. */
export const refuseRemoteUrl = (remote: RemoteAgent, address: string, allowPrivate: boolean): string | undefined => {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    return "expected an http:// or https:// address";
  if (url.username !== "" || url.password !== "") return "expected no user or password in the address";
  const refused = refuseUrl(url, remotePolicy(remote, allowPrivate));
  if (refused !== undefined) return refused;
  if (hasCredentials(remote) && !mayHaveCredentials(remote, url))
    return `credentials go to the card's origin only; list ${url.origin} in spec.remote.auth.origins to send them there`;
  return undefined;
};

/** What the card of a remote agent comes to on this node: the way to call it, or why it may not be called. */
import type { A2AClient, ForeignCard } from "@agentcore/a2a/client";
import { PlatformError, type RemoteAgent } from "@agentcore/contract";
import type { GuardedLookup } from "@agentcore/outbound";
import type { RemoteConnection } from "./remote-calls.ts";
import type { RemoteCredentials } from "./remote-credentials.ts";
import { refuseRemoteUrl } from "./remote-policy.ts";
import { type CardRules, verifyCard } from "./verify-card.ts";

/** By what a remote agent is reached. */
export interface RemoteReach {
  readonly remote: RemoteAgent;
  readonly credentials: RemoteCredentials;
  readonly fetch: typeof fetch;
  readonly streamFetch: typeof fetch;
  readonly lookup: GuardedLookup;
}

export interface CardReading {
  readonly card: ForeignCard | null;
  /** Null: it cannot be used, and `error` says why. */
  readonly connection: RemoteConnection | null;
  readonly error: PlatformError | null;
}

/** Does not throw: what keeps a card from being used is a part of what it has come to. `last`: the card that was there before. */
export const readCard = async (
  reach: RemoteReach,
  raw: Readonly<Record<string, unknown>>,
  last: ForeignCard | null,
  rules: CardRules,
): Promise<CardReading> => {
  const { remote } = reach;
  let card: ForeignCard | null = null;
  try {
    const { readForeignCard, chooseInterface, createA2AClient, RESUMABLE_STREAMS } = await import(
      "@agentcore/a2a/client"
    );
    card = readForeignCard(await verifyCard(remote, raw, rules), remote.card);
    const { versions, bindings, tenant, timeoutMs } = remote;
    const chosen = chooseInterface(card, {
      versions,
      bindings,
      refuse: ({ url }) => refuseRemoteUrl(remote, url, rules.allowPrivate),
    });
    const isResumable = card.extensions.includes(RESUMABLE_STREAMS);
    const client: A2AClient = createA2AClient({
      interface: tenant === undefined ? chosen : { ...chosen, tenant },
      fetch: reach.fetch,
      streamFetch: reach.streamFetch,
      lookup: reach.lookup,
      headers: () => reach.credentials.headers(),
      renew: ({ authorization = null }) => reach.credentials.renew(authorization),
      extensions: isResumable ? [RESUMABLE_STREAMS] : [],
      timeoutMs,
    });
    // The extension asks for that too.
    return { card, connection: { client, streaming: card.streaming, deduplicates: isResumable }, error: null };
  } catch (thrown) {
    const error = PlatformError.from(thrown);
    // What cannot be judged now is no reason to forget the last one.
    return { card: card ?? (error.retryable ? last : null), connection: null, error };
  }
};

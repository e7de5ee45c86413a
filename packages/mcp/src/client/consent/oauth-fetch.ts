/** `fetch` for what OAuth asks of others, at addresses that a server chose: within bounds of time and size, and where it may go. */
import { createNamedFetch, type OutboundPolicy } from "@agentcore/outbound";
import type { FetchLike } from "@modelcontextprotocol/client";

// Of metadata, registrations and tokens: the metadata is kept beside the tokens of each person.
const MAX_ANSWER_BYTES = 128 * 1024;
const TIMEOUT_MS = 15_000;

/** The server and `issuer` are named by the manifest, and may be where its policy lets them be; all others are public. */
export const openOAuthFetch = (
  serverUrl: string,
  issuer: string | undefined,
  { allowPrivate, option }: Pick<OutboundPolicy, "allowPrivate" | "option">,
): { readonly fetch: FetchLike; close(): void } => {
  const named = [serverUrl, ...(issuer === undefined ? [] : [issuer])];
  const guarded = createNamedFetch({
    named: named.map((url) => ({ origin: new URL(url).origin, sendsSecret: true })),
    ...{ allowPrivate, option },
  });
  return {
    fetch: (url, init = {}) => {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const signal = init.signal == null ? timeout : AbortSignal.any([init.signal, timeout]);
      return guarded(url, { ...init, signal }, { maxAnswerBytes: MAX_ANSWER_BYTES });
    },
    close: () => guarded.close(),
  };
};

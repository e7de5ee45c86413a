import { PlatformError, type RemoteAgent } from "@agentcore/contract";
import type { Clock } from "@agentcore/core/ports";
import { createGuardedFetch, type Lookup } from "@agentcore/outbound";
import { z } from "zod";
import { remotePolicy } from "./remote-policy.ts";

/** What this node holds cards of others against. */
export interface CardRules {
  readonly allowPrivate: boolean;
  readonly lookup?: Lookup | undefined;
  readonly clock: Clock;
}

const MAX_KEY_BYTES = 256 * 1024;
const KEYS_TIMEOUT_MS = 10_000;

/** The card as far as its signature covers it. Throws INVALID_AGENT_RESPONSE; UPSTREAM_FAILED when keys cannot be had now. */
export const verifyCard = async (
  remote: RemoteAgent,
  raw: Readonly<Record<string, unknown>>,
  { allowPrivate, lookup, clock }: CardRules,
): Promise<unknown> => {
  const { signature } = remote;
  if (signature === undefined || (signature.required === false && raw["signatures"] === undefined)) return raw;
  const { createCardVerifier } = await import("@agentcore/a2a/cards");
  const policy = { ...remotePolicy(remote, allowPrivate), sendsSecret: false, lookup };
  const keyFetch = createGuardedFetch({ ...policy, maxAnswerBytes: MAX_KEY_BYTES });
  const { jwksUrl, jkuHosts } = signature;
  const trust = [signature.jwks, jwksUrl === undefined ? undefined : await fetchKeys(jwksUrl, keyFetch)];
  const keys = trust.flatMap((set) => (set === undefined ? [] : set.keys));
  const verifier = createCardVerifier({
    ...{ jkuHosts, fetch: keyFetch, monotonic: () => clock.monotonic() },
    ...(keys.length === 0 ? {} : { jwks: { keys } }),
  });
  return (await verifier.verify(raw)).card;
};

const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(100) });

const fetchKeys = async (url: string, keyFetch: typeof fetch): Promise<z.output<typeof KeySet>> => {
  const { host } = new URL(url);
  const withoutKeys = (why: string, cause?: unknown): PlatformError =>
    new PlatformError("UPSTREAM_FAILED", `${host} gives no keys to check the card's signature with${why}`, {
      retryable: true,
      cause,
    });
  try {
    const response = await keyFetch(url, { signal: AbortSignal.timeout(KEYS_TIMEOUT_MS) });
    if (response.ok) return KeySet.parse(await response.json());
    await response.body?.cancel();
    throw withoutKeys(`: HTTP status ${response.status}; expected a JWK set with a status of 2xx`);
  } catch (cause) {
    throw PlatformError.is(cause) ? cause : withoutKeys("", cause);
  }
};

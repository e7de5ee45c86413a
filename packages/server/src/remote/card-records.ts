/**
 * Cards of remote agents as the nodes that share a store have them. One node at a time asks the agent's host, and not more often
 * than a record says; the others read what it found.
 */
import type { FetchedCard } from "@agentcore/a2a/client";
import { PlatformError, type RemoteAgent, type SerializedError } from "@agentcore/contract";
import type { Clock, KeyValue } from "@agentcore/core/ports";
import { digestId } from "../digest-id.ts";

/** As it stands in the store. */
export interface CardRecord {
  /** Not asked again before: milliseconds since 1970. */
  readonly until: number;
  readonly checkedAt: number;
  /** Checks in a row that failed. */
  readonly failures: number;
  /** Why the last check failed. */
  readonly error?: SerializedError | undefined;
  /** The last card there was, where it was found, and its ETag. */
  readonly card?: Readonly<Record<string, unknown>> | undefined;
  readonly url?: string | undefined;
  readonly etag?: string | undefined;
}

export interface CardIntervals {
  /** Milliseconds between two checks of an agent that answers; a card's max-age may make it longer, up to `maxMs`. */
  readonly minMs: number;
  readonly maxMs: number;
  /** After a failed check; doubles with each, up to `minMs` times four. */
  readonly retryMs: number;
}

export const CARD_INTERVALS: CardIntervals = { minMs: 30_000, maxMs: 300_000, retryMs: 5_000 };

// As JSON in UTF-8. With what else a record says it fits into what a store keeps under one key (1 MiB).
const MAX_CARD_BYTES = 896 * 1024;
// Of why a check failed: it stands beside the card.
const MAX_REASON_LENGTH = 1_000;
// Longer than a fetch may take: then the node that asks has died.
const CLAIM_MS = 30_000;
// Of agents that nobody asks for any more.
const RECORD_TTL_MS = 7 * 24 * 3_600_000;

/** Agents that name the same remote agent in the same way share what is known of it. */
export const recordKey = (remote: RemoteAgent): string => digestId(JSON.stringify(remote));

export const createCardRecords = (options: {
  readonly keyValue: KeyValue;
  readonly clock: Clock;
  readonly intervals: CardIntervals;
}) => {
  const { keyValue, clock, intervals } = options;
  const scopeOf = (tenantId: string) => ({ tenantId, namespace: "remote-cards" });

  const after = (before: CardRecord | undefined, found: FetchedCard): CardRecord => {
    if (found.card !== null) assertRoom(found.card.raw, found.url);
    const now = clock.now();
    const good = Math.min(Math.max(found.maxAgeMs ?? 0, intervals.minMs), intervals.maxMs);
    return {
      until: now + good,
      checkedAt: now,
      failures: 0,
      card: found.card?.raw ?? before?.card,
      url: found.url,
      etag: found.etag,
    };
  };

  const afterFailure = (before: CardRecord | undefined, thrown: unknown): CardRecord => {
    const now = clock.now();
    const failures = (before?.failures ?? 0) + 1;
    const wait = Math.min(intervals.retryMs * 2 ** Math.min(failures - 1, 10), intervals.minMs * 4);
    const { code, message } = PlatformError.from(thrown);
    return {
      ...before,
      until: now + wait,
      checkedAt: now,
      failures,
      error: { code, message: message.slice(0, MAX_REASON_LENGTH) },
    };
  };

  const longestMs = Math.max(intervals.maxMs, intervals.minMs * 4, CLAIM_MS);

  return {
    /**
     * The record as it is, checked with `ask` when it is due and no other node is at it. Null: another node asks for the first
     * time.
     */
    async current(
      tenantId: string,
      remote: RemoteAgent,
      ask: (known: CardRecord | undefined) => Promise<FetchedCard>,
    ): Promise<CardRecord | null> {
      const key = recordKey(remote);
      const stored = await keyValue.get(scopeOf(tenantId), key);
      const before = stored?.value as CardRecord | undefined;
      const now = clock.now();
      // Further ahead than any wait is: the clock that wrote it was set back since.
      if (before !== undefined && before.until > now && before.until <= now + longestMs) return known(before);
      const claim = { checkedAt: 0, failures: 0, ...before, until: now + CLAIM_MS };
      const version = await keyValue.put(scopeOf(tenantId), key, claim, {
        expectedVersion: stored?.version ?? 0,
        ttlMs: RECORD_TTL_MS,
      });
      if (version === null) return known((await keyValue.get(scopeOf(tenantId), key))?.value as CardRecord | undefined);
      const next = await ask(before)
        .then((found) => after(before, found))
        .catch((thrown: unknown) => afterFailure(before, thrown));
      await keyValue.put(scopeOf(tenantId), key, next, { expectedVersion: version, ttlMs: RECORD_TTL_MS });
      return next;
    },
  };
};

/** A claim for the first card says nothing yet. */
const known = (record: CardRecord | undefined): CardRecord | null =>
  record === undefined || (record.card === undefined && record.error === undefined) ? null : record;

/** Throws TOO_LARGE. A card may take more than it came in: numbers and bytes that are no UTF-8 are written otherwise. */
const assertRoom = (raw: Readonly<Record<string, unknown>>, url: string): void => {
  const bytes = Buffer.byteLength(JSON.stringify(raw));
  if (bytes > MAX_CARD_BYTES)
    throw new PlatformError(
      "TOO_LARGE",
      `the card at ${url} takes ${bytes} bytes to keep, ${MAX_CARD_BYTES} are allowed; whoever offers the agent may leave out what it does not need`,
    );
};

/** Agents of other platforms as this node knows them: their cards, whether they answer, and the way to call them. */
import type { ForeignCard } from "@agentcore/a2a/client";
import { type AgentManifest, PlatformError, type RemoteAgent } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { Clock, KeyValue, Logger, Timer } from "@agentcore/core/ports";
import { createGuardedFetch, createGuardedLookup, type Lookup } from "@agentcore/outbound";
import { agent } from "@agentcore/sdk";
import { CARD_INTERVALS, type CardRecord, createCardRecords, recordKey } from "./card-records.ts";
import { type CardReading, type RemoteReach, readCard } from "./read-card.ts";
import type { RemoteConnection } from "./remote-calls.ts";
import { createRemoteCredentials } from "./remote-credentials.ts";
import { hasCredentials, mayHaveCredentials, remotePolicy } from "./remote-policy.ts";
import { createRemoteRun } from "./remote-run.ts";

/** `unreachable`: its card, or what its signature is checked with, cannot be had now. `refused`: there is a card, and it may not be used. */
export type RemoteState = "unknown" | "ready" | "unreachable" | "refused";

export interface RemoteStatus {
  readonly state: RemoteState;
  /** In words, unless it is ready. */
  readonly reason?: string | undefined;
  /** The last one, also of an agent that does not answer now. */
  readonly card: ForeignCard | null;
}

export interface RemoteAgents {
  /**
   * An agent whose `run` calls the remote one. With `ask` its card is asked for first, for as long as that may take; an agent that
   * cannot be reached is one all the same.
   */
  define(tenantId: string, manifest: AgentManifest, options: { readonly ask: boolean }): Promise<AgentDefinition>;
  status(tenantId: string, remote: RemoteAgent): RemoteStatus;
  /** Checks it now and then, and tells when its status changes. In place of what was watched under the name before. */
  watch(tenantId: string, name: string, remote: RemoteAgent, changed: (status: RemoteStatus) => void): void;
  unwatch(tenantId: string, name: string): void;
  /** Ends checks and calls that are under way. */
  close(): void;
}

interface Entry extends RemoteReach {
  readonly tenantId: string;
  readonly name: string;
  record: CardRecord | null;
  /** The record is to be judged again at `at`, by the monotonic clock: what that takes could not be had, `failures` times in a row. */
  again: { readonly at: number; readonly failures: number } | null;
  status: RemoteStatus;
  error: PlatformError | null;
  connection: RemoteConnection | null;
  checking: Promise<void> | null;
  /** The last check came to no end, which is told once. */
  isFailing: boolean;
  /** Looked at again then, by the monotonic clock. */
  until: number;
}

interface Watch {
  readonly entry: Entry;
  readonly changed: (status: RemoteStatus) => void;
}

// A record is read that often, and the agent asked when it is due.
const LOOK_MS = 5_000;
const TICK_MS = 1_000;
// As with cards that cannot be had.
const FIRST_JUDGED_AGAIN_MS = CARD_INTERVALS.retryMs;
const MAX_JUDGED_AGAIN_MS = CARD_INTERVALS.minMs * 4;
const MAX_CHECKS = 16;
// An apply waits for a card no longer than a person does.
const APPLY_TIMEOUT_MS = 5_000;
const CARD_TIMEOUT_MS = 10_000;
// Of manifests that were replaced and whose tasks still run.
const MAX_ENTRIES = 10_000;

export const createRemoteAgents = (options: {
  readonly keyValue: KeyValue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly allowPrivate: boolean;
  readonly lookup?: Lookup | undefined;
}): RemoteAgents => {
  const { clock, logger, allowPrivate } = options;
  const records = createCardRecords({ ...options, intervals: CARD_INTERVALS });
  const entries = new Map<string, Entry>();
  const watches = new Map<string, Watch>();
  const closing = new AbortController();
  let checks = 0;

  const entryOf = (tenantId: string, name: string, remote: RemoteAgent): Entry => {
    const key = `${tenantId}/${recordKey(remote)}`;
    const known = entries.get(key);
    if (known !== undefined) return known;
    const policy = { ...remotePolicy(remote, allowPrivate), lookup: options.lookup };
    const guarded = createGuardedFetch(policy);
    const entry: Entry = {
      ...{ tenantId, name, remote },
      credentials: createRemoteCredentials({
        ...{ agent: name, remote, env: options.env, fetch: guarded, clock },
        tokenUrl: () => tokenUrlOf(remote, entry.status.card),
      }),
      fetch: guarded,
      // Its events are bounded one by one, and a stream may go on for days.
      streamFetch: createGuardedFetch({ ...policy, maxAnswerBytes: Number.MAX_SAFE_INTEGER }),
      lookup: createGuardedLookup(policy),
      record: null,
      again: null,
      status: { state: "unknown", reason: "its card was not asked for yet", card: null },
      error: null,
      connection: null,
      checking: null,
      isFailing: false,
      until: 0,
    };
    if (entries.size >= MAX_ENTRIES) forgetOne();
    entries.set(key, entry);
    return entry;
  };

  const forgetOne = (): void => {
    const watched = new Set([...watches.values()].map(({ entry }) => entry));
    for (const [key, entry] of entries) if (!watched.has(entry)) return void entries.delete(key);
  };

  /** A public card first: credentials only where it is not given without. */
  const askForCard = async (entry: Entry, known: CardRecord | undefined, timeoutMs: number) => {
    const { fetchCard } = await import("@agentcore/a2a/client");
    // Where it was found, until it is not there any more.
    const isThere = known?.card !== undefined && known.url !== undefined && known.failures === 0;
    const ask = (headers: Readonly<Record<string, string>>) =>
      fetchCard({
        url: isThere ? known.url : entry.remote.card,
        fetch: entry.fetch,
        headers,
        etag: isThere ? known.etag : undefined,
        timeoutMs,
        signal: closing.signal,
      });
    try {
      return await ask({});
    } catch (error) {
      const isRefused =
        PlatformError.is(error) && (error.code === "UNAUTHENTICATED" || error.code === "PERMISSION_DENIED");
      if (!isRefused || !hasCredentials(entry.remote)) throw error;
      return ask(await entry.credentials.headers());
    }
  };

  /**
   * What a record means here: whether a card may be used is each node's own to judge. Until that is judged, which may take as long as a
   * fetch, the agent is what it was: calls under way need its card.
   */
  const adopt = async (entry: Entry, record: CardRecord): Promise<void> => {
    const isDue = entry.again !== null && clock.monotonic() >= entry.again.at;
    if (entry.record?.checkedAt === record.checkedAt && !isDue) return;
    const isSameCard =
      entry.record?.card !== undefined && JSON.stringify(entry.record.card) === JSON.stringify(record.card);
    const before = entry.status;
    const isKnown = record.card === undefined || (isSameCard && entry.connection !== null);
    const read: CardReading = isKnown
      ? { card: before.card, connection: entry.connection, error: entry.error }
      : await readCard(entry, record.card, before.card, { allowPrivate, lookup: options.lookup, clock });
    const { card, connection } = read;
    // Of an agent that has a card, calls find out for themselves whether it answers.
    const isWithout = record.error !== undefined && record.card === undefined;
    const cardError = isWithout ? PlatformError.fromJSON(record.error) : read.error;
    const isUnusable = connection === null && record.card !== undefined;
    const error = isUnusable ? cardError : record.error;
    const isForNow = isUnusable && cardError?.retryable === true;
    entry.record = record;
    entry.again = isForNow ? judgedAgain(entry.again?.failures ?? 0) : null;
    entry.connection = connection;
    entry.error = cardError;
    entry.status =
      error == null
        ? { state: "ready", card }
        : {
            state: (isUnusable && !isForNow) || error.code === "CONFIG_INVALID" ? "refused" : "unreachable",
            reason: error.message,
            card,
          };
    if (before.state !== entry.status.state) tellOf(entry);
    if (before.state === entry.status.state && isSameCard) return;
    for (const watch of watches.values()) if (watch.entry === entry) watch.changed(entry.status);
  };

  const judgedAgain = (failures: number) => ({
    at: clock.monotonic() + Math.min(FIRST_JUDGED_AGAIN_MS * 2 ** failures, MAX_JUDGED_AGAIN_MS),
    failures: failures + 1,
  });

  const tellOf = ({ name, tenantId, status: { state, reason } }: Entry): void =>
    logger.log(
      state === "ready" ? "info" : "warn",
      `remote agent ${name} is ${state}${reason === undefined ? "" : `: ${reason}`}`,
      { tenantId, agent: name },
    );

  const tellOfFailure = ({ name, tenantId }: Entry, error: unknown): void =>
    logger.log(
      "warn",
      `remote agent ${name} could not be checked, and is tried again: ${PlatformError.from(error).message}`,
      { tenantId, agent: name },
    );

  const check = (entry: Entry, timeoutMs = CARD_TIMEOUT_MS): Promise<void> => {
    entry.checking ??= (async () => {
      try {
        const record = await records.current(entry.tenantId, entry.remote, (known) =>
          askForCard(entry, known, timeoutMs),
        );
        if (record !== null) await adopt(entry, record);
      } finally {
        entry.until = clock.monotonic() + LOOK_MS;
        entry.checking = null;
      }
    })();
    return entry.checking;
  };

  const connect = async (entry: Entry): Promise<RemoteConnection> => {
    if (entry.connection === null) await check(entry);
    if (entry.connection !== null) return entry.connection;
    throw (
      entry.error ??
      new PlatformError("UPSTREAM_FAILED", `the card of agent "${entry.name}" is not there yet`, { retryable: true })
    );
  };

  const tick = (): void => {
    const now = clock.monotonic();
    for (const { entry } of watches.values()) {
      if (entry.until > now || entry.checking !== null) continue;
      if (checks >= MAX_CHECKS) return;
      checks += 1;
      check(entry)
        // The store is away, for one: looked at again with the next turn.
        .then(
          () => {
            entry.isFailing = false;
          },
          (error: unknown) => {
            if (!entry.isFailing) tellOfFailure(entry, error);
            entry.isFailing = true;
          },
        )
        .finally(() => {
          checks -= 1;
        });
    }
  };
  let timer: Timer;
  const tickOn = (): void => {
    timer = clock.after(TICK_MS, () => {
      tickOn();
      tick();
    });
  };
  tickOn();

  return {
    async define(tenantId, manifest, { ask }) {
      const { metadata, spec } = manifest;
      const { name } = metadata;
      const { remote } = spec;
      if (remote === undefined) throw new PlatformError("INTERNAL", `agent ${name} is not remote`);
      const entry = entryOf(tenantId, name, remote);
      if (ask) await check(entry, APPLY_TIMEOUT_MS);
      const { card } = entry.status;
      const skills = spec.skills ?? card?.skills ?? [];
      return agent({
        name,
        description: spec.description ?? (card?.description || `Remote agent at ${new URL(remote.card).host}`),
        ...(card?.version ? { version: card.version } : {}),
        ...(skills.length === 0 ? {} : { skills }),
        run: createRemoteRun({
          agent: name,
          connect: () => connect(entry),
          closing: closing.signal,
          clock,
        }),
      }) as AgentDefinition;
    },
    status: (tenantId, remote) =>
      entries.get(`${tenantId}/${recordKey(remote)}`)?.status ?? {
        state: "unknown",
        reason: "its card was not asked for yet",
        card: null,
      },
    watch(tenantId, name, remote, changed) {
      watches.set(`${tenantId}/${name}`, { entry: entryOf(tenantId, name, remote), changed });
    },
    unwatch: (tenantId, name) => void watches.delete(`${tenantId}/${name}`),
    close() {
      timer.cancel();
      closing.abort(new PlatformError("UNAVAILABLE", "the node closes"));
      watches.clear();
    },
  };
};

/** Of the card, when it may be told the secret. */
const tokenUrlOf = (remote: RemoteAgent, card: ForeignCard | null): string | undefined => {
  const url = card?.tokenUrl;
  return url !== undefined && URL.canParse(url) && mayHaveCredentials(remote, new URL(url)) ? url : undefined;
};

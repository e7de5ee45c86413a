/**
 * One message of a feed. In this order, so that nothing is acknowledged before it is durable (I5):
 *
 *   message --> replies --> match --> id --> known? --> rate --> task, under the id as its key --> id and position, kept --> acknowledged
 *
 * - W1 A message makes one task, whose log and event are one: the key that it is submitted under is unique in the store. The remembered id only outlives
 *   the task. Who dies in between is told it again, or not, as the service does; what is told again is found.
 * - W2 While the store, or the platform, takes nothing the message waits, and the connection is not read: what cannot be now is tried again until it
 *   can be, or the feed ends.
 */
import type { Feed, FeedMessage } from "@agentcore/agents";
import { memberAt, PlatformError } from "@agentcore/contract";
import { matchesMessage } from "@agentcore/contract/web-socket";
import type { RateLimiter } from "@agentcore/core/governance";
import type { KeyValue, Senses } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import { messageText, messageValue } from "@agentcore/outbound/conversation";
import type { FeedPositions } from "./feed-positions.ts";
import { filledReply } from "./filled-reply.ts";
import { pause } from "./pause.ts";

export interface TakeServices {
  readonly tasks: Pick<TaskService, "submit">;
  readonly keyValue: KeyValue;
  readonly positions: Pick<FeedPositions, "put">;
  readonly limiter: Pick<RateLimiter, "take">;
  readonly senses: Pick<Senses, "clock" | "digest" | "ids" | "logger">;
}

export interface TakenFrom {
  readonly tenantId: string;
  readonly name: string;
  readonly feed: Feed;
  /** Of this connection: what has no id is told apart by it and by its number. */
  readonly connection: string;
  readonly signal: AbortSignal;
  readonly send: (text: string) => Promise<void>;
}

/** `kept`: as a task; `repeated`: there was one; `ignored`: it is not to become one; `refused`: it cannot become one. */
export type TakeOutcome = "kept" | "repeated" | "ignored" | "refused";

// Of ids and positions.
const MAX_LENGTH = 256;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** `text` is null of what is no text. Rejects as the signal says, and as `send` does. */
export const takeMessage = async (
  { text, number }: { readonly text: string | null; readonly number: number },
  from: TakenFrom,
  services: TakeServices,
): Promise<TakeOutcome> => {
  const { tenantId, name, feed, connection, signal, send } = from;
  const { senses, keyValue, positions } = services;
  if (text === null) return "ignored";
  const value = messageValue(text);
  for (const { match, send: reply } of feed.replies)
    if (matchesMessage(value, match)) await send(messageText(filledReply(reply, value)));
  if (feed.match !== undefined && !matchesMessage(value, feed.match)) return "ignored";
  const message = idOf(feed.id, { text, value, number, connection, sha256: senses.digest.sha256 });
  const fields = { tenantId, agent: name };
  if (message === null) {
    senses.logger.log(
      "warn",
      `feed ${name}: a message has no id at ${feed.id}: expected 1 to ${MAX_LENGTH} characters, or a number below 2^53`,
      fields,
    );
    return "refused";
  }
  // Of one service: another, to which the feed is pointed later, may count from one again.
  const sum = senses.digest.sha256(JSON.stringify([feed.url, message]));
  const scope = { tenantId, namespace: "feed-messages" };
  const key = `${name}/${sum}`;
  const again = <T>(work: () => Promise<T>): Promise<T> => untilDone(work, { name, fields, signal, senses });
  const input = { message, receivedAt: new Date(senses.clock.now()).toISOString(), body: value ?? text };
  let outcome: TakeOutcome = "repeated";
  if (feed.id === undefined || (await again(() => keyValue.get(scope, key))) === null) {
    await again(() => placeInMinute(from, services));
    try {
      outcome = (await again(() => submit(from, sum, input, services.tasks))) ? "kept" : "repeated";
    } catch (thrown) {
      signal.throwIfAborted();
      const { code, message: why } = PlatformError.from(thrown);
      senses.logger.log("error", `feed ${name}: a message cannot become a task: ${why}`, { ...fields, code });
      return "refused";
    }
    if (feed.id !== undefined) await again(() => keyValue.put(scope, key, true, { ttlMs: feed.rememberMs }));
  }
  const position = feed.position === undefined ? undefined : memberAt(value, feed.position);
  if (isScalar(position)) await again(() => positions.put(tenantId, name, feed.url, position));
  if (feed.acknowledge !== undefined) await send(messageText(filledReply(feed.acknowledge, value)));
  return outcome;
};

interface Told {
  readonly text: string;
  readonly value: unknown;
  readonly number: number;
  readonly connection: string;
  readonly sha256: (text: string) => string;
}

const idOf = (id: Feed["id"], { text, value, number, connection, sha256 }: Told): string | null => {
  if (id === undefined) return `${connection}/${number}`;
  if (id === "content") return sha256(text);
  const found = memberAt(value, id);
  return isScalar(found) && found !== "" ? String(found) : null;
};

/** A text, or a number that is the very one that was sent: beyond 2^53 several of JSON's become one. */
const isScalar = (found: unknown): found is string | number =>
  typeof found === "number"
    ? !Number.isInteger(found) || Number.isSafeInteger(found)
    : typeof found === "string" && found.length <= MAX_LENGTH;

/** False when there was a task of it. */
const submit = async (
  { tenantId, name }: TakenFrom,
  sum: string,
  input: FeedMessage,
  tasks: TakeServices["tasks"],
): Promise<boolean> => {
  const { callerOfFeed } = await import("@agentcore/agents");
  try {
    const { existing } = await tasks.submit(
      { tenantId, caller: callerOfFeed(name) },
      { target: { agent: name }, input, idempotencyKey: `message/${sum}` },
    );
    return !existing;
  } catch (error) {
    // The same message, told again at another time.
    if (PlatformError.is(error) && error.code === "CONFLICT") return false;
    throw error;
  }
};

/** Throws OVERLOADED until it has one. */
const placeInMinute = async ({ tenantId, name, feed, signal }: TakenFrom, { limiter }: TakeServices): Promise<void> => {
  const { messagesPerMinute: requestsPerMinute } = feed;
  const scope = { tenantId, key: `feed/${name}` };
  const verdict = await limiter.take(scope, { requests: 1, tokens: 0 }, { requestsPerMinute }, { signal });
  if (verdict.granted) return;
  throw new PlatformError("OVERLOADED", `${requestsPerMinute} messages a minute are taken`, {
    retryAfterMs: verdict.retryAfterMs ?? MAX_RETRY_MS,
  });
};

/** Rejects with what will not pass, and as the signal says. */
const untilDone = async <T>(
  work: () => Promise<T>,
  {
    name,
    fields,
    signal,
    senses: { clock, logger },
  }: {
    readonly name: string;
    readonly fields: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly senses: TakeServices["senses"];
  },
): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (!error.retryable || signal.aborted) throw thrown;
      // Said once a message: of a limit it is no trouble.
      if (tries === 0 && error.code !== "OVERLOADED")
        logger.log("warn", `feed ${name}: a message waits: ${error.message}`, { ...fields, code: error.code });
      const waitMs = error.retryAfterMs ?? RETRY_MS * 2 ** Math.min(tries, 6);
      await pause(clock, Math.min(waitMs, MAX_RETRY_MS), signal);
    }
  }
};

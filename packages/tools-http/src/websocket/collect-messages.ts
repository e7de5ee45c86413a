/** What of a WebSocket is the answer: the next message, the first that matches, or all until something says that it is over. */
import { MemberPath, PlatformError } from "@agentcore/contract";
import { MessageMatch, matchesMessage } from "@agentcore/contract/web-socket";
import { closedEarly, messageValue } from "@agentcore/outbound/conversation";
import type { OutboundMessage, OutboundSocket } from "@agentcore/sdk";
import { z } from "zod";

const Match = MessageMatch.extend({
  at: MemberPath.describe("Where it stands in the message, which is JSON, as in data.id or 0"),
  is: MessageMatch.shape.is.describe("What stands there"),
});

/** `least`: messages that may be waited for at least. */
export const answerShape = (maxMessages: number, least: number) => ({
  match: Match.optional().describe("Only such messages count, all others are passed over"),
  count: z
    .int()
    .min(least)
    .max(maxMessages)
    .optional()
    .describe("Messages to wait for; 1 unless until, quietMs or forMs is given"),
  until: Match.optional().describe("Up to and with such a message"),
  quietMs: z.int().min(10).max(600_000).optional().describe("Until none came for so many milliseconds"),
  forMs: z.int().min(10).max(600_000).optional().describe("For so many milliseconds at most, then what came is given"),
});
export type Wanted = z.output<z.ZodObject<ReturnType<typeof answerShape>>>;

interface GivenMessage {
  readonly json?: unknown;
  readonly text?: string;
  /** Why neither is given. */
  readonly omitted?: string;
}

export interface Collected {
  readonly messages: readonly GivenMessage[];
  /** Which of what was asked for came first; `closed`: the server ended it in order; `full`: there may be more than is given. */
  readonly ended: "count" | "until" | "quiet" | "time" | "closed" | "full";
  /** Messages that did not count. */
  readonly passedOver?: number;
}

export interface CollectBounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

// Of messages that do not count: nobody reads more than that in the time a call has to find one.
const MAX_PASSED_OVER_BYTES = 64 * 1024 * 1024;
// It is done, or goes away, or gives no reason.
const IN_ORDER: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** Throws UPSTREAM_FAILED when it is closed before, TOO_LARGE for a message over its bound; as `closedEarly`. */
export const collectMessages = async (
  socket: OutboundSocket,
  { match, until, quietMs, forMs, ...asked }: Wanted,
  { maxMessages, maxBytes }: CollectBounds,
): Promise<Collected> => {
  const isOpenEnded = quietMs !== undefined || forMs !== undefined;
  const count = asked.count ?? (isOpenEnded || until !== undefined ? Number.POSITIVE_INFINITY : 1);
  const messages: GivenMessage[] = [];
  let [bytes, passedOver, passedOverBytes] = [0, 0, 0];
  const ended = (how: Collected["ended"]): Collected => ({
    ...{ messages, ended: how },
    ...(passedOver === 0 ? {} : { passedOver }),
  });
  const start = performance.now();
  let quietFrom = start;
  for (;;) {
    const now = performance.now();
    const quietLeft = quietFrom + (quietMs ?? Number.POSITIVE_INFINITY) - now;
    const left = Math.min(quietLeft, start + (forMs ?? Number.POSITIVE_INFINITY) - now);
    const message = await withinMs(socket.next(), left);
    if (message === undefined) return ended(left === quietLeft ? "quiet" : "time");
    if (message === null) {
      if (isOpenEnded && socket.end?.fault === undefined && IN_ORDER.has(socket.end?.code ?? 0)) return ended("closed");
      throw closedEarly(socket, messages.length === 0 ? "before the answer" : "before the answer was over");
    }
    const value = message.text === null ? undefined : messageValue(message.text);
    const isLast = until !== undefined && matchesMessage(value, until);
    if (!isLast && match !== undefined && !matchesMessage(value, match)) {
      passedOver += 1;
      passedOverBytes += message.bytes;
      if (passedOverBytes > MAX_PASSED_OVER_BYTES)
        throw new PlatformError(
          "UPSTREAM_FAILED",
          `${socket.host} sent ${passedOver} messages, over ${MAX_PASSED_OVER_BYTES} bytes, that did not match`,
          { retryable: false },
        );
      continue;
    }
    bytes += message.bytes;
    if (bytes > maxBytes || messages.length === maxMessages) return ended("full");
    messages.push(given(message, value));
    if (isLast) return ended("until");
    if (messages.length >= count) return ended("count");
    quietFrom = performance.now();
  }
};

const given = ({ text, bytes }: OutboundMessage, value: unknown): GivenMessage => {
  if (text === null) return { omitted: `${bytes} bytes that are no text` };
  return value === undefined ? { text } : { json: value };
};

/** Undefined when the time is over. */
const withinMs = async <T>(work: Promise<T>, ms: number): Promise<T | undefined> => {
  if (ms === Number.POSITIVE_INFINITY) return work;
  // Nobody waits for it any more when the time is over.
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, Math.ceil(ms)));
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
};

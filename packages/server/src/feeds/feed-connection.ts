/**
 * The connection of one feed, for as long as this node holds it.
 *
 *   connecting --(handshake, opening)--> connected --(closed, silent, failed)--> waiting --(back-off)--> connecting …
 *
 * - W3 Whatever ends a connection, another is begun, later each time, up to `maxReconnectMs`; one that held for half a minute, or brought a message, counts as
 *   no failure. What is wrong with the manifest or its secrets is looked at as rarely, since only the environment can mend it.
 * - W4 The next message is asked for when the last is durable: what is pushed meanwhile waits in the buffers of the network, and then with the service.
 */
import type { Feed } from "@agentcore/agents";
import { PlatformError } from "@agentcore/contract";
import type { Timer } from "@agentcore/core/ports";
import type { MessageSocket, OpenWebSocket } from "@agentcore/outbound";
import { closedEarly, messageText, openConversation } from "@agentcore/outbound/conversation";
import type { FeedPositions } from "./feed-positions.ts";
import { filledReply } from "./filled-reply.ts";
import { pause } from "./pause.ts";
import { type TakeOutcome, type TakeServices, takeMessage } from "./take-message.ts";

export interface FeedServices extends TakeServices {
  readonly positions: Pick<FeedPositions, "get" | "put">;
  /** As the tenant's feed may: judged when it is connected to. */
  readonly openFor: (feed: Feed) => OpenWebSocket;
  /** Throws CONFIG_INVALID for a variable that is not set, or not the tenant's. */
  readonly secretFor: (tenantId: string) => (variable: string) => string;
  readonly random: () => number;
  readonly onMessage: (tenantId: string, outcome: TakeOutcome) => void;
  readonly onState: (isConnected: boolean) => void;
}

const FIRST_WAIT_MS = 1_000;
const HELD_MS = 30_000;

/** Resolves when the signal has aborted and what was under way is over. */
export const runFeed = async (
  { tenantId, name, feed }: { readonly tenantId: string; readonly name: string; readonly feed: Feed },
  services: FeedServices,
  signal: AbortSignal,
): Promise<void> => {
  const { senses, random } = services;
  const { clock, logger } = senses;
  const fields = { tenantId, agent: name };
  for (let failures = 0; !signal.aborted; failures += 1) {
    const life = { since: clock.monotonic(), brought: 0 };
    let waitMs = feed.maxReconnectMs;
    try {
      await follow({ tenantId, name, feed }, services, signal, life);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = PlatformError.from(thrown);
      if (life.brought > 0 || clock.monotonic() - life.since >= HELD_MS) failures = 0;
      // Half of it by chance: those that were cut off together do not come back together.
      if (error.retryable || failures === 0)
        waitMs = Math.min(waitMs, FIRST_WAIT_MS * 2 ** Math.min(failures, 30)) * (0.5 + random() / 2);
      const { code, message } = error;
      logger.log("warn", `feed ${name}: ${message}; connects again in ${Math.round(waitMs)} ms`, { ...fields, code });
    } finally {
      services.onState(false);
    }
    await pause(clock, waitMs, signal).catch(() => undefined);
  }
};

/** Rejects when the connection is over, for whatever reason. */
const follow = async (
  { tenantId, name, feed }: Parameters<typeof runFeed>[0],
  services: FeedServices,
  signal: AbortSignal,
  life: { since: number; brought: number },
): Promise<never> => {
  const { senses, positions, openFor, secretFor } = services;
  const { clock, ids, logger } = senses;
  const position = feed.resume === undefined ? undefined : await positions.get(tenantId, name, feed.url);
  const resume = position === undefined ? undefined : feed.resume;
  const opening = resume?.map((step) =>
    step.send === undefined ? step : { ...step, send: filledReply(step.send, { position }) as typeof step.send },
  );
  const { maxMessageBytes, openTimeoutMs, url, headers, protocols } = feed;
  const socket = await openConversation<MessageSocket>(
    { url, headers, protocols, opening: opening ?? feed.opening },
    { open: openFor(feed), secret: secretFor(tenantId), ...{ maxMessageBytes, openTimeoutMs, signal } },
  );
  life.since = clock.monotonic();
  services.onState(true);
  logger.log("info", `feed ${name}: connected to ${socket.host}`, { tenantId, agent: name });
  const heart = beat(socket, feed, clock);
  const connection = ids.next();
  try {
    for (let number = 1; ; number += 1) {
      const message = await socket.next();
      if (message === null) throw heart.fault() ?? closedEarly(socket, "that is followed");
      heart.pause();
      const from = { tenantId, name, feed, connection, signal, send: (text: string) => socket.send(text) };
      const outcome = await takeMessage({ text: message.text, number }, from, services);
      services.onMessage(tenantId, outcome);
      if (outcome === "kept" || outcome === "repeated") life.brought += 1;
      heart.resume();
    }
  } finally {
    heart.stop();
    await socket.close();
  }
};

interface Heart {
  /** Why it was given up. */
  fault(): PlatformError | undefined;
  /** While nothing is read nothing can be heard. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Closes the connection when it gave no sign of life for twice its time, though it was asked for one. */
const beat = (
  socket: MessageSocket,
  { heartbeatMs, heartbeat }: Pick<Feed, "heartbeat" | "heartbeatMs">,
  clock: FeedServices["senses"]["clock"],
): Heart => {
  let timer: Timer | undefined;
  let isReading = true;
  let fault: PlatformError | undefined;
  const asks = (): void => {
    if (heartbeat === undefined) socket.ping();
    // One that cannot be sent says itself that it is over.
    else void socket.send(messageText(heartbeat)).catch(() => undefined);
    timer = clock.after(heartbeatMs, () => {
      fault = new PlatformError("UPSTREAM_FAILED", `${socket.host} gave no sign of life for ${2 * heartbeatMs} ms`, {
        retryable: true,
      });
      void socket.close();
    });
  };
  const listen = (): void => {
    timer?.cancel();
    timer = isReading && fault === undefined ? clock.after(heartbeatMs, asks) : undefined;
  };
  socket.onAlive(listen);
  listen();
  return {
    fault: () => fault,
    pause() {
      isReading = false;
      timer?.cancel();
    },
    resume() {
      isReading = true;
      listen();
    },
    stop() {
      isReading = false;
      timer?.cancel();
    },
  };
};

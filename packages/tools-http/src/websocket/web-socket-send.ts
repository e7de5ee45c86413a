import { PlatformError, RetryableError } from "@agentcore/contract";
import { closedEarly } from "@agentcore/outbound/conversation";
import { type OutboundSocket, type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import type { HttpSurroundings } from "../surroundings.ts";
import { answerShape, type CollectBounds, type Collected, collectMessages, type Wanted } from "./collect-messages.ts";
import { boundsOf, connect, connectionShape, TIMEOUT_MS } from "./connect.ts";
import type { ReadWebSocketOptions } from "./web-socket-options.ts";

const NAME = "websocket_send";
const MAX_MESSAGE_BYTES = 256 * 1024;
// It has more to do than to say goodbye: it reads what was sent before.
const TAKEN_MS = 5_000;

type Sending = NonNullable<ReadWebSocketOptions["send"]>;

const inputOf = (names: readonly string[], maxMessages: number) =>
  z.object({
    ...connectionShape(names),
    json: z.json().optional().describe("What is sent, as JSON"),
    text: z.string().optional().describe("What is sent, where it is no JSON"),
    ...answerShape(maxMessages, 0),
  });

/** Sends one message on a connection of its own, and gives what answers it. */
export const webSocketSend = (
  options: ReadWebSocketOptions,
  {
    connections = Object.keys(options.connections),
    approval = "always",
    permission,
    readOnly = false,
    idempotent = readOnly,
    maxMessageBytes = MAX_MESSAGE_BYTES,
  }: Sending,
  surroundings: HttpSurroundings,
): Tool<z.infer<ReturnType<typeof inputOf>>, Collected> => {
  const bounds = boundsOf(options);
  return tool({
    name: NAME,
    description: `Sends a message over a WebSocket, to ${connections.join(", ")}, and gives what answers it: by default the next message. With count: 0 it waits for no answer`,
    input: inputOf(connections, bounds.maxMessages),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    ...{ readOnly, idempotent, approval },
    ...(permission === undefined ? {} : { permission }),
    async execute({ connection, json, text, ...wanted }, { signal }) {
      if ((json === undefined) === (text === undefined))
        throw new PlatformError("INVALID_ARGUMENT", `${NAME}: expected either json or text`);
      const message = text ?? JSON.stringify(json);
      const bytes = Buffer.byteLength(message);
      if (bytes > maxMessageBytes)
        throw new PlatformError(
          "INVALID_ARGUMENT",
          `${NAME}: the message has ${bytes} bytes, ${maxMessageBytes} are sent`,
        );
      const socket = await connect(connection, options, surroundings, signal);
      try {
        await socket.send(message).catch((error: unknown) => {
          throw idempotent || RetryableError.is(error) ? error : unknownOutcome(error);
        });
        return await answerOf(socket, wanted, bounds).catch((error: unknown) => {
          throw idempotent ? error : unknownOutcome(error);
        });
      } finally {
        void socket.close();
      }
    },
  });
};

/** What the service has read it may have acted upon. What is no failure of the connection (the call was given up) stays what it is. */
const unknownOutcome = (error: unknown): unknown =>
  PlatformError.is(error)
    ? new PlatformError("OUTCOME_UNKNOWN", `${error.message}; what was sent may or may not have been acted upon`, {
        cause: error,
        ...(error.details === undefined ? {} : { details: error.details }),
      })
    : error;

const answerOf = async (socket: OutboundSocket, wanted: Wanted, bounds: CollectBounds): Promise<Collected> => {
  if (wanted.count !== 0) return collectMessages(socket, wanted, bounds);
  const { code, fault } = await socket.close(TAKEN_MS);
  if (code === 1006 || fault !== undefined) throw closedEarly(socket, "before it said that it had read the message");
  return { messages: [], ended: "count" };
};

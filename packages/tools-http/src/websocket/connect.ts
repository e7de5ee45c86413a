/** A connection that a manifest names, for one call. */
import { PlatformError } from "@agentcore/contract";
import { openConversation } from "@agentcore/outbound/conversation";
import type { OutboundSocket } from "@agentcore/sdk";
import { z } from "zod";
import type { HttpSurroundings } from "../surroundings.ts";
import type { CollectBounds } from "./collect-messages.ts";
import type { ReadWebSocketOptions } from "./web-socket-options.ts";

const OPEN_TIMEOUT_MS = 10_000;
const MAX_MESSAGE_BYTES = 256 * 1024;
const MAX_MESSAGES = 100;
const MAX_BYTES = 512 * 1024;
export const TIMEOUT_MS = 30_000;

/** Which of them, and none to choose where there is one. */
export const connectionShape = (names: readonly string[]) => {
  const name = z.enum(names);
  const [only] = names;
  return { connection: names.length === 1 && only !== undefined ? name.default(only) : name };
};

export const boundsOf = ({
  maxMessages = MAX_MESSAGES,
  maxBytes = MAX_BYTES,
}: ReadWebSocketOptions): CollectBounds => ({
  ...{ maxMessages, maxBytes },
});

/** Throws CONFIG_INVALID for what may not be connected to, UPSTREAM_FAILED, as a RetryableError where it may do next time: nothing was asked of it yet. */
export const connect = async (
  name: string,
  { connections, openTimeoutMs = OPEN_TIMEOUT_MS, maxMessageBytes = MAX_MESSAGE_BYTES }: ReadWebSocketOptions,
  { webSocket, secret }: HttpSurroundings,
  signal: AbortSignal,
): Promise<OutboundSocket> => {
  const address = connections[name];
  if (address === undefined) throw new PlatformError("INVALID_ARGUMENT", `there is no connection "${name}"`);
  try {
    return await openConversation<OutboundSocket>(address, {
      ...{ open: webSocket, secret, maxMessageBytes, openTimeoutMs, signal },
    });
  } catch (error) {
    if (!PlatformError.is(error) || error.code !== "CONFIG_INVALID") throw error;
    // What a name leads to inside the network is not for who asked.
    const reason = error.details?.["reason"];
    throw typeof reason === "string" ? new PlatformError("CONFIG_INVALID", reason) : error;
  }
};

import { type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import type { HttpSurroundings } from "../surroundings.ts";
import { answerShape, type Collected, collectMessages } from "./collect-messages.ts";
import { boundsOf, connect, connectionShape, TIMEOUT_MS } from "./connect.ts";
import type { ReadWebSocketOptions } from "./web-socket-options.ts";

const inputOf = (names: readonly string[], maxMessages: number) =>
  z.object({ ...connectionShape(names), ...answerShape(maxMessages, 1) });

/** Connects, and says nothing but what its manifest says first. */
export const webSocketRead = (
  options: ReadWebSocketOptions,
  surroundings: HttpSurroundings,
): Tool<z.infer<ReturnType<typeof inputOf>>, Collected> => {
  const names = Object.keys(options.connections);
  const bounds = boundsOf(options);
  const { permission, timeoutMs = TIMEOUT_MS } = options;
  return tool({
    name: "websocket_read",
    description: `Reads messages that a service pushes over a WebSocket: of ${names.join(", ")}. By default the next one`,
    input: inputOf(names, bounds.maxMessages),
    readOnly: true,
    timeoutMs,
    ...(permission === undefined ? {} : { permission }),
    async execute({ connection, ...wanted }, { signal }) {
      const socket = await connect(connection, options, surroundings, signal);
      try {
        return await collectMessages(socket, wanted, bounds);
      } finally {
        void socket.close();
      }
    },
  });
};

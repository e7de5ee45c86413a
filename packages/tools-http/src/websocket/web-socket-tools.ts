import { parseInput } from "@agentcore/contract";
import type { Tool } from "@agentcore/sdk";
import { type HttpSurroundings, ownSurroundings } from "../surroundings.ts";
import { type ReadWebSocketOptions, WebSocketOptions, webSocketReaches } from "./web-socket-options.ts";
import { webSocketRead } from "./web-socket-read.ts";
import { webSocketSend } from "./web-socket-send.ts";

/** `websocket_read`, and `websocket_send` where there is `send`, for an agent in code. Throws INVALID_ARGUMENT. */
export const webSocketTools = (options: WebSocketOptions): readonly Tool[] => {
  const read = parseInput(WebSocketOptions, options, "the options of webSocketTools()");
  return webSocketToolsWithin(read, ownSurroundings(webSocketReaches(read)));
};

export const webSocketToolsWithin = (
  options: ReadWebSocketOptions,
  surroundings: HttpSurroundings,
): readonly Tool[] => [
  webSocketRead(options, surroundings) as Tool,
  ...(options.send === undefined ? [] : [webSocketSend(options, options.send, surroundings) as Tool]),
];

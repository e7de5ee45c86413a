import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { type ReadWebSocketOptions, WebSocketOptions, webSocketReaches } from "./web-socket-options.ts";
import { webSocketToolsWithin } from "./web-socket-tools.ts";

export const webSocketLibrary: ToolLibrary<ReadWebSocketOptions> = toolLibrary({
  name: "websocket",
  description:
    "Reads what services push over WebSockets, and sends to them and gives the answer where it is told that it may",
  options: WebSocketOptions,
  reaches: webSocketReaches,
  open: webSocketToolsWithin,
});

/** Tools that leave the node: reading and sending over HTTP and WebSockets, and searching the web. */
export { httpLibrary } from "./http/http-library.ts";
export type { HttpOptions } from "./http/http-options.ts";
export { httpTools } from "./http/http-tools.ts";
export { type SearchOptions, type SearchResult, webSearchTool } from "./search/web-search.ts";
export { webSearchLibrary } from "./search/web-search-library.ts";
export { webSocketLibrary } from "./websocket/web-socket-library.ts";
export type { WebSocketOptions } from "./websocket/web-socket-options.ts";
export { webSocketTools } from "./websocket/web-socket-tools.ts";

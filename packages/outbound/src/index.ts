export { type OutboundPolicy, refuseUrl } from "./address-guard.ts";
export { createGuardedFetch, type GuardedCall, type GuardedFetch, type GuardedFetchOptions } from "./guarded-fetch.ts";
export { createGuardedLookup, type GuardedLookup, type Lookup } from "./guarded-lookup.ts";
export { createGuardedWebSocket, type OpenWebSocket, type WebSocketCall } from "./guarded-web-socket.ts";
export type { MessageSocket, SocketEnd, SocketMessage } from "./message-socket.ts";
export { createNamedFetch } from "./named-fetch.ts";
export type { NamedOrigin, NamedOriginsOptions } from "./named-origins.ts";
export { createNamedWebSocket } from "./named-web-socket.ts";

/** Where a connection has its ends, as sockets and grpc-js's calls tell. */
export interface ConnectionEnds {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/**
 * Of one connection among those that are open. Both ends make it: a client may connect to two of the node's addresses from the same port.
 */
export const connectionKey = ({ remoteAddress, remotePort, localAddress, localPort }: ConnectionEnds): string =>
  `${remoteAddress}:${remotePort} ${localAddress}:${localPort}`;

/**
 * Carries messages between a client at standard input and output and a server at an address, as they are: whichever version the two speak. What the
 * server cannot be told is answered here, so that no request waits for ever.
 */
import type { Readable, Writable } from "node:stream";
import { type JSONRPCMessage, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";

export interface BridgeOptions {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly input: Readable;
  readonly output: Writable;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** For people: standard output is the client's. */
  readonly onError: (error: Error) => void;
}

const INTERNAL_ERROR = -32_603;

/** Resolves when the client has closed its end, or `signal` aborts. */
export const bridge = async ({ url, fetch: send, input, output, signal, onError }: BridgeOptions): Promise<void> => {
  const client = new StdioServerTransport(input, output);
  const server = new StreamableHTTPClientTransport(new URL(url), { fetch: send as never });
  /** Requests of the client that began a session: their answer says which version it is of. */
  const beginning = new Set<string | number>();
  /** By request: with the stateless protocol to end its stream is to cancel it. */
  const underWay = new Map<string | number, AbortController>();

  const ended = new Promise<void>((resolve) => {
    client.onclose = resolve;
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  client.onerror = onError;
  server.onerror = onError;
  server.onmessage = (message) => {
    if ("id" in message && !("method" in message) && message.id !== undefined) {
      underWay.delete(message.id);
      if (beginning.delete(message.id) && "result" in message) {
        const version: unknown = (message.result as { protocolVersion?: unknown }).protocolVersion;
        if (typeof version === "string") server.setProtocolVersion(version);
      }
    }
    client.send(message).catch(onError);
  };
  client.onmessage = (message) => {
    if ("method" in message && message.method === "notifications/cancelled") {
      const id = (message.params as { requestId?: string | number } | undefined)?.requestId;
      const request = id === undefined ? undefined : underWay.get(id);
      if (request !== undefined && isStateless(message)) return request.abort();
    }
    void carry(message);
  };

  const carry = async (message: JSONRPCMessage): Promise<void> => {
    const id = "method" in message && "id" in message ? message.id : undefined;
    const abort = new AbortController();
    if (id !== undefined) {
      underWay.set(id, abort);
      if ("method" in message && message.method === "initialize") beginning.add(id);
    }
    try {
      await server.send(message, id === undefined ? undefined : { requestSignal: abort.signal });
    } catch (error) {
      if (id === undefined || abort.signal.aborted) return;
      underWay.delete(id);
      const said = error instanceof Error ? error.message : String(error);
      await client
        .send({ jsonrpc: "2.0", id, error: { code: INTERNAL_ERROR, message: `${url}: ${said}` } })
        .catch(onError);
    }
  };

  await server.start();
  await client.start();
  await ended;
  // A session that nobody will use again takes room from others.
  await server.terminateSession().catch(() => undefined);
  await server.close();
  await client.close();
};

/** It names the version of its own, as its requests do. */
const isStateless = (message: JSONRPCMessage): boolean =>
  "params" in message && (message.params as { _meta?: object } | undefined)?._meta !== undefined;

/**
 * Carries messages between a client at standard input and output and a server at an address, as they are: whichever version the two speak. What the
 * server cannot be told is answered here, so that no request waits for ever. A session that the server has forgotten is begun again: a client at standard
 * input begins once, and would be of no use after the server was started anew.
 */
import type { Readable, Writable } from "node:stream";
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
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
/** As the protocol has it for a session that is not there. */
const FORGOTTEN = 404;

/** Resolves when the client has closed its end, or `signal` aborts. */
export const bridge = async ({ url, fetch: send, input, output, signal, onError }: BridgeOptions): Promise<void> => {
  const client = new StdioServerTransport(input, output);
  const server = new StreamableHTTPClientTransport(new URL(url), { fetch: send as never });
  /** The client's request that began its session; its answer says which version it is of. */
  let beginning: JSONRPCRequest | null = null;
  let renewing: {
    readonly id: string;
    readonly begun: PromiseWithResolvers<void>;
    readonly done: Promise<void>;
  } | null = null;
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
      if (message.id === renewing?.id)
        return "result" in message
          ? renewing.begun.resolve()
          : renewing.begun.reject(new Error("no session can be begun again"));
      underWay.delete(message.id);
      if (message.id === beginning?.id && "result" in message) {
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
      if (isRequest(message) && message.method === "initialize") beginning = message;
    }
    const fail = (said: string): void => {
      if (id === undefined || abort.signal.aborted || !underWay.delete(id)) return;
      const error = { code: INTERNAL_ERROR, message: `${url}: ${said}` };
      client.send({ jsonrpc: "2.0", id, error }).catch(onError);
    };
    const send = () =>
      server.send(message, {
        requestSignal: abort.signal,
        onRequestStreamEnd: () => fail("the connection ended before the answer; what was called may go on"),
      });
    const session = server.sessionId;
    try {
      await send().catch(async (error: unknown) => {
        if (session === undefined || !(error instanceof SdkHttpError) || error.status !== FORGOTTEN) throw error;
        // Another message may have begun it again meanwhile.
        if (server.sessionId === session) await renew();
        await send();
      });
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };

  const renew = (): Promise<void> => {
    if (renewing !== null) return renewing.done;
    const id = `again-${crypto.randomUUID()}`;
    const begun = Promise.withResolvers<void>();
    const done = (async () => {
      if (beginning === null) throw new Error("no session was begun");
      const onRequestStreamEnd = () => begun.reject(new Error("the connection ended"));
      await Promise.all([server.send({ ...beginning, id }, { onRequestStreamEnd }), begun.promise]);
      await server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    })().finally(() => {
      renewing = null;
    });
    renewing = { id, begun, done };
    return done;
  };

  await server.start();
  await client.start();
  await ended;
  // A session that nobody will use again takes room from others.
  await server.terminateSession().catch(() => undefined);
  await server.close();
  await client.close();
};

const isRequest = (message: JSONRPCMessage): message is JSONRPCRequest => "method" in message && "id" in message;

/** It names the version of its own, as its requests do. */
const isStateless = (message: JSONRPCMessage): boolean =>
  "params" in message && (message.params as { _meta?: object } | undefined)?._meta !== undefined;

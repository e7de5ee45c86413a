/**
 * An HTTP proxy for a program that reaches nothing else: hosts that somebody has named, by CONNECT or by whole addresses of plain HTTP. It believes nothing that
 * the program says, and all that it holds is bounded: connections, heads, times, and what it tells.
 */
import { createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { PlatformError } from "@agentcore/contract/errors";
import type { GuardedLookupOptions } from "../guarded-lookup.ts";
import { createHostMatch } from "./host-match.ts";
import { createOpenConnection } from "./open-connection.ts";
import { readHead } from "./read-head.ts";
import { readRequest } from "./read-request.ts";
import { Refusal } from "./refusal.ts";

/** What was asked for and is not reached. */
export interface RefusedHost {
  readonly host: string;
  readonly port: number;
  readonly why: string;
}

export interface HostProxyOptions {
  /** As `SandboxNetwork` of the contract has them. */
  readonly hosts: readonly string[];
  /** Where named hosts may lead. */
  readonly policy: Omit<GuardedLookupOptions, "sendsSecret">;
  /** Hears of each host once, and of 20 at most. */
  readonly onRefused: (refused: RefusedHost) => void;
  /** Milliseconds that the head of a request may take. @default 10000 */
  readonly headTimeoutMs?: number | undefined;
}

export interface HostProxy {
  /** With all connections. */
  close(): void;
}

/** Of the program; further ones are closed. */
const MAX_CONNECTIONS = 128;
const HEAD_TIMEOUT_MS = 10_000;
/** Without a byte in either direction: models think for minutes. */
const IDLE_MS = 600_000;
/** Who asks without end for what is refused gets no more than a thousand answers a second. */
const REFUSAL_PAUSE_MS = 100;
const LEAVE_MS = 1_000;
const MAX_TOLD = 20;
const MAX_SHOWN = 255;

/** Serves what connects to `listener`, which listens already. */
export const openHostProxy = (listener: Server, options: HostProxyOptions): HostProxy => {
  const { hosts, policy, onRefused, headTimeoutMs = HEAD_TIMEOUT_MS } = options;
  const matches = createHostMatch(hosts);
  const held = new Set<Socket>();
  const hold = (socket: Socket): void => {
    held.add(socket);
    socket.once("close", () => held.delete(socket));
  };
  const openConnection = createOpenConnection({ ...policy, sendsSecret: false }, hold);
  const told = new Set<string>();
  const tell = (host: string, port: number, why: string): void => {
    // In logs it is to look like what it is.
    const shown = host.replace(/[^\w.:[\]-]/g, "?").slice(0, MAX_SHOWN);
    if (told.size >= MAX_TOLD || told.has(`${shown}:${port}`)) return;
    told.add(`${shown}:${port}`);
    onRefused({ host: shown, port, why });
  };

  /** Throws a `Refusal`, or what the network says. */
  const reach = async (host: string, port: number, client: Socket): Promise<Socket> => {
    if (!matches(host, port)) {
      tell(host, port, NOT_NAMED);
      throw new Refusal(403, `${host}:${port} is refused: ${NOT_NAMED}`);
    }
    try {
      return await openConnection(host, port, client);
    } catch (error) {
      const refusal = refusalOf(error, host, port);
      if (refusal.status === 403) tell(host, port, refusal.why);
      throw refusal;
    }
  };
  /** One request a connection: what follows its head is the host's. */
  const serve = async (client: Socket): Promise<void> => {
    const { host, port, head } = readRequest(await readHead(client, headTimeoutMs));
    const upstream = await reach(host, port, client);
    if (client.destroyed) return void upstream.destroy();
    if (head === null) client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    else upstream.write(head, "latin1");
    join(client, upstream);
  };
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    hold(client);
    client.setTimeout(IDLE_MS, () => client.destroy()).on("error", () => client.destroy());
    serve(client).catch((error: unknown) => refuse(client, error));
  });
  proxy.maxConnections = MAX_CONNECTIONS;
  proxy.listen(listener);
  return {
    close() {
      proxy.close();
      for (const socket of held) socket.destroy();
    },
  };
};

const NOT_NAMED = "it is not among the hosts that may be reached";

const refusalOf = (error: unknown, host: string, port: number): Refusal => {
  if (PlatformError.is(error)) {
    // Without the address that it leads to.
    const { reason } = error.details ?? {};
    const why = typeof reason === "string" ? reason.replace(`${host}: `, "") : "it is refused";
    return new Refusal(403, `${host}:${port} is refused: ${why}`, why);
  }
  const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  return new Refusal(code === "ETIMEDOUT" ? 504 : 502, `${host}:${port} is not reached: ${code}`);
};

const refuse = (client: Socket, error: unknown): void => {
  if (!(error instanceof Refusal)) return void client.destroy();
  const answer = (): void => {
    client.end(error.toAnswer());
    // What else it says is not listened to, and for no longer than it takes to hear.
    client.resume();
    setTimeout(() => client.destroy(), LEAVE_MS).unref();
  };
  setTimeout(answer, REFUSAL_PAUSE_MS).unref();
};

const join = (client: Socket, upstream: Socket): void => {
  const end = (error: unknown): void => {
    if (error === undefined || error === null) return;
    client.destroy();
    upstream.destroy();
  };
  // Each direction has an end of its own.
  pipeline(client, upstream, end);
  pipeline(upstream, client, end);
};

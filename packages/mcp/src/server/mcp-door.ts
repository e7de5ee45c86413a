/**
 * The door: requests of callers who are known already, in the stateless protocol (2026-07-28) and, by sessions, in those before it. A session is its
 * caller's alone; it lives in this process, and whoever comes with one that is gone is told to begin another.
 */
import {
  createMcpHandler,
  InMemoryServerEventBus,
  isLegacyRequest,
  type McpHttpHandler,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { buildServer, type ServerSettings } from "./build-server.ts";
import { EventMemory } from "./event-memory.ts";
import type { DoorSeam } from "./seam.ts";

export interface DoorCaller {
  readonly tenantId: string;
  readonly caller: string;
}

export interface DoorRequest {
  readonly request: Request;
  /** What its body is, parsed; undefined without one. */
  readonly body: unknown;
  readonly caller: DoorCaller;
  readonly seam: DoorSeam;
}

export interface McpDoorOptions extends Pick<ServerSettings, "version" | "instructions" | "publicError"> {
  readonly clock: { monotonic(): number; after(ms: number, run: () => void): { cancel(): void } };
  readonly newId: () => string;
  /** Between two signs of life on a stream. */
  readonly keepAliveMs: number;
  /** Of sessions, and of callers with something open. @default 1000 */
  readonly max?: number;
  /** @default 20 */
  readonly maxPerCaller?: number;
}

const MAX_SESSIONS = 1000;
const MAX_PER_CALLER = 20;
const MAX_SUBSCRIPTIONS_PER_CALLER = 50;
const IDLE_MS = 30 * 60_000;
const SWEEP_MS = 60_000;

interface Session {
  readonly id: string;
  readonly key: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: Server;
  /** Requests that are answered now. */
  open: number;
  usedAt: number;
}

interface Stateless {
  readonly calls: McpHttpHandler;
  /** One of its own, as it is closed before the calls are. */
  readonly subscriptions: McpHttpHandler;
  readonly bus: InMemoryServerEventBus;
  open: number;
  usedAt: number;
}

export class McpDoor {
  private readonly options: McpDoorOptions;
  private readonly settings: ServerSettings;
  private readonly sessions = new Map<string, Session>();
  /** By caller, so that nobody's subscriptions take another's room, or tell of another tenant. */
  private readonly stateless = new Map<string, Stateless>();
  private readonly sweeping: { cancel(): void }[] = [];
  private isClosing = false;

  constructor(options: McpDoorOptions) {
    this.options = options;
    this.settings = { ...options, isClosing: () => this.isClosing };
    this.sweepLater();
  }

  get openSessions(): number {
    return this.sessions.size;
  }

  async fetch(asked: DoorRequest): Promise<Response> {
    const { request, body } = asked;
    if (this.isClosing) return refusal(503, -32_603, "the node is stopping");
    const id = request.headers.get("mcp-session-id");
    const isLegacy = id !== null || request.method !== "POST" || (await isLegacyRequest(request, body));
    if (!isLegacy) return this.fetchStateless(asked);
    if (id !== null) {
      const session = this.sessions.get(id);
      // Another caller's is as good as none.
      if (session === undefined || session.key !== keyOf(asked.caller))
        return refusal(404, -32_001, "there is no such session (any more); begin with initialize");
      return this.inSession(session, asked);
    }
    if (request.method !== "POST") return refusal(400, -32_000, "a session is needed; begin with initialize");
    if (methodOf(body) !== "initialize") return this.fetchOnce(asked);
    return this.begin(asked);
  }

  /** Tools of the tenant's callers may be others now. */
  toolsChanged(tenantId: string): void {
    const prefix = keyOf({ tenantId, caller: "" });
    for (const [key, { bus }] of this.stateless)
      if (key.startsWith(prefix)) bus.publish({ kind: "tools_list_changed" });
    for (const { key, server } of this.sessions.values())
      if (key.startsWith(prefix)) server.sendToolListChanged().catch(() => undefined);
  }

  /** Ends the streams that wait for news, and takes no more; calls go on. */
  drain(): void {
    this.isClosing = true;
    for (const { transport } of this.sessions.values()) transport.closeStandaloneSSEStream();
    for (const { subscriptions } of this.stateless.values()) void subscriptions.close();
  }

  /** Ends everything; nothing is canceled by it. */
  async close(): Promise<void> {
    this.isClosing = true;
    for (const timer of this.sweeping) timer.cancel();
    const ends = [
      ...[...this.sessions.values()].map(({ server }) => server.close()),
      ...[...this.stateless.values()].map(endStateless),
    ];
    this.sessions.clear();
    this.stateless.clear();
    await Promise.allSettled(ends);
  }

  private async begin(asked: DoorRequest): Promise<Response> {
    const { max = MAX_SESSIONS, maxPerCaller = MAX_PER_CALLER, newId, keepAliveMs, clock } = this.options;
    const key = keyOf(asked.caller);
    const own = [...this.sessions.values()].filter((session) => session.key === key);
    // Clients forget to end theirs: the one that was not used for longest makes room, where nobody uses it now.
    const idle = (sessions: readonly Session[]) =>
      sessions.filter(({ open }) => open === 0).toSorted((one, other) => one.usedAt - other.usedAt)[0];
    if (own.length >= maxPerCaller || this.sessions.size >= max) {
      // Nobody shuts others out by what they leave behind: in a full node whoever has most makes room.
      const least = own.length >= maxPerCaller ? idle(own) : this.byMost().map(idle).find(Boolean);
      if (least === undefined) return refusal(429, -32_603, "too many sessions are open; end one with DELETE");
      await this.end(least);
    }
    const server = buildServer("legacy", this.settings);
    const transport = new WebStandardStreamableHTTPServerTransport({
      ...{ sessionIdGenerator: newId, keepAliveMs, eventStore: new EventMemory() },
      onsessioninitialized: (id) => {
        this.sessions.set(id, session(id));
      },
      onsessionclosed: (id) => {
        this.sessions.delete(id);
      },
    });
    const session = (id: string): Session => ({
      ...{ id, key, transport, server, open: 1 },
      usedAt: clock.monotonic(),
    });
    await server.connect(transport);
    let response: Response;
    try {
      response = await transport.handleRequest(asked.request, given(asked));
    } catch (error) {
      this.sessions.delete(transport.sessionId ?? "");
      await server.close().catch(() => undefined);
      throw error;
    }
    const begun = transport.sessionId === undefined ? undefined : this.sessions.get(transport.sessionId);
    if (begun === undefined) await server.close();
    return this.counted(asked, response, begun);
  }

  private async inSession(session: Session, asked: DoorRequest): Promise<Response> {
    return this.counting(session, asked, () => session.transport.handleRequest(asked.request, given(asked)));
  }

  /** One request of an older client without a session: it can be answered, and neither ask nor be resumed. */
  private async fetchOnce(asked: DoorRequest): Promise<Response> {
    const server = buildServer("legacy", this.settings);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      keepAliveMs: this.options.keepAliveMs,
    });
    await server.connect(transport);
    const response = await transport.handleRequest(asked.request, given(asked));
    return whenRead(asked.request, response, () => void server.close().catch(() => undefined));
  }

  private async fetchStateless(asked: DoorRequest): Promise<Response> {
    const key = keyOf(asked.caller);
    const known = this.stateless.get(key);
    const { max = MAX_SESSIONS } = this.options;
    if (known === undefined && this.stateless.size >= max) {
      const least = [...this.stateless]
        .filter(([, { open }]) => open === 0)
        .toSorted(([, a], [, b]) => a.usedAt - b.usedAt)[0];
      if (least === undefined) return refusal(429, -32_603, "too many callers are served at once");
      this.stateless.delete(least[0]);
      void endStateless(least[1]);
    }
    const entry = known ?? this.open(key);
    const { fetch } = methodOf(asked.body) === "subscriptions/listen" ? entry.subscriptions : entry.calls;
    return this.counting(entry, asked, () => fetch(asked.request, given(asked)));
  }

  private open(key: string): Stateless {
    const bus = new InMemoryServerEventBus();
    const handler = () =>
      createMcpHandler(() => buildServer("modern", this.settings), {
        ...{ legacy: "reject", bus, maxSubscriptions: MAX_SUBSCRIPTIONS_PER_CALLER },
        // From the first moment: what a proxy cuts for its silence would be a call that was canceled.
        responseMode: "sse",
        keepAliveMs: this.options.keepAliveMs,
      });
    const entry: Stateless = {
      ...{ calls: handler(), subscriptions: handler(), bus },
      ...{ open: 0, usedAt: this.options.clock.monotonic() },
    };
    this.stateless.set(key, entry);
    return entry;
  }

  /** The sessions of each caller, of whoever has most first. */
  private byMost(): (readonly Session[])[] {
    const byCaller = Map.groupBy(this.sessions.values(), ({ key }) => key);
    return [...byCaller.values()].toSorted((one, other) => other.length - one.length);
  }

  private async counting(
    entry: { open: number; usedAt: number },
    asked: DoorRequest,
    answer: () => Promise<Response>,
  ): Promise<Response> {
    entry.open += 1;
    let response: Response;
    try {
      response = await answer();
    } catch (error) {
      entry.open -= 1;
      throw error;
    }
    return this.counted(asked, response, entry);
  }

  private counted(
    { request }: DoorRequest,
    response: Response,
    entry: { open: number; usedAt: number } | undefined,
  ): Response {
    return whenRead(request, response, () => {
      if (entry === undefined) return;
      entry.open -= 1;
      entry.usedAt = this.options.clock.monotonic();
    });
  }

  private async end(session: Session): Promise<void> {
    this.sessions.delete(session.id);
    await session.server.close().catch(() => undefined);
  }

  private sweepLater(): void {
    this.sweeping[0] = this.options.clock.after(SWEEP_MS, () => {
      const now = this.options.clock.monotonic();
      for (const session of [...this.sessions.values()])
        if (session.open === 0 && now - session.usedAt > IDLE_MS) void this.end(session);
      for (const [key, entry] of [...this.stateless])
        if (entry.open === 0 && now - entry.usedAt > IDLE_MS) {
          this.stateless.delete(key);
          void endStateless(entry);
        }
      if (!this.isClosing) this.sweepLater();
    });
  }
}

// Neither part can hold a line break.
const keyOf = ({ tenantId, caller }: DoorCaller): string => `${tenantId}\n${caller}`;

const given = ({ body, caller, seam }: DoorRequest) => ({
  ...(body === undefined ? {} : { parsedBody: body }),
  authInfo: { token: "", clientId: caller.caller, scopes: [], extra: { seam } },
});

const methodOf = (body: unknown): unknown =>
  typeof body === "object" && body !== null && "method" in body ? body.method : undefined;

const endStateless = async ({ calls, subscriptions }: Stateless): Promise<void> => {
  await Promise.all([calls.close(), subscriptions.close()]);
};

/** As the protocol writes what concerns no request. */
export const refusal = (status: number, code: number, message: string, data?: unknown): Response =>
  Response.json(
    { jsonrpc: "2.0", id: null, error: { code, message, ...(data === undefined ? {} : { data }) } },
    { status },
  );

/** Calls back once the body was read to its end, or its reader has gone, maybe before there was a body. */
const whenRead = ({ signal }: Request, response: Response, done: () => void): Response => {
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    signal.removeEventListener("abort", once);
    done();
  };
  if (signal.aborted) once();
  else signal.addEventListener("abort", once, { once: true });
  const { body } = response;
  if (body === null) {
    once();
    return response;
  }
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = await reader.read();
        if (!chunk.done) return controller.enqueue(chunk.value);
        once();
        controller.close();
      } catch (error) {
        once();
        controller.error(error);
      }
    },
    async cancel(reason) {
      once();
      await reader.cancel(reason);
    },
  });
  return new Response(watched, { status: response.status, headers: response.headers });
};

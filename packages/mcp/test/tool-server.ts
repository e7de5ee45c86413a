/** An MCP server for tests of clients: over standard input and output when it is run, over HTTP by `serveTools`. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createMcpHandler,
  InMemoryServerEventBus,
  inputRequired,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

export interface SeenCall {
  readonly tool: string;
  readonly input: unknown;
  readonly key: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** `more`: names of further tools, as they are when a client asks. `waits`: whether `wait` does. */
export const buildTools = (
  seen: (call: SeenCall) => void,
  more: () => readonly string[] = () => [],
  waits: () => boolean = () => true,
): McpServer => {
  const server = new McpServer(
    { name: "test-tools", version: "2.0.0" },
    { capabilities: { tools: { listChanged: true } } },
  );
  const note = (
    tool: string,
    input: unknown,
    meta: Readonly<Record<string, unknown>> | undefined,
    headers?: Headers,
  ): void =>
    seen({
      ...{ tool, input, key: meta?.["agentcore.dev/idempotency-key"] },
      ...(headers === undefined ? {} : { headers: Object.fromEntries(headers) }),
    });
  server.registerTool(
    "add",
    {
      description: "Adds two numbers",
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      annotations: { readOnlyHint: true },
    },
    ({ a, b }, ctx) => {
      note("add", { a, b }, ctx.mcpReq._meta, ctx.http?.req?.headers);
      return { content: [{ type: "text", text: String(a + b) }] };
    },
  );
  server.registerTool(
    "look.up",
    {
      description: "Gives data",
      inputSchema: z.object({ id: z.string() }),
      outputSchema: z.object({ id: z.string() }),
    },
    ({ id }) => ({ content: [{ type: "text", text: "as data" }], structuredContent: { id } }),
  );
  server.registerTool("picture", { description: "A picture", inputSchema: z.object({}) }, () => ({
    content: [
      { type: "text", text: "here" },
      { type: "image", data: "aGk=", mimeType: "image/png" },
      { type: "resource", resource: { uri: "test://doc", mimeType: "text/plain", text: "a document" } },
    ],
  }));
  server.registerTool("fail", { description: "Fails", inputSchema: z.object({}) }, () => ({
    isError: true,
    content: [{ type: "text", text: "no such record" }],
  }));
  server.registerTool("large", { description: "Says much", inputSchema: z.object({}) }, () => ({
    content: [{ type: "text", text: "x".repeat(2_000_000) }],
  }));
  server.registerTool(
    "wait",
    { description: "Takes its time", inputSchema: z.object({}), annotations: { idempotentHint: true } },
    async (_input, ctx) => {
      note("wait", {}, ctx.mcpReq._meta);
      if (!waits()) return { content: [{ type: "text", text: "at once" }] };
      await new Promise((resolve) => ctx.mcpReq.signal.addEventListener("abort", resolve, { once: true }));
      note("wait canceled", {}, ctx.mcpReq._meta);
      return { content: [] };
    },
  );
  server.registerTool("environment", { description: "Its environment", inputSchema: z.object({}) }, () => ({
    content: [{ type: "text", text: JSON.stringify({ env: process.env, cwd: process.cwd(), pid: process.pid }) }],
  }));
  server.registerTool("crash", { description: "Ends the program", inputSchema: z.object({}) }, () => {
    process.stderr.write("something is badly wrong\n");
    process.exit(3);
  });
  server.registerTool(
    "charge",
    { description: "May not act twice", inputSchema: z.object({}) },
    async (_input, ctx) => {
      note("charge", {}, ctx.mcpReq._meta);
      if (waits()) await new Promise((resolve) => ctx.mcpReq.signal.addEventListener("abort", resolve, { once: true }));
      return { content: [{ type: "text", text: "charged" }] };
    },
  );
  server.registerTool(
    "ask",
    {
      description: "Asks who it is for before it gives anything",
      inputSchema: z.object({ what: z.string() }),
      outputSchema: z.object({ given: z.string() }),
    },
    ({ what }, ctx) => {
      const { inputResponses = {} } = ctx.mcpReq;
      const state = ctx.mcpReq.requestState<string>();
      note("ask", { what, inputResponses, state }, ctx.mcpReq._meta);
      const { who } = inputResponses as { who?: { action: string; content?: { name: string } } };
      if (who === undefined)
        return inputRequired({
          inputRequests: {
            who: inputRequired.elicit({
              message: "Who is it for?",
              requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
            }),
          },
          requestState: `asked for ${what}`,
        });
      const given = who.action === "accept" ? `${what} for ${who.content?.name} (${state})` : "nothing";
      return { content: [{ type: "text", text: given }], structuredContent: { given } };
    },
  );
  for (const name of more())
    server.registerTool(name, { description: name, inputSchema: z.object({}) }, () => ({ content: [] }));
  return server;
};

export interface ToolServer {
  readonly url: string;
  readonly calls: SeenCall[];
  /** Headers of all requests. */
  readonly requests: IncomingMessage["headers"][];
  /** Names of further tools; clients are told. */
  change(more: readonly string[]): void;
  /** Refuses requests whose `authorization` is another. */
  authorization: string | undefined;
  /** Whether the tool `wait` does. */
  waits: boolean;
  /** As one that was started anew. */
  forgetSessions(): void;
  close(): Promise<void>;
}

/** A server of before 2026-07-28, that keeps sessions. */
const sessionHandler = (build: () => McpServer) => {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return {
    sessions,
    async fetch(request: Request): Promise<Response> {
      const id = request.headers.get("mcp-session-id");
      if (id !== null)
        return sessions.get(id)?.handleRequest(request) ?? new Response("no such session", { status: 404 });
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (begun) => void sessions.set(begun, transport),
      });
      await build().connect(transport);
      return transport.handleRequest(request);
    },
  };
};

export const serveTools = async ({ keepsSessions = false } = {}): Promise<ToolServer> => {
  const calls: SeenCall[] = [];
  const requests: IncomingMessage["headers"][] = [];
  let more: readonly string[] = [];
  const bus = new InMemoryServerEventBus();
  const build = () =>
    buildTools(
      (call) => calls.push(call),
      () => more,
      () => self.waits,
    );
  const handler = createMcpHandler(build, { bus });
  const older = sessionHandler(build);
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      requests.push(incoming.headers);
      if (self.authorization !== undefined && incoming.headers.authorization !== self.authorization)
        return outgoing.writeHead(401, { "www-authenticate": "Bearer" }).end();
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const gone = new AbortController();
      outgoing.once("close", () => gone.abort());
      const request = new Request(`http://127.0.0.1${incoming.url}`, {
        method: incoming.method ?? "GET",
        headers: incoming.headers as Record<string, string>,
        signal: gone.signal,
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const response = await (keepsSessions ? older : handler).fetch(request);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.flushHeaders();
      for await (const chunk of response.body ?? []) outgoing.write(chunk);
      outgoing.end();
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const self: ToolServer = {
    ...{
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
      calls,
      requests,
      authorization: undefined,
      waits: true,
    },
    forgetSessions: () => older.sessions.clear(),
    change(names) {
      more = names;
      bus.publish({ kind: "tools_list_changed" });
    },
    async close() {
      await handler.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
};

if (process.argv[1] === import.meta.filename) serveStdio(() => buildTools(() => undefined));

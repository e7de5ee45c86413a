/** The node as an MCP server, at /mcp: callers and bounds are those of the other doors. The protocol is loaded with the first request. */
import { PlatformError } from "@agentcore/contract";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { DoorSeam, McpDoor } from "@agentcore/mcp/server";
import { loadMcpServer } from "../../tools/load-mcp.ts";
import { type ApiRequest, type ApiRoute, apiRoute } from "../api/api-route.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { errorHeaders, publicError } from "../http/error-headers.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { parseJson } from "../http/parse-json.ts";
import { readBody } from "../http/read-body.ts";
import { jsonResponse, streamHeaders } from "../http/responses.ts";

export interface McpRoutesDeps {
  readonly gateway: Pick<GatewayDeps, "agents" | "version" | "onError" | "credentials">;
  /** As callers may see them. */
  readonly tasks: TaskService;
  readonly waits: OpenCalls;
  readonly maxBodyBytes: number;
  readonly heartbeatMs: number;
  readonly publicUrl: () => string;
}

export interface McpRoutes {
  readonly routes: readonly ApiRoute[];
  /** Streams that wait for news end, and nothing new begins. */
  drain(): void;
  close(): void;
}

interface OpenDoor {
  readonly door: McpDoor;
  readonly seamOf: (scope: CallerScope, request: Request) => DoorSeam;
}

export const MCP_PATH = "/mcp";
const METADATA_PATH = "/.well-known/oauth-protected-resource/mcp";

const INSTRUCTIONS =
  "Each agent of this platform is a tool; a call of one is a task, which outlives this connection and is named in the result. " +
  "tasks_get tells of a task, tasks_answer answers what it asks, tasks_why says how it came to what it did.";

export const createMcpRoutes = ({
  gateway,
  tasks,
  waits,
  maxBodyBytes,
  heartbeatMs,
  publicUrl,
}: McpRoutesDeps): McpRoutes => {
  const { agents, version, onError, credentials } = gateway;
  let opening: Promise<OpenDoor> | null = null;
  let isDraining = false;
  let isClosed = false;

  const openDoor = async (): Promise<OpenDoor> => {
    const [{ McpDoor: Door }, { createSeams }] = await Promise.all([loadMcpServer(), import("./create-seams.ts")]);
    const door = new Door({
      ...{ version, instructions: INSTRUCTIONS, keepAliveMs: heartbeatMs },
      newId: () => crypto.randomUUID(),
      publicError: (error) => publicError(error, onError),
      clock: {
        monotonic: () => performance.now(),
        after: (ms, run) => {
          const timer = setTimeout(run, ms).unref();
          return { cancel: () => clearTimeout(timer) };
        },
      },
    });
    agents.watch?.((tenantId) => door.toolsChanged(tenantId));
    if (isDraining) door.drain();
    if (isClosed) void door.close();
    return { door, seamOf: createSeams({ agents, tasks, waits }) };
  };
  const opened = (): Promise<OpenDoor> => {
    opening ??= openDoor().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };

  const handle = async ({ request, scope }: ApiRequest): Promise<Response> => {
    if (request.method === "POST" && !/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? ""))
      throw new PlatformError("CONTENT_TYPE_NOT_SUPPORTED", "expected the content type application/json");
    const body = request.method === "POST" ? parseJson(await readBody(request, maxBodyBytes)) : undefined;
    const { tenantId, caller } = scope;
    const { door, seamOf } = await opened();
    return withHeaders(await door.fetch({ request, body, caller: { tenantId, caller }, seam: seamOf(scope, request) }));
  };

  /** As the protocol has it for what concerns no request; where tokens come from is told with what asks for one. */
  const refuse = (_request: Request, error: PlatformError): Response => {
    const { code, message, details } = error.toJSON();
    const headers = errorHeaders(error);
    const challenge = headers?.["www-authenticate"];
    const more =
      challenge === undefined || credentials?.tokens === undefined
        ? {}
        : { "www-authenticate": `${challenge}, resource_metadata="${publicUrl()}${METADATA_PATH}"` };
    const status = code === "CONTENT_TYPE_NOT_SUPPORTED" ? 415 : error.status;
    return jsonResponse(
      {
        jsonrpc: "2.0",
        id: null,
        error: { code: rpcCode(code), message, data: { code, ...(details === undefined ? {} : { details }) } },
      },
      status,
      { ...headers, ...more },
    );
  };

  const base = { path: MCP_PATH, tag: "doors", refuse, handle };
  const streamed = { status: 200, contentTypes: ["application/json", "text/event-stream"] };
  return {
    routes: [
      apiRoute({
        ...base,
        method: "POST",
        operationId: "mcpMessage",
        summary: "A message of the Model Context Protocol: agents as tools (docs/mcp.md)",
        answer: { ...streamed, description: "What answers it" },
      }),
      apiRoute({
        ...base,
        method: "GET",
        operationId: "mcpStream",
        summary: "News of a session, and the rest of a stream that was lost; of versions before 2026-07-28",
        answer: { ...streamed, description: "Messages" },
      }),
      apiRoute({
        ...base,
        method: "DELETE",
        operationId: "mcpEndSession",
        summary: "End a session; of versions before 2026-07-28",
        answer: { status: 200, description: "It is over; what runs goes on" },
      }),
      apiRoute({
        method: "GET",
        path: METADATA_PATH,
        operationId: "mcpResourceMetadata",
        summary: "Where tokens for /mcp come from (RFC 9728)",
        tag: "doors",
        access: "public",
        answer: { status: 200, description: "The issuers whose tokens are taken" },
        handle: () => {
          const issuers = credentials?.tokens?.issuers ?? [];
          if (issuers.length === 0) throw new PlatformError("NOT_FOUND", "this node takes no tokens");
          return jsonResponse({
            resource: `${publicUrl()}${MCP_PATH}`,
            authorization_servers: issuers.map(({ issuer }) => issuer),
            bearer_methods_supported: ["header"],
          });
        },
      }),
    ],
    drain() {
      isDraining = true;
      void opening?.then(({ door }) => door.drain()).catch(() => undefined);
    },
    close() {
      isDraining = true;
      isClosed = true;
      void opening?.then(({ door }) => door.close()).catch(() => undefined);
    },
  };
};

/** Those that every answer carries. */
const withHeaders = ({ status, headers, body }: Response): Response => {
  const all = new Headers(streamHeaders());
  all.delete("content-type");
  for (const [name, value] of headers) all.set(name, value);
  return new Response(body, { status, headers: all });
};

const rpcCode = (code: string): number => (code === "PARSE_ERROR" ? -32_700 : code === "INTERNAL" ? -32_603 : -32_600);

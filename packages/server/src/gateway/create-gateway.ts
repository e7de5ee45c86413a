/**
 * The gateway as a function from Request to Response. A2A comes first, since that is where the load is; everything
 * else goes through the API's route table.
 */
import type { CallerScope } from "@agentcore/core/tasks";
import { createA2ARouter } from "./a2a/a2a-router.ts";
import type { ApiRoute } from "./api/api-route.ts";
import { createApiRouter } from "./api/api-router.ts";
import { createApprovalRoutes } from "./api/approval-routes.ts";
import { createBackupRoutes } from "./api/backup-routes.ts";
import { createCacheRoutes } from "./api/cache-routes.ts";
import { createClusterRoutes } from "./api/cluster-routes.ts";
import { createDebugRoutes } from "./api/debug-routes.ts";
import { createEventRoutes } from "./api/event-routes.ts";
import { createHookRoutes } from "./api/hook-routes.ts";
import { createKeyRoutes } from "./api/key-routes.ts";
import { createMemoryRoutes } from "./api/memory-routes.ts";
import { createMigrationRoutes } from "./api/migration-routes.ts";
import { createModelRoutes } from "./api/model-routes.ts";
import { createNodeRoutes } from "./api/node-routes.ts";
import { buildOpenApi } from "./api/open-api.ts";
import { createOrchestrationRoutes } from "./api/orchestration-routes.ts";
import { createAgentRoutes, createManifestRoutes } from "./api/resource-routes.ts";
import { createRetentionRoutes } from "./api/retention-routes.ts";
import { createScheduleRoutes } from "./api/schedule-routes.ts";
import { createSpendingRoutes } from "./api/spending-routes.ts";
import { createTaskRoutes } from "./api/task-routes.ts";
import { createToolRoutes } from "./api/tool-routes.ts";
import { createWebhookRoutes } from "./api/webhook-routes.ts";
import { createWorkflowRoutes } from "./api/workflow-routes.ts";
import { createConsentRoutes } from "./consent/consent-routes.ts";
import type { ConnectionInfo } from "./deps/connection-info.ts";
import type { GatewayDeps } from "./deps/gateway-deps.ts";
import { DEFAULT_TENANT } from "./deps/tenants.ts";
import { createGrpcCalls, type GrpcCalls } from "./grpc/grpc-calls.ts";
import { createHomeRoutes } from "./home/home-routes.ts";
import { createAuthenticator } from "./http/authenticator.ts";
import { OpenCalls } from "./http/open-calls.ts";
import { createOriginGuard } from "./http/origin-guard.ts";
import { PendingAnswers } from "./http/pending-answers.ts";
import { createPermittedTasks } from "./http/permitted-tasks.ts";
import { createMcpRoutes } from "./mcp/mcp-routes.ts";
import { createOpenAiRoutes } from "./openai/openai-routes.ts";

export interface Gateway {
  /** Never rejects. Aborting `request.signal` ends streams and waits; it never cancels a task. */
  fetch(request: Request, info?: ConnectionInfo): Promise<Response>;
  /** True when callers must authenticate; else the node must listen on loopback only. */
  readonly authenticated: boolean;
  readonly routes: readonly ApiRoute[];
  /** For one gRPC port. */
  readonly grpc: GrpcCalls;
  /** Of one message, whatever it comes over. */
  readonly maxBodyBytes: number;
  /** Streams open now. */
  readonly openStreams: number;
  /** Counts the answer to a request until what it resolves with is called: its client has it, or has gone. Throws OVERLOADED. */
  holdAnswer(request: Request, bytes: number, info?: ConnectionInfo): Promise<() => void>;
  /** Of answers that were made and not taken yet. */
  readonly pendingAnswerBytes: number;
  /** Ends streams and refuses new ones; clients resume elsewhere by Last-Event-ID. */
  drain(): void;
  /** Drains, and answers blocking calls with their tasks as they are. */
  close(): void;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const MAX_STREAMS = 5000;
const MAX_STREAMS_PER_CALLER = 2000;
// A waiting call costs a listener and a timer, a stream also a reader of the log.
const MAX_WAITS = 5000;
const MAX_WAITS_PER_CALLER = 1000;
// Each holds a body while it is judged, of whoever sent it.
const MAX_DELIVERIES = 256;
const MAX_DELIVERIES_PER_HOOK = 128;
// Bytes. Together with what one answer takes while it is made, well within the heap that Node has by itself; one caller's share holds
// the largest answer there can be.
const MAX_PENDING_ANSWERS = 256 * 1024 * 1024;
const MAX_PENDING_ANSWERS_PER_CALLER = 64 * 1024 * 1024;
// Below the 30 to 60 s after which common proxies cut a silent connection.
const HEARTBEAT_MS = 15_000;

export const createGateway = (deps: GatewayDeps): Gateway => {
  const { settings = {}, onError } = deps;
  const maxBodyBytes = settings.maxBodyBytes ?? MAX_BODY_BYTES;
  const heartbeatMs = settings.heartbeatMs ?? HEARTBEAT_MS;
  const publicUrl = () => (typeof deps.publicUrl === "string" ? deps.publicUrl : deps.publicUrl()).replace(/\/+$/, "");

  const answers = new PendingAnswers({
    max: settings.maxPendingAnswerBytes ?? MAX_PENDING_ANSWERS,
    maxPerCaller: settings.maxPendingAnswerBytesPerCaller ?? MAX_PENDING_ANSWERS_PER_CALLER,
  });
  const authenticator = createAuthenticator(deps.apiKeys, deps.credentials);
  /** Who reads an answer. Asked again for answers that count only: who has asked for all the others is not kept. */
  const readerOf = async (headers: Headers, info: ConnectionInfo | undefined): Promise<CallerScope> => {
    try {
      return (await authenticator.identify(headers, info)) ?? PUBLIC;
    } catch {
      // A token that cannot be checked now, which keeps nobody from what is public.
      return PUBLIC;
    }
  };
  // With keys a foreign page has nothing to present, so any Host is fine.
  const guard = authenticator.required ? null : createOriginGuard(publicUrl);
  const streams = new OpenCalls({
    what: "streams",
    max: settings.maxStreams ?? MAX_STREAMS,
    maxPerCaller: settings.maxStreamsPerCaller ?? MAX_STREAMS_PER_CALLER,
  });
  const waits = new OpenCalls({
    what: "waiting calls",
    max: settings.maxWaits ?? MAX_WAITS,
    maxPerCaller: settings.maxWaitsPerCaller ?? MAX_WAITS_PER_CALLER,
  });
  // Streamed or not: each holds its question, and what it costs is lost when it is cut.
  const modelCalls = new OpenCalls({
    what: "calls of models",
    max: settings.maxWaits ?? MAX_WAITS,
    maxPerCaller: settings.maxWaitsPerCaller ?? MAX_WAITS_PER_CALLER,
  });

  const deliveries = new OpenCalls({
    what: "deliveries",
    max: MAX_DELIVERIES,
    maxPerCaller: MAX_DELIVERIES_PER_HOOK,
  });

  const a2a = createA2ARouter({
    gateway: deps,
    authenticator,
    guard,
    streams,
    waits,
    answers,
    publicUrl,
    grpcAddress: () => deps.grpcAddress?.(),
    options: { maxBodyBytes, heartbeatMs, onError },
  });

  const tasks = createPermittedTasks(deps.tasks, deps);
  const mcp = createMcpRoutes({ gateway: deps, tasks, waits, maxBodyBytes, heartbeatMs, publicUrl });
  let document: string | undefined;
  const routes: readonly ApiRoute[] = [
    ...createHomeRoutes(deps),
    ...createTaskRoutes(tasks, waits),
    ...createApprovalRoutes(tasks, waits),
    ...createDebugRoutes(tasks, deps.manifests),
    ...createMigrationRoutes(tasks),
    ...createEventRoutes(tasks, streams, answers, heartbeatMs),
    ...createWebhookRoutes(tasks, deps.push),
    ...createHookRoutes(deps.hooks, deliveries),
    ...createConsentRoutes(deps.consents, publicUrl),
    ...createAgentRoutes(deps.agents, deps.finder),
    ...createManifestRoutes(deps.manifests),
    ...createWorkflowRoutes(deps.agents, deps.workflows, tasks),
    ...createScheduleRoutes(deps.schedules),
    ...createSpendingRoutes(deps.spending, deps.clock),
    ...createModelRoutes(deps.models),
    ...createToolRoutes(deps.tools),
    ...createCacheRoutes(deps.models),
    ...createOpenAiRoutes({
      ...{ models: deps.models, agents: deps.agents, tasks: deps.tasks, operations: a2a.operations },
      ...{ calls: modelCalls, answers, heartbeatMs, clock: deps.clock, onError },
    }),
    ...mcp.routes,
    ...createOrchestrationRoutes(deps.orchestration, tasks, waits),
    ...createClusterRoutes(deps.nodes),
    ...createRetentionRoutes(deps.retention),
    ...createMemoryRoutes(deps.memory),
    ...createBackupRoutes(deps.backups),
    ...createKeyRoutes(deps.cardSigner),
    ...createNodeRoutes({
      health: deps.health,
      metrics: deps.metrics,
      openApi: () =>
        (document ??= JSON.stringify(
          buildOpenApi(routes, {
            version: deps.version,
            publicUrl: publicUrl(),
            authenticated: authenticator.required,
          }),
        )),
    }),
  ];
  const api = createApiRouter({ routes, authenticator, guard, maxBodyBytes, onError });

  const route = async (request: Request, info: ConnectionInfo | undefined): Promise<Response> => {
    const path = pathOf(request.url);
    return (await a2a.route(request, path, info)) ?? (await api(request, path, info));
  };

  return {
    authenticated: authenticator.required,
    routes,
    grpc: createGrpcCalls({ gateway: deps, a2a, guard, answers }),
    maxBodyBytes,
    get openStreams() {
      return streams.size;
    },
    async fetch(request, info) {
      if (request.method !== "HEAD") return route(request, info);
      const { status, headers, body } = await route(
        new Request(request.url, { headers: request.headers, signal: request.signal }),
        info,
      );
      await body?.cancel();
      return new Response(null, { status, headers });
    },
    holdAnswer: async ({ headers }, bytes, info) => answers.hold(await readerOf(headers, info), bytes),
    get pendingAnswerBytes() {
      return answers.bytes;
    },
    drain() {
      streams.close();
      mcp.drain();
    },
    close() {
      streams.close();
      waits.close();
      modelCalls.close();
      deliveries.close();
      mcp.close();
    },
  };
};

/** Whoever reads pages that need no credential, and shows none. */
const PUBLIC: CallerScope = { tenantId: DEFAULT_TENANT, caller: "anonymous" };

/** The pathname without the cost of a URL object. */
const pathOf = (url: string): string => {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  let end = url.length;
  for (const mark of ["?", "#"]) {
    const at = url.indexOf(mark, start);
    if (at !== -1 && at < end) end = at;
  }
  return url.slice(start, end);
};

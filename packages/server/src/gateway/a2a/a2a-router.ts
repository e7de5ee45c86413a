/** Addresses of A2A: `/a2a/{agent}…`, the default agent at `/` and `/a2a`, and the well-known pages. */
import type { CallerScope } from "@agentcore/core/tasks";
import type { AgentDescription } from "../deps/agents.ts";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import type { Authenticator } from "../http/authenticator.ts";
import { publicError } from "../http/error-headers.ts";
import type { Client, OpenCalls } from "../http/open-calls.ts";
import type { OriginGuard } from "../http/origin-guard.ts";
import type { PendingAnswers } from "../http/pending-answers.ts";
import { refusable } from "../http/responses.ts";
import { lastEventId } from "../http/server-sent-events.ts";
import { createCardPages, noSuchAgent } from "./card-pages.ts";
import { answerJsonRpc, type BindingOptions, type OpenA2ACall } from "./json-rpc.ts";
import { type A2ACall, createA2AOperations } from "./operations.ts";
import { answerRest, restErrorResponse } from "./rest.ts";
import { wrongMethod } from "./wrong-method.ts";

export interface A2ARouterDeps {
  readonly gateway: GatewayDeps;
  readonly authenticator: Authenticator;
  readonly guard: OriginGuard | null;
  readonly streams: OpenCalls;
  readonly waits: OpenCalls;
  readonly answers: PendingAnswers;
  readonly options: BindingOptions;
  readonly publicUrl: () => string;
  readonly grpcAddress: () => string | undefined;
}

// Clients older than 0.3 ask for agent.json.
const CARDS: ReadonlySet<string> = new Set([".well-known/agent-card.json", ".well-known/agent.json"]);

export const createA2ARouter = ({
  gateway,
  authenticator,
  guard,
  streams,
  waits,
  answers,
  options,
  publicUrl,
  grpcAddress,
}: A2ARouterDeps) => {
  const { agents, settings = {} } = gateway;
  const { cardSigner } = gateway;
  /** Of a tenant that has exactly one agent, that one. */
  const defaultAgent = (tenantId: string): AgentDescription | null => {
    const all = agents.list(tenantId);
    return all.length === 1 ? (all[0] ?? null) : null;
  };

  const pages = createCardPages({
    ...{ agents, authenticator, cardSigner, publicUrl, grpcAddress, defaultAgent },
    now: () => gateway.clock.now(),
  });
  const operations = createA2AOperations({
    ...{ tasks: gateway.tasks, push: gateway.push, settings, streams, waits, answers },
    extendedCard: ({ scope, agent }) => pages.extendedCard(scope.tenantId, agent),
  });

  const findAgent = (tenantId: string, name: string | null): AgentDescription => {
    const agent = name === null ? defaultAgent(tenantId) : agents.get(tenantId, name);
    if (agent === null) throw noSuchAgent(name);
    return agent;
  };

  /** Whoever may call at all. */
  const admit = (request: Pick<Request, "headers" | "url">, info: ConnectionInfo | undefined): Promise<CallerScope> => {
    guard?.(request, info);
    return authenticator.authenticate(request.headers, info);
  };

  const callFor = (scope: CallerScope, name: string | null, headers: Headers, client: Client): A2ACall => {
    const agent = findAgent(scope.tenantId, name);
    const traceparent = headers.get("traceparent");
    return {
      scope,
      agent,
      client,
      lastEventId: lastEventId(headers),
      traceparent: traceparent !== null && traceparent.length <= 128 ? traceparent : undefined,
    };
  };

  const opener =
    (request: Request, name: string | null, info: ConnectionInfo | undefined): OpenA2ACall =>
    async () =>
      callFor(await admit(request, info), name, request.headers, request);

  const page = async (
    request: Request,
    info: ConnectionInfo | undefined,
    answer: (tenantId: string) => Promise<Response>,
  ): Promise<Response> => {
    try {
      guard?.(request, info);
      if (request.method !== "GET") return wrongMethod(request.method, ["GET"]);
      return refusable(await answer(await pages.tenantOf(request, info)), restErrorResponse);
    } catch (thrown) {
      return restErrorResponse(publicError(thrown, options.onError));
    }
  };

  const cardPage = (request: Request, name: string | null, info: ConnectionInfo | undefined): Promise<Response> =>
    page(request, info, async (tenantId) => pages.card(request, tenantId, findAgent(tenantId, name)));

  /** Null when the path is not one of A2A's. `path` is the pathname as it came, without query. */
  const route = (
    request: Request,
    path: string,
    info: ConnectionInfo | undefined,
  ): Promise<Response> | Response | null => {
    if (path.startsWith("/a2a/")) {
      const slash = path.indexOf("/", 5);
      const name = slash === -1 ? path.slice(5) : path.slice(5, slash);
      const rest = slash === -1 ? "" : path.slice(slash + 1);
      if (rest === "") return rpcAddress(request, name === "" ? null : name, info);
      if (CARDS.has(rest)) return cardPage(request, name, info);
      return answerRest(request, decodeSegments(rest), opener(request, name, info), operations, options);
    }
    if (path === "/a2a" || (path === "/" && request.method === "POST")) return rpcAddress(request, null, info);
    if (CARDS.has(path.slice(1))) return cardPage(request, null, info);
    if (path === "/.well-known/ai-catalog.json")
      return page(request, info, (tenantId) => pages.catalog(request, tenantId));
    return null;
  };

  function rpcAddress(
    request: Request,
    name: string | null,
    info: ConnectionInfo | undefined,
  ): Promise<Response> | Response {
    if (request.method !== "POST") return wrongMethod(request.method, ["POST"]);
    return answerJsonRpc(request, opener(request, name, info), operations, options);
  }

  return { route, admit, callFor, operations };
};

/** What does not decode stays as it came and is then found nowhere. */
const decodeSegments = (path: string): string[] =>
  path.split("/").map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });

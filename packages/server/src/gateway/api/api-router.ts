/** Runs the route table: match, authorise, validate, handle, and turn what is thrown into `{ error }`. */
import { PlatformError, parseInput } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import type { Authenticator } from "../http/authenticator.ts";
import { publicError } from "../http/error-headers.ts";
import { errorResponse } from "../http/error-response.ts";
import type { OriginGuard } from "../http/origin-guard.ts";
import { jsonResponse, refusable } from "../http/responses.ts";
import type { ApiRoute } from "./api-route.ts";
import { pathTemplate } from "./path-template.ts";
import { readApiBody } from "./read-api-body.ts";

export interface ApiRouterDeps {
  readonly routes: readonly ApiRoute[];
  readonly authenticator: Authenticator;
  readonly guard: OriginGuard | null;
  readonly maxBodyBytes: number;
  readonly onError: GatewayDeps["onError"];
}

const ANONYMOUS: CallerScope = { tenantId: DEFAULT_TENANT, caller: "anonymous" };
// Probes come from outside with whatever Host header the prober has.
const UNGUARDED = new Set(["/healthz", "/readyz"]);
// Services deliver by whatever name leads here, and a page that a user visits cannot sign.
const SIGNED = "/hooks/";
// A link in somebody's mail, an authorization server that sends them back: what counts comes with what only their browser has.
const LINKED = "/oauth/";

export const createApiRouter = ({ routes, authenticator, guard, maxBodyBytes, onError }: ApiRouterDeps) => {
  const table = routes.map((route) => ({ route, template: pathTemplate(route.path) }));

  const run = async (
    request: Request,
    info: ConnectionInfo | undefined,
    route: ApiRoute,
    path: Readonly<Record<string, string>>,
  ): Promise<Response> => {
    const { access } = route;
    const isOpen = access === "public" || access === "signed";
    const scope = isOpen ? ANONYMOUS : await authenticator.authenticate(request.headers, info);
    if (access === "operator" && scope.operator !== true) {
      throw new PlatformError("PERMISSION_DENIED", `${route.operationId} needs a key with role=operator`);
    }
    const query = route.query === undefined ? undefined : parseInput(route.query, queryOf(request.url), "the query");
    const body =
      route.body === undefined
        ? undefined
        : parseInput(route.body, await readApiBody(request, route, maxBodyBytes), "the body");
    return route.handle({ request, scope, path, query, body });
  };

  return async (request: Request, path: string, info: ConnectionInfo | undefined): Promise<Response> => {
    let found: ApiRoute | undefined;
    const refuse = (error: PlatformError): Response => found?.refuse?.(request, error) ?? errorResponse(error);
    try {
      if (!UNGUARDED.has(path) && !path.startsWith(SIGNED)) guard?.(request, info, path.startsWith(LINKED));
      const allowed: string[] = [];
      for (const { route, template } of table) {
        const values = template.match(path);
        if (values === null) continue;
        if (route.method === request.method) {
          found = route;
          return refusable(await run(request, info, route, values), refuse);
        }
        allowed.push(route.method);
      }
      if (allowed.length === 0)
        throw new PlatformError("METHOD_NOT_FOUND", "there is no such path; /openapi.json lists them all");
      const error = new PlatformError(
        "METHOD_NOT_FOUND",
        `this path does not take ${request.method}: use ${allowed.join(" or ")}`,
      );
      return jsonResponse({ error: error.toJSON() }, 405, { allow: allowed.join(", ") });
    } catch (thrown) {
      return refusable(refuse(publicError(thrown, onError)), refuse);
    }
  };
};

const queryOf = (url: string): Record<string, string> => {
  const mark = url.indexOf("?");
  return mark === -1 ? {} : Object.fromEntries(new URLSearchParams(url.slice(mark)));
};

/** Where outside services deliver. No credential opens it: each delivery is signed, as the hook that it is for says. */
import { NAME_PATTERN, PlatformError } from "@agentcore/contract";
import { z } from "zod";
import type { HookDoor } from "../deps/hook-door.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { readBytes } from "../http/read-bytes.ts";
import { jsonResponse } from "../http/responses.ts";
import { refuseTenantName } from "../http/tenant-name.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

// Services send what they have at once; who is slower holds a place that others need.
const BODY_TIMEOUT_MS = 10_000;

/** Said to all who are refused (H2). */
const refused = (): PlatformError =>
  new PlatformError("UNAUTHENTICATED", "there is no such webhook, or this delivery is not signed as it asks");

const Kept = z.object({ repeated: z.boolean() });

export const createHookRoutes = (
  hooks: HookDoor,
  calls: OpenCalls,
  bodyTimeoutMs = BODY_TIMEOUT_MS,
): readonly ApiRoute[] => {
  const deliver = async (request: Request, tenantId: string, name: string): Promise<Response> => {
    const hook = isName(tenantId, name) ? await hooks.find(tenantId, name) : null;
    if (hook === null) throw refused();
    const call = calls.begin({ tenantId, caller: `hook:${name}` }, request);
    try {
      const kept = await hook.deliver(request.headers, await readBytes(request, hook.maxBytes, bodyTimeoutMs));
      if (kept === null) throw refused();
      return jsonResponse(kept);
    } finally {
      call.end();
    }
  };
  const route = (path: string, operationId: string, summary: string): ApiRoute =>
    apiRoute({
      ...{ method: "POST", path, operationId, summary, tag: "hooks", access: "signed" },
      answer: { status: 200, schema: Kept, description: "It is durable; `repeated`: it was before" },
      handle: ({ request, path: { tenant = DEFAULT_TENANT, name = "" } }) => deliver(request, tenant, name),
    });
  return [
    route("/hooks/{name}", "deliver", "Deliver to a webhook of the tenant default"),
    route("/hooks/{tenant}/{name}", "deliverToTenant", "Deliver to a webhook of a tenant"),
  ];
};

const isName = (tenantId: string, name: string): boolean =>
  refuseTenantName(tenantId) === undefined && NAME_PATTERN.test(name);

/** The nodes that share this one's store, and what an operator may ask of them. */
import { NodeStatus, PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";
import { z } from "zod";
import type { NodeService } from "../deps/node-service.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import { emptyResponse, jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const DEFAULT_GRACE_MS = 30_000;
const MAX_GRACE_MS = 3_600_000;

const expected = `expected milliseconds from 0 to ${MAX_GRACE_MS}`;
const DrainBody = z.strictObject({
  /** Milliseconds that running steps have to end. @default 30000 */
  graceMs: z
    .number({ error: expected })
    .int({ error: expected })
    .min(0, { error: expected })
    .max(MAX_GRACE_MS, { error: expected })
    .optional(),
});

/** A node runs the tasks of every tenant, so it is not for the operator of any one of them. */
const assertPlatformOperator = ({ tenantId }: CallerScope): void => {
  if (tenantId !== DEFAULT_TENANT)
    throw new PlatformError(
      "PERMISSION_DENIED",
      `nodes are drained by operators of the tenant ${DEFAULT_TENANT}: they run the tasks of all tenants`,
    );
};

export const createClusterRoutes = (nodes: NodeService): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/nodes",
    operationId: "listNodes",
    summary:
      "The nodes that share the store, with the tenant's agents on each; one that is silent is lost, then forgotten",
    tag: "nodes",
    access: "operator",
    answer: { status: 200, schema: z.object({ nodes: z.array(NodeStatus) }), description: "All nodes" },
    handle: async ({ scope }) => jsonResponse({ nodes: await nodes.list(scope.tenantId) }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/nodes/{name}",
    operationId: "getNode",
    summary: "One node",
    tag: "nodes",
    access: "operator",
    answer: { status: 200, schema: NodeStatus, description: "The node" },
    handle: async ({ scope, path }) => jsonResponse(await nodes.get(scope.tenantId, path.name ?? "")),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/nodes/{name}/drain",
    operationId: "drainNode",
    summary: "Let a node give its tasks to others and take none, also after a restart, until undrain",
    tag: "nodes",
    access: "operator",
    body: DrainBody,
    bodyOptional: true,
    answer: {
      status: 202,
      schema: NodeStatus,
      description: "The node as it is now; it is done when its state is drained",
    },
    async handle({ scope, path, body }) {
      assertPlatformOperator(scope);
      return jsonResponse(await nodes.drain(scope, path.name ?? "", body.graceMs ?? DEFAULT_GRACE_MS), 202);
    },
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/nodes/{name}/undrain",
    operationId: "undrainNode",
    summary: "Let a node take tasks again",
    tag: "nodes",
    access: "operator",
    answer: { status: 204, description: "It is allowed to" },
    async handle({ scope, path }) {
      assertPlatformOperator(scope);
      await nodes.undrain(scope.tenantId, path.name ?? "");
      return emptyResponse(204);
    },
  }),
];

/** The cache of models: how it does, and how it is emptied. */
import { CacheStatus } from "@agentcore/contract";
import type { ModelGateway } from "@agentcore/models";
import { z } from "zod";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

export const createCacheRoutes = (models: ModelGateway | undefined): readonly ApiRoute[] =>
  models === undefined
    ? []
    : [
        apiRoute({
          method: "GET",
          path: "/api/v1/cache",
          operationId: "getCache",
          summary:
            "What the cache of models has done for the tenant: hits by level, what they saved, and whether the semantic level is on",
          tag: "models",
          access: "operator",
          answer: { status: 200, schema: CacheStatus, description: "Numbers of this node since it started" },
          handle: async ({ scope }) => jsonResponse(await models.cache.statistics(scope.tenantId)),
        }),
        apiRoute({
          method: "DELETE",
          path: "/api/v1/cache",
          operationId: "clearCache",
          summary: "Forget all answers of the tenant; a semantic level that has switched itself off is on again",
          tag: "models",
          access: "operator",
          answer: {
            status: 200,
            schema: z.object({ cleared: z.boolean() }),
            description: "Done, on all nodes within ten seconds",
          },
          async handle({ scope }) {
            await models.cache.clear(scope.tenantId);
            return jsonResponse({ cleared: true });
          },
        }),
      ];

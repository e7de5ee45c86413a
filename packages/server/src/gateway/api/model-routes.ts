/** Models that the caller may name, with what is known of them. */
import { ModelPrice } from "@agentcore/contract";
import type { ModelGateway } from "@agentcore/models";
import { z } from "zod";
import { jsonResponse } from "../http/responses.ts";
import { modelsOf } from "../openai/listed-models.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const ModelResource = z.object({
  /** `provider/…` stands for all models of a provider that the node's environment has a key for. */
  name: z.string(),
  declaredBy: z.enum(["manifest", "environment"]),
  provider: z.string().optional(),
  model: z.string().optional(),
  candidates: z.array(z.string()).optional(),
  fallback: z.array(z.string()).optional(),
  /** US dollars for a million tokens. */
  price: ModelPrice.optional(),
  contextWindow: z.number().optional(),
  maxOutputTokens: z.number().optional(),
  /** Why it cannot be asked now; null: nothing is known against it. */
  trouble: z.string().nullable(),
});

export const createModelRoutes = (models: ModelGateway | undefined): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/models",
    operationId: "listModels",
    summary: "Models of the caller's tenant, those that the caller may name",
    tag: "models",
    answer: { status: 200, schema: z.object({ models: z.array(ModelResource) }), description: "All of them" },
    handle: async ({ scope }) => jsonResponse({ models: await modelsOf(models, scope) }),
  }),
];

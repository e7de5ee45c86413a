/** How far the webhooks of a task have come. They are made and deleted over A2A, whose answers have no place for it. */
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { PushConfigService } from "../deps/push-config-service.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const WebhookResource = z.object({
  id: z.string(),
  host: z.string(),
  state: z.enum(["open", "done", "abandoned"]),
  /** Number of the last event that was taken; 0 before the first. */
  acknowledged: z.number(),
  /** Failed ones since then. */
  attempts: z.number(),
  nextAttemptAt: z.number().nullable(),
  lastError: z.string().nullable(),
});

export const createWebhookRoutes = (tasks: TaskService, push: PushConfigService): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/tasks/{id}/webhooks",
    operationId: "listTaskWebhooks",
    summary: "How far the push notifications of a task have come",
    tag: "tasks",
    answer: {
      status: 200,
      schema: z.object({ webhooks: z.array(WebhookResource) }),
      description: "The caller's configurations; an operator's answer has everybody's",
    },
    async handle({ scope, path }) {
      const { taskId } = await tasks.head(scope, path.id ?? "");
      return jsonResponse({ webhooks: await push.states(scope, taskId) });
    },
  }),
];

import { ApprovalQuestion, AuthorizationQuestion, DecisionAnswer, Part } from "@agentcore/contract";
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { OpenCalls } from "../http/open-calls.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { PageSize } from "./task-routes.ts";

const InboxQuery = z.strictObject({
  /** All that waits in the tenant, without tokens of others: for operators. */
  all: z.enum(["true", "false"], { error: "expected true or false" }).optional(),
  taskId: z.string().min(1).max(256).optional(),
  pageSize: PageSize.optional(),
  pageToken: z.string().max(1024).optional(),
});

const InboxItemResource = z.object({
  kind: z.enum(["approval", "question", "authorization"]),
  taskId: z.string(),
  agent: z.string(),
  contextId: z.string(),
  caller: z.string(),
  path: z.string(),
  prompt: z.array(Part),
  askedAt: z.number(),
  authorization: AuthorizationQuestion.optional(),
  approval: ApprovalQuestion.extend({ decidedBy: z.array(z.string()), token: z.string().optional() }).optional(),
});

export const createApprovalRoutes = (tasks: TaskService, waits: OpenCalls): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/inbox",
    operationId: "getInbox",
    summary: "What waits for the caller: decisions, questions, authorisations",
    tag: "tasks",
    query: InboxQuery,
    answer: {
      status: 200,
      schema: z.object({ items: z.array(InboxItemResource), nextPageToken: z.string() }),
      description:
        "A page, newest change first; `nextPageToken` is empty on the last, and a page may be empty before it",
    },
    async handle({ scope, query: { all, ...query } }) {
      return jsonResponse(await tasks.inbox(scope, { ...query, all: all === "true" }), 200, {
        // It holds tokens.
        "cache-control": "no-store",
      });
    },
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/tasks/{id}/decisions",
    operationId: "decideTask",
    summary: "Decide, or hand one's part to somebody else, with the token from the inbox",
    tag: "tasks",
    body: DecisionAnswer,
    answer: {
      status: 200,
      schema: z.object({ id: z.string(), decided: z.boolean() }),
      description: "It counts; `decided` is false while others have to choose",
    },
    async handle({ request, scope, path, body }) {
      const open = waits.begin(scope, request);
      try {
        return jsonResponse(await tasks.decide(scope, path.id ?? "", body, open));
      } finally {
        open.end();
      }
    },
  }),
];

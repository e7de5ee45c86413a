/** Looking into tasks, and beginning others where they were: for operators, since what people decided and agents answered is used again. */
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { TaskResource, toHeadResource } from "./task-resource.ts";

const Revision = z.string().min(1).max(256);

const ReplayBody = z.strictObject({
  /** Of the agent; `current` is what new tasks get. @default that of the task */
  revision: Revision.optional(),
});

const ReplayResource = z.object({
  taskId: z.string(),
  agent: z.string(),
  revision: z.string(),
  agrees: z.boolean(),
  /** Numbers of the events that were gone through. */
  from: z.number(),
  to: z.number(),
  differs: z
    .object({
      seq: z.number().nullable(),
      path: z.string().nullable(),
      recorded: z.unknown(),
      made: z.unknown(),
      message: z.string(),
    })
    .nullable(),
  end: z.object({ type: z.string(), data: z.unknown() }).nullable(),
  next: z.array(z.string()),
});

const MAX_SET = 100;

const ForkBody = z.strictObject({
  at: z.int().min(1).optional(),
  input: z.unknown().optional(),
  /** Results of calls, by their path. */
  set: z
    .record(z.string().min(1).max(4096), z.unknown())
    .refine((set) => Object.keys(set).length <= MAX_SET, { error: `expected at most ${MAX_SET} results` })
    .optional(),
  revision: Revision.optional(),
  idempotencyKey: z.string().min(1).max(256).optional(),
});

export const createDebugRoutes = (tasks: TaskService): readonly ApiRoute[] => [
  apiRoute({
    method: "POST",
    path: "/api/v1/tasks/{id}/replay",
    operationId: "replayTask",
    summary: "Run the code of a task over its log, without any effect: does it come to where the log is?",
    tag: "tasks",
    access: "operator",
    body: ReplayBody,
    bodyOptional: true,
    answer: { status: 200, schema: ReplayResource, description: "Whether code and log agree, else where they part" },
    handle: async ({ scope, path, body }) => jsonResponse(await tasks.replay(scope, path.id ?? "", body)),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/tasks/{id}/fork",
    operationId: "forkTask",
    summary: "Begin a new task where this one was after an event; durable when answered",
    tag: "tasks",
    access: "operator",
    body: ForkBody,
    bodyOptional: true,
    answer: {
      status: 201,
      schema: TaskResource.extend({ at: z.number(), existing: z.boolean() }),
      description: "The fork, and the last event that it took over; 200 for one that the idempotency key knew",
    },
    async handle({ scope, path, body }) {
      const { taskId, at, existing } = await tasks.fork(scope, path.id ?? "", body);
      const [head, task] = await Promise.all([tasks.head(scope, taskId), tasks.view(scope, taskId)]);
      const headers = { location: `/api/v1/tasks/${encodeURIComponent(taskId)}` };
      return jsonResponse({ at, existing, head: toHeadResource(head), task }, existing ? 200 : 201, headers);
    },
  }),
];

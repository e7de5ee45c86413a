import type { TaskState } from "@agentcore/contract";
import {
  type A2AMessage,
  A2ATask,
  AuthorizationDecision,
  Breakpoints,
  Part,
  PRIORITIES,
  parseTarget,
  SignalId,
  TASK_STATES,
  TargetText,
} from "@agentcore/contract";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { OpenCalls } from "../http/open-calls.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { TaskHeadResource, TaskResource, toHeadResource } from "./task-resource.ts";

const Id = z.string().min(1).max(256);

const States = z
  .string()
  .transform((text) => text.split(","))
  .pipe(z.array(z.enum(TASK_STATES, { error: `expected some of ${TASK_STATES.join(", ")}, separated by commas` })));

export const PageSize = z.coerce
  .number({ error: "expected 1 to 100" })
  .int()
  .min(1, { error: "expected 1 to 100" })
  .max(100, { error: "expected 1 to 100" });

const TaskListQuery = z.strictObject({
  agent: z.string().max(63).optional(),
  state: States.optional(),
  contextId: Id.optional(),
  pageSize: PageSize.optional(),
  pageToken: z.string().max(1024).optional(),
});

const SubmitBody = z.strictObject({
  target: TargetText,
  skill: z.string().max(256).optional(),
  input: z.unknown(),
  contextId: Id.optional(),
  /** `urgent` is for operators. @default "normal" */
  priority: z.enum(PRIORITIES, { error: `expected one of ${PRIORITIES.join(", ")}` }).optional(),
  /** The same key of the same caller for the same agent returns the same task. */
  idempotencyKey: Id.optional(),
  /** Where it is held from its very start on (operators). */
  breakpoints: Breakpoints.optional(),
  /** Answer when the task has ended or waits for someone. */
  wait: z.boolean().optional(),
});

const SubmittedResource = z.object({ existing: z.boolean(), head: TaskHeadResource, task: A2ATask });

const MessageBody = z
  .strictObject({
    /** Makes a repeated call harmless. @default a new one */
    messageId: Id.optional(),
    text: z.string().optional(),
    data: z.unknown().optional(),
    parts: z.array(Part).min(1).max(1000).optional(),
  })
  .refine((body) => [body.text, body.data, body.parts].filter((value) => value !== undefined).length === 1, {
    error: "expected exactly one of text, data, parts",
  });

const SignalBody = z.strictObject({
  payload: z.unknown().optional(),
  /** The same once more is no other signal. @default a fresh one */
  idempotencyKey: SignalId.optional(),
});
const CancelBody = z.strictObject({ reason: z.string().max(1000).optional() });
const Empty = z.strictObject({});

export const createTaskRoutes = (tasks: TaskService, waits: OpenCalls): readonly ApiRoute[] => {
  const resource = async (scope: CallerScope, taskId: string) => {
    const [head, task] = await Promise.all([tasks.head(scope, taskId), tasks.view(scope, taskId)]);
    const held = await tasks.held(scope.tenantId, [head]);
    return { head: toHeadResource(head, held.get(taskId)), task };
  };

  return [
    apiRoute({
      method: "GET",
      path: "/api/v1/tasks",
      operationId: "listTasks",
      summary: "Tasks, newest change first",
      tag: "tasks",
      query: TaskListQuery,
      answer: {
        status: 200,
        schema: z.object({ heads: z.array(TaskHeadResource), nextPageToken: z.string(), totalSize: z.number() }),
        description: "A page of tasks; `nextPageToken` is empty on the last",
      },
      async handle({ scope, query }) {
        const { agent, contextId, pageSize, pageToken, state } = query;
        const listing = await tasks.list(scope, {
          agent,
          contextId,
          pageSize,
          pageToken: pageToken === "" ? undefined : pageToken,
          states: state as readonly TaskState[] | undefined,
        });
        const held = await tasks.held(scope.tenantId, listing.heads);
        return jsonResponse({
          heads: listing.heads.map((head) => toHeadResource(head, held.get(head.taskId))),
          nextPageToken: listing.nextPageToken,
          totalSize: listing.totalSize,
        });
      },
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/tasks",
      operationId: "submitTask",
      summary: "Give work to an agent; durable when answered",
      tag: "tasks",
      body: SubmitBody,
      answer: {
        status: 201,
        schema: SubmittedResource,
        description: "The new task; 200 for one that the idempotency key knew",
      },
      async handle({ request, scope, body }) {
        const { target, wait, ...rest } = body;
        const traceparent = request.headers.get("traceparent") ?? undefined;
        // Before anything is stored: a call that is refused has done nothing.
        const open = wait === true ? waits.begin(scope, request) : null;
        try {
          const { taskId, existing } = await tasks.submit(scope, {
            ...rest,
            target: parseTarget(target),
            signal: request.signal,
            ...(traceparent === undefined ? {} : { traceparent }),
          });
          if (open !== null) await tasks.settled(scope, taskId, open);
          const headers = { location: `/api/v1/tasks/${encodeURIComponent(taskId)}` };
          return jsonResponse({ existing, ...(await resource(scope, taskId)) }, existing ? 200 : 201, headers);
        } finally {
          open?.end();
        }
      },
    }),
    apiRoute({
      method: "GET",
      path: "/api/v1/tasks/{id}",
      operationId: "getTask",
      summary: "A task: its index row and A2A's view of it",
      tag: "tasks",
      answer: { status: 200, schema: TaskResource, description: "The task" },
      handle: async ({ scope, path }) => jsonResponse(await resource(scope, path.id ?? "")),
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/tasks/{id}/cancel",
      operationId: "cancelTask",
      summary: "Ask for cancellation; durable when answered",
      tag: "tasks",
      body: CancelBody,
      bodyOptional: true,
      answer: { status: 202, schema: TaskResource, description: "The task as it is now" },
      async handle({ scope, path, body }) {
        await tasks.cancel(scope, path.id ?? "", body.reason);
        return jsonResponse(await resource(scope, path.id ?? ""), 202);
      },
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/tasks/{id}/retry",
      operationId: "retryTask",
      summary: "Let a parked task go on",
      tag: "tasks",
      body: Empty,
      bodyOptional: true,
      answer: { status: 202, schema: TaskResource, description: "The task as it is now" },
      async handle({ scope, path }) {
        await tasks.retry(scope, path.id ?? "");
        return jsonResponse(await resource(scope, path.id ?? ""), 202);
      },
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/tasks/{id}/authorize",
      operationId: "authorizeTask",
      summary: "Grant or refuse access that a task waits for; durable when answered",
      tag: "tasks",
      body: AuthorizationDecision,
      answer: { status: 202, schema: TaskResource, description: "The decision is kept; the task as it is now" },
      async handle({ scope, path, body }) {
        await tasks.authorize(scope, path.id ?? "", body);
        return jsonResponse(await resource(scope, path.id ?? ""), 202);
      },
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/tasks/{id}/signals/{name}",
      operationId: "signalTask",
      summary: "Tell a task something by name, for code that waits for it now or later; durable when answered",
      tag: "tasks",
      body: SignalBody,
      bodyOptional: true,
      answer: { status: 202, schema: TaskResource, description: "The signal is kept; the task as it is now" },
      async handle({ scope, path, body }) {
        const { id = "", name = "" } = path;
        await tasks.signal(scope, id, { name, payload: body.payload, id: body.idempotencyKey });
        return jsonResponse(await resource(scope, id), 202);
      },
    }),
    apiRoute({
      method: "POST",
      path: "/api/v1/tasks/{id}/messages",
      operationId: "sendTaskMessage",
      summary: "A follow-up or an answer to a task; durable when answered",
      tag: "tasks",
      body: MessageBody,
      answer: { status: 202, schema: TaskResource, description: "The message is kept; the task as it is now" },
      async handle({ scope, path, body }) {
        const taskId = path.id ?? "";
        const parts = body.parts ?? [body.text === undefined ? { data: body.data } : { text: body.text }];
        const message: A2AMessage = { messageId: body.messageId ?? crypto.randomUUID(), role: "ROLE_USER", parts };
        await tasks.send(scope, taskId, message);
        return jsonResponse(await resource(scope, taskId), 202);
      },
    }),
  ];
};

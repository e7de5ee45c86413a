/** Patterns over the tenant's agents: which there are, running one, and what happened in a run. */
import { A2ATask, PRIORITIES } from "@agentcore/contract";
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { OrchestrationService } from "../deps/orchestration-service.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { EventsQuery, MAX_PAGE_BYTES } from "./event-routes.ts";
import { TaskHeadResource, toHeadResource } from "./task-resource.ts";

const Id = z.string().min(1).max(256);
const Names = z.array(Id).max(100);

const ExecuteBody = z
  .strictObject({
    pattern: z.string().min(1).max(63),
    configuration: z.record(z.string(), z.unknown()),
    input: z.unknown().optional(),
    /** The work in words, in place of `input`. */
    description: z.string().min(1).max(100_000).optional(),
    /** What has to be there besides those that the configuration names. */
    requirements: z.strictObject({ agents: Names.optional(), capabilities: Names.optional() }).optional(),
    contextId: Id.optional(),
    /** `urgent` is for operators. @default "normal" */
    priority: z.enum(PRIORITIES, { error: `expected one of ${PRIORITIES.join(", ")}` }).optional(),
    /** The same key of the same caller returns the same task. */
    idempotencyKey: Id.optional(),
    /** Answer when the task has ended or waits for someone. */
    wait: z.boolean().optional(),
  })
  .refine((body) => (body.input === undefined) !== (body.description === undefined), {
    error: "expected exactly one of input and description: the work",
    path: ["input"],
  });

const PatternResource = z.object({
  name: z.string(),
  description: z.string(),
  /** JSON Schema. */
  configuration: z.record(z.string(), z.unknown()),
  example: z.object({ input: z.unknown(), configuration: z.unknown() }),
});

const EntryResource = z.object({
  seq: z.number(),
  at: z.number(),
  who: z.string(),
  what: z.string(),
  result: z.unknown().optional(),
  why: z.string().optional(),
});

const DEFAULT_LIMIT = 1000;

export const createOrchestrationRoutes = (
  orchestration: OrchestrationService,
  tasks: TaskService,
  waits: OpenCalls,
): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/patterns",
    operationId: "listPatterns",
    summary: "Ways for agents to work together, each with the JSON Schema of its configuration and an example",
    tag: "orchestration",
    answer: { status: 200, schema: z.object({ patterns: z.array(PatternResource) }), description: "All patterns" },
    handle: async () => jsonResponse({ patterns: await orchestration.patterns() }),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/orchestration/execute",
    operationId: "executePattern",
    summary: "Run a pattern over the tenant's agents, as one task; durable when answered",
    tag: "orchestration",
    body: ExecuteBody,
    answer: {
      status: 201,
      schema: z.object({ existing: z.boolean(), head: TaskHeadResource, task: A2ATask }),
      description: "The new task; 200 for one that the idempotency key knew",
    },
    async handle({ request, scope, body }) {
      const { wait, input, description, ...rest } = body;
      const traceparent = request.headers.get("traceparent") ?? undefined;
      // Before anything is stored: a call that is refused has done nothing.
      const open = wait === true ? waits.begin(scope, request) : null;
      try {
        const { taskId, existing } = await orchestration.execute(scope, {
          ...rest,
          input: input ?? description,
          ...(traceparent === undefined ? {} : { traceparent }),
        });
        if (open !== null) await tasks.settled(scope, taskId, open);
        const headers = { location: `/api/v1/tasks/${encodeURIComponent(taskId)}` };
        const [head, task] = await Promise.all([tasks.head(scope, taskId), tasks.view(scope, taskId)]);
        return jsonResponse({ existing, head: toHeadResource(head), task }, existing ? 200 : 201, headers);
      } finally {
        open?.end();
      }
    },
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/orchestration/{id}/log",
    operationId: "getOrchestrationLog",
    summary: "What happened in a run, in plain words: who was given what and why, what came of it, where it went on",
    tag: "orchestration",
    query: EventsQuery,
    answer: {
      status: 200,
      schema: z.object({ entries: z.array(EntryResource), nextAfter: z.number() }),
      description: "Of the events after `after`; at the end of the log `nextAfter` stays as it was",
    },
    async handle({ scope, path, query }) {
      const taskId = path.id ?? "";
      const { agent } = await tasks.head(scope, taskId);
      const { after = 0, limit = DEFAULT_LIMIT } = query;
      const events = await tasks.log(scope, taskId, { after, limit, maxBytes: MAX_PAGE_BYTES });
      return jsonResponse({
        entries: await orchestration.log(events, agent),
        nextAfter: events.at(-1)?.seq ?? after,
      });
    },
  }),
];

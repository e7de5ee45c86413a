/** Looking into tasks, and beginning others where they were: for operators, since what people decided and agents answered is used again. */
import {
  Breakpoints,
  DebugAction,
  MigrationRules,
  NAME_PATTERN,
  PlatformError,
  parseInput,
  TASK_STATES,
} from "@agentcore/contract";
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { ManifestService } from "../deps/manifest-service.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { TaskResource, toHeadResource } from "./task-resource.ts";

export const Revision = z.string().min(1).max(256);

const ReplayBody = z.strictObject({
  /** Of the agent; `current` is what new tasks get. @default that of the task */
  revision: Revision.optional(),
});

const Differs = z
  .object({
    seq: z.number().nullable(),
    path: z.string().nullable(),
    recorded: z.unknown(),
    made: z.unknown(),
    message: z.string(),
  })
  .nullable();

const ReplayResource = z.object({
  taskId: z.string(),
  agent: z.string(),
  revision: z.string(),
  agrees: z.boolean(),
  /** Numbers of the events that were gone through. */
  from: z.number(),
  to: z.number(),
  differs: Differs,
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
  breakpoints: Breakpoints.optional(),
  idempotencyKey: z.string().min(1).max(256).optional(),
});

export const Name = z.string().regex(NAME_PATTERN, { error: "expected the name of an agent" });

const ReplayOpenBody = z
  .strictObject({
    /** Of the agent. @default `current`: what new tasks get */
    revision: Revision.optional(),
    /** Of an Agent or a Workflow of that name, in place of a revision: as it would be if it were applied. */
    manifest: z.record(z.string(), z.unknown()).optional(),
    /** Only tasks of this revision. */
    from: Revision.optional(),
    /** By which their logs are read. @default what the revision declares */
    rules: MigrationRules.optional(),
    pageSize: z.int().min(1).max(100).optional(),
    pageToken: z.string().max(1000).optional(),
  })
  .refine(({ revision, manifest }) => revision === undefined || manifest === undefined, {
    error: "expected either revision or manifest",
    path: ["manifest"],
  });

export const OpenTaskResource = z.object({
  taskId: z.string(),
  state: z.enum(TASK_STATES),
  revision: z.string(),
  survives: z.boolean(),
  differs: Differs,
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** That its log was read by. */
  rules: z
    .object({ rename: z.record(z.string(), z.string()).optional(), drop: z.array(z.string()).optional() })
    .optional(),
});
export const OpenTasksResource = z.object({
  agent: z.string(),
  revision: z.string(),
  /** Open tasks of the page that have it already, which were not run. */
  alreadyThere: z.number(),
  tasks: z.array(OpenTaskResource),
  nextPageToken: z.string(),
});

const BreakpointBody = z.strictObject({
  /** In place of those that there are. */
  breakpoints: Breakpoints,
  next: z.boolean().optional(),
});

const DebuggingResource = z.object({
  breakpoints: z.array(z.string()),
  next: z.boolean(),
  /** The first 100. */
  held: z.array(
    z.object({
      path: z.string(),
      node: z.string().optional(),
      address: z.string().optional(),
      kind: z.string(),
      breakpoint: z.string(),
      input: z.unknown().optional(),
      inputSize: z.number().optional(),
      takesInput: z.boolean().optional(),
      at: z.number(),
    }),
  ),
  heldCount: z.number(),
  /** What nodes gave that what is held may rest on; without `output` where that is large. */
  outputs: z.array(
    z.object({
      node: z.string(),
      address: z.string(),
      seq: z.number(),
      output: z.unknown().optional(),
      error: z.object({ code: z.string(), message: z.string() }).optional(),
      size: z.number(),
    }),
  ),
});

const Count = z.coerce.number().int().min(1);

const RestoreQuery = z.strictObject({
  everySteps: Count.optional(),
  everyMs: Count.optional(),
  changed: z.enum(["true", "false"], { error: "expected true or false" }).optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: Count.max(1000, { error: "expected 1 to 1000" }).optional(),
});

export const createDebugRoutes = (
  tasks: TaskService,
  manifests: Pick<ManifestService, "prepare">,
): readonly ApiRoute[] => [
  apiRoute({
    method: "POST",
    path: "/api/v1/agents/{name}/replay",
    operationId: "replayOpenTasks",
    summary:
      "Run a revision of an agent over the logs of its open tasks, without any effect: which would go on under it?",
    tag: "agents",
    access: "operator",
    body: ReplayOpenBody,
    bodyOptional: true,
    answer: {
      status: 200,
      schema: OpenTasksResource,
      description: "A page of its tasks that are not of that revision",
    },
    async handle({ scope, path, body: { manifest, revision, ...rest } }) {
      const name = parseInput(Name, path.name, "the name");
      if (manifest === undefined)
        return jsonResponse(await tasks.replayOpen(scope, name, { ...rest, ...(revision && { revision }) }));
      const prepared = await manifests.prepare(scope.tenantId, manifest, { overHttp: true });
      if (prepared.name === name)
        return jsonResponse(await tasks.replayOpen(scope, name, { ...rest, revision: prepared }));
      throw new PlatformError("INVALID_ARGUMENT", `the manifest is of ${prepared.name}, and ${name} was asked for`, {
        violations: [{ field: "manifest.metadata.name", description: `expected ${name}` }],
      });
    },
  }),
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
  apiRoute({
    method: "GET",
    path: "/api/v1/tasks/{id}/checkpoints",
    operationId: "getCheckpoints",
    summary: "Events of a task that a fork can begin after, all or some",
    tag: "tasks",
    access: "operator",
    query: RestoreQuery,
    answer: {
      status: 200,
      schema: z.object({
        checkpoints: z.array(
          z.object({ seq: z.number(), at: z.number(), type: z.string(), path: z.string().nullable() }),
        ),
        nextAfter: z.number().nullable(),
      }),
      description: "In order; `nextAfter` is null on the last page",
    },
    async handle({ scope, path, query: { changed, ...query } }) {
      const request = { ...query, changed: changed === "true" };
      const { points, nextAfter } = await tasks.restorePoints(scope, path.id ?? "", request);
      return jsonResponse({ checkpoints: points, nextAfter });
    },
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/tasks/{id}/breakpoints",
    operationId: "getBreakpoints",
    summary: "Where a task is to be held, and which calls are",
    tag: "tasks",
    access: "operator",
    answer: { status: 200, schema: DebuggingResource, description: "Breakpoints, and calls held before they began" },
    handle: async ({ scope, path }) => jsonResponse(await tasks.debugging(scope, path.id ?? "")),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/tasks/{id}/breakpoints",
    operationId: "setBreakpoints",
    summary: "Hold a task before calls that match; durable when answered",
    tag: "tasks",
    access: "operator",
    body: BreakpointBody,
    answer: {
      status: 202,
      schema: DebuggingResource,
      description: "Breakpoints as asked, and what is held as the log has it, perhaps from before the task heard",
    },
    async handle({ scope, path, body }) {
      await tasks.changeBreakpoints(scope, path.id ?? "", body);
      return jsonResponse(await tasks.debugging(scope, path.id ?? ""), 202);
    },
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/tasks/{id}/debug",
    operationId: "debugTask",
    summary: "Let a call that is held begin, step to the next, or set what it comes to; durable when answered",
    tag: "tasks",
    access: "operator",
    body: DebugAction,
    answer: {
      status: 202,
      schema: DebuggingResource,
      description: "As the log has it, perhaps from before the task heard",
    },
    async handle({ scope, path, body }) {
      await tasks.release(scope, path.id ?? "", body);
      return jsonResponse(await tasks.debugging(scope, path.id ?? ""), 202);
    },
  }),
];

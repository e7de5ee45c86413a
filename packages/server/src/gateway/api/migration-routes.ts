/** Moving open tasks to another revision of their agent: for operators, as applying it is. */
import { MigrationRules, parseInput } from "@agentcore/contract";
import { MIGRATION_OUTCOMES, type TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";
import { Name, OpenTaskResource, OpenTasksResource, Revision } from "./debug-routes.ts";

const MigrateBody = z.strictObject({
  /** Of the agent. @default `current`: what new tasks get */
  revision: Revision.optional(),
  /** How what was recorded is to be read. @default what the revision declares */
  rules: MigrationRules.optional(),
  /** Nothing happens: only tells whether it could be. @default false */
  dryRun: z.boolean().optional(),
});

const MigrateOpenBody = MigrateBody.extend({
  /** Only tasks of this revision. */
  from: Revision.optional(),
  pageSize: z.int().min(1).max(100).optional(),
  pageToken: z.string().max(1000).optional(),
});

const MigratedResource = OpenTaskResource.extend({
  to: z.string(),
  outcome: z.enum(MIGRATION_OUTCOMES),
  /** Why it was refused. */
  reason: z.string().nullable(),
});

export const createMigrationRoutes = (tasks: TaskService): readonly ApiRoute[] => [
  apiRoute({
    method: "POST",
    path: "/api/v1/tasks/{id}/migrate",
    operationId: "migrateTask",
    summary: "Move an open task to another revision of its agent, if that comes to where its log is",
    tag: "tasks",
    access: "operator",
    body: MigrateBody,
    bodyOptional: true,
    answer: { status: 200, schema: MigratedResource, description: "What became of it, within half a minute" },
    handle: async ({ request, scope, path, body }) =>
      jsonResponse(await tasks.migrate(scope, path.id ?? "", body, { signal: request.signal })),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/agents/{name}/migrate",
    operationId: "migrateOpenTasks",
    summary: "Move open tasks of an agent to another of its revisions, those that it comes to where their logs are",
    tag: "agents",
    access: "operator",
    body: MigrateOpenBody,
    bodyOptional: true,
    answer: {
      status: 200,
      schema: OpenTasksResource.extend({ tasks: z.array(MigratedResource) }),
      description: "A page of its tasks that were not of that revision, and what became of each within half a minute",
    },
    handle: async ({ request, scope, path, body }) =>
      jsonResponse(
        await tasks.migrateOpen(scope, parseInput(Name, path.name, "the name"), body, { signal: request.signal }),
      ),
  }),
];

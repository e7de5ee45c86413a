/** Workflows: which there are, their graphs, and how far their tasks have come. */
import { NAME_PATTERN, parseInput, TASK_STATES } from "@agentcore/contract";
import type { TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import type { AgentDirectory } from "../deps/agents.ts";
import type { WorkflowService } from "../deps/workflow-service.ts";
import { jsonResponse, textResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

// As IANA has it.
const MERMAID = "text/vnd.mermaid";

const SummaryResource = z.object({
  name: z.string(),
  description: z.string(),
  version: z.string(),
  revision: z.string(),
  state: z.string(),
  /** How many its graph has. */
  nodes: z.number(),
});

const JsonSchema = z.record(z.string(), z.unknown());
const GraphResource = z.object({
  name: z.string(),
  revision: z.string(),
  // As in /schemas/workflow-manifest.json.
  graph: z.object({ start: z.string(), nodes: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  input: JsonSchema.optional(),
  output: JsonSchema.optional(),
});

const count = z.int().nonnegative();
const NodeResource = z.object({
  id: z.string(),
  type: z.string(),
  /** pending, running, waiting, held, done, failed, canceled, skipped, undoing, undone, stands, unknown. */
  state: z.string(),
  waitsFor: z.enum(["person", "time", "signal", "event"]).optional(),
  visits: count,
  turn: count.optional(),
  items: z.object({ done: count, failed: count, total: count.optional() }).optional(),
  underWay: count.optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  dueAt: z.number().optional(),
  childTaskId: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
const ProgressResource = z.object({
  taskId: z.string(),
  agent: z.string(),
  revision: z.string(),
  seq: count,
  state: z.enum(TASK_STATES),
  share: z.number().min(0).max(1),
  compacted: z.boolean(),
  counts: z.record(z.string(), count),
  nodes: z.array(NodeResource),
});

const Name = z.string().regex(NAME_PATTERN, { error: "expected the name of an agent" });
const GraphQuery = z.strictObject({
  /** mermaid: as a flowchart. @default "json" */
  format: z.enum(["json", "mermaid"], { error: "expected json or mermaid" }).optional(),
  revision: z
    .string()
    .regex(/^[0-9a-f]{1,64}$/, { error: "expected a revision, as GET /api/v1/workflows and tasks name it" })
    .optional(),
});

export const createWorkflowRoutes = (
  agents: AgentDirectory,
  workflows: WorkflowService,
  tasks: TaskService,
): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/workflows",
    operationId: "listWorkflows",
    summary: "The agents of the caller's tenant whose work is a graph",
    tag: "workflows",
    answer: { status: 200, schema: z.object({ workflows: z.array(SummaryResource) }), description: "All workflows" },
    handle: ({ scope }) =>
      jsonResponse({
        workflows: agents
          .list(scope.tenantId)
          .flatMap(({ name, description, version, revision, state, nodes }) =>
            nodes === undefined ? [] : [{ name, description, version, revision, state, nodes }],
          ),
      }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/workflows/{name}/graph",
    operationId: "getWorkflowGraph",
    summary: "The graph of a workflow, of the revision that is declared now or of another that is kept",
    tag: "workflows",
    access: "operator",
    query: GraphQuery,
    answer: {
      status: 200,
      schema: GraphResource,
      contentTypes: ["application/json", MERMAID],
      description: "The graph, and the JSON Schemas that are known; or a flowchart of it for Mermaid",
    },
    async handle({ scope, path, query }) {
      const name = parseInput(Name, path.name, "the name");
      const found = await workflows.graph(scope.tenantId, name, query.revision);
      return query.format === "mermaid" ? textResponse(await workflows.draw(found), MERMAID) : jsonResponse(found);
    },
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/tasks/{id}/progress",
    operationId: "getTaskProgress",
    summary: "How far a task of a workflow has come, node by node",
    tag: "workflows",
    answer: { status: 200, schema: ProgressResource, description: "As its log tells it now" },
    handle: async ({ scope, path }) => jsonResponse(await workflows.progress(tasks, scope, path.id ?? "")),
  }),
];

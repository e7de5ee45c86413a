/** Graphs of workflows, and how far their tasks have come, wherever their code is. */
import { PlatformError, submissionOf, type WorkflowGraph } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import {
  BUT_MIGRATIONS,
  type CallerScope,
  migrationsIn,
  type RuledMigration,
  type TaskService,
  underMigrations,
} from "@agentcore/core/tasks";
import type { ProgressFold } from "@agentcore/core/workflows";
import type { InProcessHost, WorkflowShape } from "../agents/in-process-host.ts";
import type { WorkflowService } from "../gateway/deps/workflow-service.ts";
import type { PatternRun } from "../orchestration/load-orchestrator.ts";
import { ORCHESTRATOR } from "../orchestration/orchestrator.ts";

// As other readers of logs do.
const PAGE = 500;
const PAGE_BYTES = 16 * 1024 * 1024;
// Who watches a task asks again and again: folds that are kept read the new events only. One is as large as its graph, what is under way, and,
// until its task ends, the addresses of what came to an end since its last checkpoint.
const MAX_KEPT = 200;

interface Kept {
  readonly fold: ProgressFold;
  /** By which the revision reads what was recorded before it; null until they were looked for. */
  migrations: readonly RuledMigration[] | null;
  /** One reader at a time. */
  reading: Promise<unknown>;
}

export const createWorkflowService = ({
  host,
  declared,
}: {
  readonly host: Pick<InProcessHost, "workflowOf">;
  /** The revision of an agent that is declared now, on whichever node; null when there is none. */
  readonly declared: (tenantId: string, name: string) => Promise<string | null>;
}): WorkflowService => {
  const kept = new Map<string, Kept>();

  const shapeOf = async (tenantId: string, agent: string, revision: string, what: string): Promise<WorkflowShape> => {
    const shape = await host.workflowOf({ tenantId, agent, revision });
    if (shape !== null) return shape;
    throw new PlatformError("UNSUPPORTED_OPERATION", `${what} is no workflow; list those with GET /api/v1/workflows`);
  };

  const graphOf = async (
    tasks: Pick<TaskService, "log">,
    scope: CallerScope,
    { tenantId, taskId, agent, revision }: TaskHead,
  ): Promise<WorkflowGraph> => {
    if (agent !== ORCHESTRATOR)
      return (await shapeOf(tenantId, agent, revision, `task ${taskId} is of agent ${agent}, which`)).graph;
    // Of a run of a pattern it is the input.
    const submitted = submissionOf((await tasks.log(scope, taskId, { limit: 1 }))[0]);
    if (submitted === null) throw new PlatformError("INTERNAL", `the log of task ${taskId} has no submission`);
    const run = submitted.data.input as PatternRun;
    if ("graph" in run) return run.graph;
    throw new PlatformError(
      "UNSUPPORTED_OPERATION",
      `task ${taskId} is a ${run.pattern}, which is no workflow; GET /api/v1/orchestration/${taskId}/log tells what was said`,
    );
  };

  const keep = async (tasks: Pick<TaskService, "log">, scope: CallerScope, head: TaskHead): Promise<Kept> => {
    const { tenantId, taskId, revision } = head;
    const key = JSON.stringify([tenantId, taskId, revision]);
    const known = kept.get(key);
    kept.delete(key);
    if (known !== undefined) {
      kept.set(key, known);
      return known;
    }
    const graph = await graphOf(tasks, scope, head);
    const { ProgressFold: Fold } = await import("@agentcore/core/workflows");
    const made = kept.get(key) ?? { fold: new Fold(graph), migrations: null, reading: Promise.resolve() };
    kept.set(key, made);
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break;
      kept.delete(oldest);
    }
    return made;
  };

  const read = async (
    entry: Kept,
    tasks: Pick<TaskService, "log">,
    scope: CallerScope,
    head: TaskHead,
  ): Promise<void> => {
    const { PROGRESS_UNSEEN } = await import("@agentcore/core/workflows");
    const { fold } = entry;
    // A revision is that of the fold from its migration on, so none is added later.
    entry.migrations ??= migrationsIn(await tasks.log(scope, head.taskId, { without: BUT_MIGRATIONS })).filter(
      ({ seq }) => seq <= head.seq,
    );
    for (let after = fold.seq; after < head.seq; ) {
      const page = await tasks.log(scope, head.taskId, {
        ...{ after, limit: PAGE, maxBytes: PAGE_BYTES, without: PROGRESS_UNSEEN },
      });
      // Of what ended a moment ago all is given, also what was to be left out, and more than the head says.
      for (const event of page) {
        // From there on it has another graph, and another fold.
        if (event.type === "task.migrated" && event.seq > head.seq) return;
        const seen = underMigrations(event, entry.migrations);
        if (seen !== null) fold.apply(seen);
        after = event.seq;
      }
      if (page.length === 0) return;
    }
  };

  return {
    async graph(tenantId, name, asked) {
      const revision = asked ?? (await declared(tenantId, name));
      if (revision === null) throw new PlatformError("AGENT_NOT_FOUND", `there is no agent "${name}"`);
      const shape = await shapeOf(tenantId, name, revision, `revision ${revision} of ${name} is not kept, or`);
      return { name, revision, ...shape };
    },
    draw: async ({ graph }) => (await import("@agentcore/core/workflows")).toMermaid(graph),
    async progress(tasks, scope, taskId) {
      const head = await tasks.head(scope, taskId);
      const entry = await keep(tasks, scope, head);
      const reading = entry.reading.then(() => read(entry, tasks, scope, head));
      entry.reading = reading.catch(() => undefined);
      await reading;
      const { agent, revision } = head;
      return { taskId, agent, revision, seq: entry.fold.seq, ...entry.fold.view() };
    },
  };
};

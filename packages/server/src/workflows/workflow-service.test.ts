import type { TaskEvent, WorkflowGraph } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { createWorkflowService } from "./workflow-service.ts";

const SCOPE = { tenantId: "acme", caller: "ann" };
const graphOf = (first: string, second: string): WorkflowGraph => ({
  start: first,
  nodes: {
    [first]: { type: "custom", function: "f", next: second },
    [second]: { type: "approval", prompt: "Sure?", next: "end" },
    end: { type: "end" },
  },
});
const GRAPHS = new Map([
  ["r1", graphOf("score", "sure")],
  ["r2", graphOf("rate", "approve")],
]);
const call = { kind: "approval", prompt: [{ text: "Sure?" }] } as const;
const LOG = [
  { type: "task.submitted", data: { agent: "flow", revision: "r1" } },
  { type: "task.started", data: {} },
  { type: "step.completed", data: { path: "step:score", kind: "step" } },
  { type: "task.inputRequired", data: { ...call, path: "approval:approval[sure]" } },
  {
    type: "task.migrated",
    data: { from: "r1", to: "r2", by: "olga", rules: { rename: { score: "rate", sure: "approve" } } },
  },
  { type: "step.completed", data: { kind: "approval", path: "approval:approval[approve]", result: { choice: "yes" } } },
  { type: "task.completed", data: {} },
].map((event, index) => ({ ...event, seq: index + 1, at: index })) as unknown as readonly TaskEvent[];

test("progress of a run that was moved is told by the graph of now, and by that of then for whoever looked then", async () => {
  const workflows = createWorkflowService({
    host: { workflowOf: async ({ revision }) => ({ graph: GRAPHS.get(revision) ?? graphOf("a", "b") }) },
    declared: async () => null,
  });
  let head = { ...SCOPE, taskId: "t1", agent: "flow", revision: "r1", seq: 4 } as unknown as TaskHead;
  const tasks: Pick<TaskService, "head" | "log"> = {
    head: async () => head,
    log: async (_scope, _id, { after = 0, without = [] } = {}) =>
      LOG.filter(({ seq, type }) => seq > after && !without.includes(type)),
  };
  const look = async (): Promise<readonly unknown[]> =>
    (await workflows.progress(tasks, SCOPE, "t1")).nodes.map(({ id, state }) => `${id} ${state}`);
  // More was read than the head said: up to where it was moved.
  expect(await look()).toEqual(["score done", "sure waiting", "end pending"]);
  head = { ...head, revision: "r2", seq: 5 };
  expect(await look()).toEqual(["rate done", "approve done", "end done"]);
  head = { ...head, seq: 7 };
  expect(await look()).toEqual(["rate done", "approve done", "end done"]);
});

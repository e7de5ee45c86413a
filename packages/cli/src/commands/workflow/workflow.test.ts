import type { NodeProgress, TaskProgress } from "@agentcore/sdk/client";
import { expect, test } from "vitest";
import { startFakeNode } from "../../../test/fake-node.ts";
import { runInTest } from "../../../test/run-in-test.ts";
import { submitted, taskLog } from "../../../test/task-log.ts";
import { progressText } from "../../workflow/format-progress.ts";

const node = (id: string, state: string, more: Partial<NodeProgress> = {}): NodeProgress => ({
  ...{ id, type: "task", state, visits: state === "pending" ? 0 : 1 },
  ...more,
});
const progress = (share: number, nodes: readonly NodeProgress[], more: Partial<TaskProgress> = {}): TaskProgress => ({
  ...{ taskId: "t1", agent: "refund", revision: "f00", seq: 2, state: "working", share, compacted: false, nodes },
  counts: Object.fromEntries(nodes.map(({ state }) => [state, nodes.filter((each) => each.state === state).length])),
  ...more,
});

const first = progress(0.25, [node("score", "running", { childTaskId: "t2" }), node("pay", "pending")]);
const last = progress(
  1,
  [node("score", "done"), node("pay", "failed", { error: { code: "AGENT_FAILED", message: "no" } })],
  {
    state: "completed",
  },
);
const events = taskLog(submitted("refund"), { type: "task.started", data: {} }, { type: "task.completed", data: {} });
const tasks = [{ taskId: "t1", agent: "refund", state: "completed", events, progress: [first, last] }];

const run = async (...words: readonly string[]) => {
  const fake = await startFakeNode({ tasks });
  return runInTest([...words, "--url", fake.url]);
};

test("a graph is printed for Mermaid, or as it is", async () => {
  expect(await run("workflow", "graph", "refund")).toMatchObject({ code: 0, stdout: 'flowchart TD\n  n0["a"]\n' });
  expect((await run("workflow", "graph", "refund", "-o", "yaml")).stdout).toContain("start: a");
});

test("workflows are listed with the size of their graph", async () => {
  expect((await run("get", "workflows")).stdout).toMatch(/refund +ready +0\.1\.0 +3 +f00 +Pays back/);
});

test("progress is a table: the share, then node by node", async () => {
  const { stdout, code } = await run("workflow", "progress", "t1");
  expect(code).toBe(0);
  expect(stdout.split("\n")).toEqual([
    "refund t1 working, 25 %: 1 running, 1 pending",
    "",
    "NODE   TYPE  STATE    VISITS  TOOK  DETAIL",
    "score  task  running  1       -     task t2",
    "pay    task  pending  -       -     -",
    "",
  ]);
});

test("where nobody looks at a terminal, what changes is a line each, until the task ends", async () => {
  const { stdout } = await run("workflow", "progress", "t1", "--follow");
  expect(stdout.split("\n")).toEqual([
    ...["score running: task t2", "working 25 %"],
    ...["score done", "pay failed: AGENT_FAILED: no", "completed 100 %", ""],
  ]);
});

test("a task that has ended is shown as it is, also to whoever wants to follow", async () => {
  const fake = await startFakeNode({
    tasks: [{ taskId: "t1", agent: "refund", state: "completed", events, progress: [last] }],
  });
  const ran = await runInTest(["workflow", "progress", "t1", "-f", "--url", fake.url]);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("completed, 100 %: 1 done, 1 failed") });
  expect(fake.requests).toHaveLength(1);
});

test("a task is described with how far it has come", async () => {
  expect((await run("describe", "task", "t1")).stdout).toContain("25 %: 1 running, 1 pending");
});

test("a task of anything else has no such progress", async () => {
  const fake = await startFakeNode({ tasks: [{ taskId: "t1", agent: "a", state: "working", events }] });
  const ran = await runInTest(["workflow", "progress", "t1", "--url", fake.url]);
  expect(ran).toMatchObject({ code: 1 });
  expect(ran.stderr).toContain("is of no workflow");
});

test("what a node waits for, how many items are done and how long it took stand beside it", () => {
  const nodes = [
    node("ask", "waiting", { waitsFor: "person", startedAt: 0 }),
    node("each", "running", { items: { done: 3, failed: 1, total: 9 }, startedAt: 0, underWay: 2 }),
    node("polish", "done", { turn: 4, startedAt: 1000, endedAt: 1400 }),
    node("pause", "waiting", { waitsFor: "event", startedAt: 7_000_000 }),
  ];
  expect(progressText(progress(0.5, nodes), 7_200_000).split("\n").slice(3)).toEqual([
    "ask     task  waiting  1       2 h 0 min   for a person",
    "each    task  running  1       2 h 0 min   4 of 9 items, 1 failed, 2 under way",
    "polish  task  done     1       400 ms      turn 4",
    "pause   task  waiting  1       3 min 20 s  for an event",
  ]);
});

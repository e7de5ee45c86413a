import { expect, test } from "vitest";
import { submitted, taskLog } from "../../test/task-log.ts";
import { buildTrace } from "./build-trace.ts";
import { formatTrace } from "./format-trace.ts";

const log = taskLog(
  submitted("loan-triage"),
  { type: "task.started", data: {} },
  { type: "step.started", data: { path: "step:read", kind: "step", attempt: 1 } },
  {
    type: "step.failed",
    data: {
      path: "step:read",
      kind: "step",
      attempt: 1,
      error: { code: "UPSTREAM_FAILED", message: "no answer" },
      retryAt: 1,
    },
  },
  { type: "step.completed", data: { path: "step:read", kind: "step", result: 1 } },
  {
    type: "decision.made",
    data: {
      path: "command:capability:screening",
      kind: "routing",
      choice: "screener",
      scores: [],
      reasons: ["lowest latency"],
    },
  },
  {
    type: "step.started",
    data: { path: "command:capability:screening", kind: "command", attempt: 1, childTaskId: "t2" },
  },
  { type: "task.failed", data: { error: { code: "AGENT_FAILED", message: "no luck" } } },
);

test("a trace has durations, attempts, decisions with reasons, children and the error", () => {
  expect(buildTrace("t1", log)).toEqual({
    taskId: "t1",
    agent: "loan-triage",
    state: "failed",
    durationMs: 7000,
    error: { code: "AGENT_FAILED", message: "no luck" },
    decisions: [],
    steps: [
      { seq: 3, path: "step:read", kind: "step", outcome: "completed", durationMs: 2000, attempts: 2, decisions: [] },
      {
        path: "command:capability:screening",
        seq: 7,
        kind: "command",
        outcome: "not awaited",
        attempts: 1,
        childTaskId: "t2",
        decisions: [{ seq: 6, kind: "routing", choice: "screener", reasons: ["lowest latency"] }],
      },
    ],
  });
});

test("a trace is drawn as a tree", () => {
  expect(formatTrace(buildTrace("t1", log))).toBe(
    [
      "loan-triage  failed  7.0 s  task t1",
      "├─ step read  completed  2.0 s  2 attempts",
      "├─ command capability:screening  not awaited  task t2",
      "│  └─ routing -> screener",
      "│     └─ because lowest latency",
      "└─ error AGENT_FAILED: no luck",
    ].join("\n"),
  );
});

test("a call that was under way when its node was renamed is one step, under the name of now", () => {
  const command = { kind: "command", path: "command:agent:screener[ask]" } as const;
  const events = taskLog(
    submitted("loan-triage"),
    { type: "task.started", data: {} },
    { type: "step.started", data: { ...command, attempt: 1, childTaskId: "t2" } },
    { type: "task.migrated", data: { from: "r1", to: "r2", by: "olga", rules: { rename: { ask: "screen" } } } },
    { type: "step.completed", data: { ...command, path: "command:agent:screener[screen]", result: 1 } },
    { type: "task.completed", data: { output: 1 } },
  );
  expect(buildTrace("t1", events).steps).toMatchObject([
    { path: "command:agent:screener[screen]", outcome: "completed", childTaskId: "t2" },
  ]);
});

test("what code decides and what a model says stand in the order in which they came", () => {
  const events = taskLog(
    submitted("buyer"),
    {
      type: "step.completed",
      data: {
        ...{ path: "model:smart", kind: "model", attempt: 1 },
        result: { text: "I look\nfirst.", toolCalls: [{ id: "1", name: "price", input: { thing: "lamp" } }] },
      },
    },
    {
      type: "decision.made",
      data: {
        ...{ path: "decision:way", kind: "choice", choice: "little", reasons: ["it is dark"] },
        scores: [
          { candidate: "much", score: 0.53 },
          { candidate: "little", score: 0.82 },
        ],
      },
    },
    { type: "step.completed", data: { path: "tool:price[1]", kind: "tool", attempt: 1, result: 4 } },
    { type: "task.completed", data: { output: "a lamp" } },
  );
  expect(formatTrace(buildTrace("t1", events)).split("\n")).toEqual([
    "buyer  completed  4.0 s  task t1",
    "├─ model smart  completed",
    "│  ├─ said I look first.",
    '│  └─ calls price {"thing":"lamp"}',
    "├─ decision way -> little",
    "│  ├─ because it is dark",
    "│  ├─ much 0.530",
    "│  └─ little 0.820",
    "└─ tool price[1]  completed",
  ]);
});

import { expect, test } from "vitest";
import { submitted, taskLog } from "../../test/task-log.ts";
import { buildTrace } from "./build-trace.ts";
import { formatTrace } from "./format-trace.ts";

const log = taskLog(
  submitted("loan-triage"),
  { type: "task.started", data: {} },
  { type: "step.started", data: { path: "read#1", kind: "step", attempt: 1 } },
  {
    type: "step.failed",
    data: {
      path: "read#1",
      kind: "step",
      attempt: 1,
      error: { code: "UPSTREAM_FAILED", message: "no answer" },
      retryAt: 1,
    },
  },
  { type: "step.completed", data: { path: "read#1", kind: "step", result: 1 } },
  {
    type: "decision.made",
    data: { path: "screen#1", kind: "routing", choice: "screener", scores: [], reasons: ["lowest latency"] },
  },
  { type: "step.started", data: { path: "screen#1", kind: "command", attempt: 1, childTaskId: "t2" } },
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
      { path: "read#1", kind: "step", outcome: "completed", durationMs: 2000, attempts: 2, decisions: [] },
      {
        path: "screen#1",
        kind: "command",
        outcome: "running",
        attempts: 1,
        childTaskId: "t2",
        decisions: [{ kind: "routing", choice: "screener", reasons: ["lowest latency"] }],
      },
    ],
  });
});

test("a trace is drawn as a tree", () => {
  expect(formatTrace(buildTrace("t1", log))).toBe(
    [
      "loan-triage  failed  7.0 s  task t1",
      "├─ step read#1  completed  2.0 s  2 attempts",
      "├─ command screen#1  running  task t2",
      "│  └─ routing -> screener",
      "│     └─ because lowest latency",
      "└─ error AGENT_FAILED: no luck",
    ].join("\n"),
  );
});

/** The judge of the cluster's run sees what it is there to see, and not before it is there. */
import type { TaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { isEnded, judgeCluster, type Submission } from "./judge-cluster.ts";

const log = (...events: readonly Pick<TaskEvent, "type" | "data">[]): TaskEvent[] =>
  events.map((event, index) => ({ seq: index + 1, at: 0, ...event }) as TaskEvent);
const submitted = { type: "task.submitted", data: { agent: "sleeper" } } as TaskEvent;
const started = { type: "task.started", data: {} } as TaskEvent;
const completed = { type: "task.completed", data: { output: 2 } } as TaskEvent;

test("a log is whole once its last event is an end, whichever, and nothing else is one", () => {
  for (const type of ["task.completed", "task.failed", "task.canceled", "task.rejected"] as const)
    expect(isEnded(log(submitted, started, { type, data: {} } as TaskEvent)), type).toBe(true);
  const parked = { type: "task.parked", data: {} } as TaskEvent;
  for (const part of [[], [submitted], [submitted, started], [submitted, started, parked]])
    expect(isEnded(log(...part))).toBe(false);
  expect(isEnded(log(submitted, completed, started))).toBe(false);
});

test("a log that is read before its end is there is no completed task", () => {
  const submissions: Submission[] = [{ taskId: "t", agent: "sleeper", n: 1 }];
  const { faults } = judgeCluster(submissions, new Map([["t", log(submitted, started)]]), []);
  expect(faults).toContainEqual(expect.stringMatching(/^sleeper t ended as .*task\.started/));
  expect(judgeCluster(submissions, new Map(), []).lost).toBe(1);
});

import type { TaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { createFnvDigest } from "../testing/index.ts";
import { RestorePoints, type RestorePolicy } from "./restore-points.ts";

const step = (seq: number, at: number, path: string, result: unknown): TaskEvent => ({
  ...{ seq, at, type: "step.completed" },
  data: { path, kind: "step", result },
});
const LOG: readonly TaskEvent[] = [
  {
    ...{ seq: 1, at: 0, type: "task.submitted" },
    data: { agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" },
  },
  { seq: 2, at: 0, type: "task.started", data: {} },
  step(3, 10, "step:score", 1),
  step(4, 20, "step:score@2", 1),
  { seq: 5, at: 25, type: "checkpoint.created", data: { state: 1 } },
  step(6, 30, "step:score@3", 2),
  step(7, 200, "step:other", 2),
  { seq: 8, at: 210, type: "task.cancelRequested", data: { by: "ann" } },
  step(9, 220, "step:late", 2),
];
const numbers = (policy: RestorePolicy) => {
  const points = new RestorePoints(policy, createFnvDigest());
  return LOG.flatMap((event) => points.take(event)?.seq ?? []);
};

test("every result before the task was told to end is one to go back to, and where a log begins", () => {
  expect(numbers({})).toEqual([1, 3, 4, 5, 6, 7]);
});

test("results are chosen by how many there were, by time, and by whether the same call came to something else", () => {
  expect(numbers({ everySteps: 2 })).toEqual([1, 4, 5, 7]);
  expect(numbers({ everyMs: 100 })).toEqual([1, 5, 7]);
  expect(numbers({ changed: true })).toEqual([1, 3, 5, 6, 7]);
  expect(numbers({ everySteps: 4, changed: true })).toEqual([1, 3, 5, 6, 7]);
});

test("nothing is gone back to in a log that was begun anew for a task that had been told to end", () => {
  const points = new RestorePoints({}, createFnvDigest());
  const fresh = {
    seq: 5,
    at: 25,
    type: "checkpoint.created",
    data: { compensates: true, cancelRequested: {} },
  } as const;
  expect([fresh, step(6, 30, "step:back", 1)].map((event) => points.take(event))).toEqual([null, null]);
});

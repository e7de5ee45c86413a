/** The judge of the crash matrix sees what it is there to see. */
import type { TaskEvent } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import { expect, test } from "vitest";
import type { FolderState } from "./data-folder.ts";
import { judge } from "./judge-run.ts";
import type { Effect } from "./scenario/report-effect.ts";

const head = { tenantId: "default", taskId: "t", agent: "matrix-child", state: "completed" } as TaskHead;
const completed = (seq: number, path: string): TaskEvent => ({
  seq,
  at: 0,
  type: "step.completed",
  data: { path, kind: "step" },
});
const folder = (...events: TaskEvent[]): FolderState => ({
  heads: new Map([["t", head]]),
  logs: new Map([["t", events]]),
  acknowledged: new Map(),
});
const effect = (path: string, pid: number, key = path): Effect => ({ scenario: "s", task: "t", path, key, pid });
const NOTHING: FolderState = { heads: new Map(), logs: new Map(), acknowledged: new Map() };

test("an effect that comes again after its step was recorded is a repeated recorded step (I3)", () => {
  const before = folder(completed(1, "step:one"));
  const verdict = judge(before, before, [effect("step:one", 1), effect("step:one", 2)], 1);
  expect(verdict.repeatedRecorded).toBe(1);
  expect(verdict.faults).toContain("recorded, and repeated: t/step:one");
});

test("an effect in flight may come again, with its key (I4)", () => {
  const before = folder();
  const after = folder(completed(1, "step:one"));
  const again = judge(before, after, [effect("step:one", 1), effect("step:one", 2)], 1);
  expect(again).toMatchObject({ repeatedRecorded: 0, repeatedInFlight: 1 });
  const otherKey = judge(before, after, [effect("step:one", 1), effect("step:one", 2, "other")], 1);
  expect(otherKey.faults).toContain("t/step:one came with another key");
});

test("a durable event that is gone is lost, and so is an acknowledged task", () => {
  const before = folder(completed(1, "step:one"));
  expect(judge(before, folder(), [], 1).faults).toContain("lost: event 1 of t");
  const promised = { ...NOTHING, acknowledged: new Map([["submitted", "gone"]]) };
  expect(judge(promised, folder(), [], 1).faults).toContain("lost: acknowledged task gone");
});

test("an effect of a task that is not on disk is a fault (I4)", () => {
  expect(judge(NOTHING, folder(), [effect("step:one", 1)], 1).faults).toContain(
    "t/step:one happened before its task was durable",
  );
});

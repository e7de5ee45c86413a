import type { TaskEvent } from "@agentcore/contract";
import type { LiveText } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { TextsAhead } from "./texts-ahead.ts";

const live = (text: string, append = true): LiveText => ({
  ...{ path: "model:m", artifact: { artifactId: "letter", name: "letter" }, append, text },
});
const event = (type: TaskEvent["type"], data: unknown = {}): TaskEvent => ({ seq: 9, at: 0, type, data }) as TaskEvent;
const piece = (text: string, append = true, path = "model:m"): TaskEvent =>
  event("artifact.appended", {
    ...{ path, kind: "model", append, lastChunk: false },
    artifact: { artifactId: "letter", name: "letter", parts: [{ text }] },
  });

const ahead = (...texts: readonly LiveText[]): TextsAhead => {
  const shown = new TextsAhead();
  for (const text of texts) shown.show([text]);
  return shown;
};

test.each([
  ["another process has the task", event("task.assigned", { node: "b", attempt: 2 })],
  ["its call has failed", event("step.failed", { path: "model:m", kind: "model" })],
  ["its history begins afresh", event("checkpoint.created")],
  ["the task is parked", event("task.parked")],
  ["the task has ended", event("task.canceled")],
  ["another text comes in its place in the log", piece("bc")],
  ["somebody else goes on with the artifact", piece("ab", true, "artifact:letter")],
])("what was shown is lost when %s", (_why, what) => {
  const shown = ahead(live("ab"));
  expect(shown.lostBy(what)).toEqual(["letter"]);
  expect([shown.isEmpty, shown.lostBy(what)]).toEqual([true, []]);
});

test.each([
  ["what goes on beside it", event("step.failed", { path: "model:other", kind: "model" })],
  ["a piece that it begins with", piece("a")],
  ["a piece that begins with it", piece("abc")],
  // Which takes the place of what was shown, too.
  ["a piece that takes the artifact's place", piece("z", false)],
])("it is not lost by %s", (_what, what) => {
  expect(ahead(live("ab")).lostBy(what)).toEqual([]);
});

test("of a text that cannot go on from what was shown nothing is shown, and one that begins anew takes its place", () => {
  const shown = ahead(live("ab"));
  expect(shown.show([live("b")])).toEqual([]);
  expect(shown.show([live("abc")])).toMatchObject([{ artifact: { parts: [{ text: "c" }] }, append: true }]);
  expect(shown.show([live("z", false)])).toMatchObject([{ artifact: { parts: [{ text: "z" }] }, append: false }]);
});

import type { TaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { viewTask } from "./view.ts";

const added = (artifactId: string, text: string, append = false) => ({
  type: "artifact.appended",
  data: { path: "a", kind: "artifact", artifact: { artifactId, parts: [{ text }] }, append, lastChunk: false },
});

test("an artifact with the id of an earlier one takes its place, or adds to it", () => {
  const events = [added("a", "one"), added("b", "other"), added("a", "two"), added("a", "three", true)];
  const task = viewTask(
    "t",
    events.map((event, index) => ({ ...event, seq: index + 1, at: 1 }) as TaskEvent),
  );
  expect(task.artifacts).toEqual([
    { artifactId: "a", parts: [{ text: "two" }, { text: "three" }] },
    { artifactId: "b", parts: [{ text: "other" }] },
  ]);
});

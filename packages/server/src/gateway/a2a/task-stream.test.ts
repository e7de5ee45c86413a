/** Streams over logs that were compacted: what a client has not seen comes as a whole (I6). */
import type { TaskEvent } from "@agentcore/contract";
import { type FollowedLog, itemsOf } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { TaskStream, type TaskStreamOptions } from "./task-stream.ts";

const at = 1_760_000_000_000;
const submitted = { agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" } as const;
const artifact = { artifactId: "log", parts: [{ text: "one" }, { text: "two" }] };
const log: readonly TaskEvent[] = [
  {
    seq: 7,
    at,
    type: "log.compacted",
    data: {
      submitted: { at, data: submitted },
      state: "working",
      task: { id: "t", contextId: "c", status: { state: "TASK_STATE_WORKING" }, artifacts: [artifact], history: [] },
    },
  },
  { seq: 8, at, type: "checkpoint.created", data: {} },
  { seq: 9, at, type: "task.completed", data: { output: "done" } },
];

const frames = async (options: Partial<TaskStreamOptions>) => {
  const pieces = [log];
  const feed: FollowedLog = {
    read: async () => pieces.shift() ?? null,
    inTurn: (work) => work(),
    texts: () => [],
    wait: (ring) => ring(),
    close: () => {},
  };
  const out: unknown[] = [];
  const all = { from: 1, snapshot: false, endAtInputRequired: false, ...options };
  const stream = new TaskStream("t", feed, all, async () => feed);
  for await (const { response, seq } of itemsOf(stream)) {
    const [kind] = Object.keys(response);
    out.push([kind, seq, "task" in response ? response.task.artifacts?.length : undefined]);
  }
  return out;
};
const end = [
  ["artifactUpdate", undefined, undefined],
  ["statusUpdate", 9, undefined],
];

test("from below the floor the task comes first, with the number that a resume names, then what was added", async () => {
  expect(await frames({ from: 3 })).toEqual([["task", 7, 1], ...end]);
  expect(await frames({ from: 1, snapshot: true })).toEqual([["task", 7, 1], ...end]);
});

test("from the floor or above nothing changes", async () => {
  expect(await frames({ from: 7 })).toEqual(end);
  expect(await frames({ from: 8 })).toEqual(end);
  expect(await frames({ from: 7, snapshot: true })).toEqual([["task", 7, 1], ...end]);
  expect(await frames({ from: 9 })).toEqual([]);
});

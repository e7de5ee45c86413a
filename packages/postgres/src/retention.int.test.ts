/** Folding and removing while others write the same rows. */
import type { NewTaskEvent } from "@agentcore/contract";
import type { Compaction } from "@agentcore/core/ports";
import { expect, onTestFinished } from "vitest";
import { claimedTask, submitted } from "../test/new-task.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

const tenantId = "acme";
const checkpoint: NewTaskEvent = { type: "checkpoint.created", at: 1, data: {} };
const step: NewTaskEvent = { type: "step.completed", at: 1, data: { path: "s", kind: "step" } };

const folded = (taskId: string, floor: number): Compaction => ({
  ...{ tenantId, taskId, floor },
  event: {
    ...{ type: "log.compacted", at: 1 },
    data: {
      submitted: { at: submitted.at, data: submitted.data },
      state: "working",
      task: { id: taskId, status: { state: "TASK_STATE_WORKING" } },
    },
  },
});

const open = async () => {
  const { schema, drop } = newSchema();
  const nodes = [
    await openPostgres({ url, node: "n1", schema }),
    await openPostgres({ url, node: "n2", schema }),
  ] as const;
  onTestFinished(async () => {
    for (const node of nodes) await node.close();
    await drop();
  });
  return nodes;
};

test("a log that one node writes while another folds it loses nothing above the floor, and no write fails (I1)", async () => {
  const [writer, collector] = await open();
  const key = { tenantId, taskId: "looping" };
  await writer.tasks.commit([{ tenantId, create: [claimedTask(key.taskId)] }]);
  let isWriting = true;
  const write = async (): Promise<void> => {
    for (let seq = 1; seq < 601; seq += 3) {
      const append = { expect: { seq, token: 1 }, state: "working", consume: [], requireEmptyMailbox: false } as const;
      const unit = { ...key, append: { ...append, events: [step, checkpoint, step], checkpointSeq: seq + 2 } };
      expect(await writer.tasks.commit([unit])).toEqual([{ outcome: "committed" }]);
    }
    isWriting = false;
  };
  const outcomes = new Set<string>();
  const fold = async (): Promise<void> => {
    while (isWriting) {
      const head = await collector.tasks.head(key);
      for (const floor of [(head?.checkpointSeq ?? 0) - 1, (head?.checkpointSeq ?? 0) - 4])
        outcomes.add(await collector.tasks.compact(folded(key.taskId, floor)));
      const log = await collector.tasks.readLog(key);
      const [first] = log;
      // One statement reads: whatever is folded meanwhile, what is read is a log without a gap.
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => (first?.seq ?? 0) + index));
      expect(first?.type).toBe(first?.seq === 1 ? "task.submitted" : "log.compacted");
    }
  };
  await Promise.all([write(), fold()]);
  const head = await writer.tasks.head(key);
  expect([head?.seq, (await writer.tasks.readLog(key)).at(-1)?.seq]).toEqual([601, 601]);
  expect([...outcomes]).toContain("compacted");
});

test("mail to tasks that another node removes at the same time is kept or refused, and no unit harms another", async () => {
  const [sender, collector] = await open();
  const ids = Array.from({ length: 60 }, (_, index) => `t${index}`);
  const ended: NewTaskEvent = { type: "task.completed", at: 1, data: {} };
  const create = ids.map((taskId, index) =>
    index % 2 === 0
      ? claimedTask(taskId, { events: [submitted, ended], claimed: { state: "completed" } })
      : claimedTask(taskId),
  );
  await sender.tasks.commit([{ tenantId, create }]);
  const letters = ids.map((taskId) => ({
    tenantId,
    mail: [{ taskId, key: "m", kind: "message", payload: 1, ifTerminal: "refuse" }] as const,
  }));
  const [outcomes, first, second] = await Promise.all([
    sender.tasks.commit(letters),
    collector.tasks.remove({ tenantId, taskIds: ids }),
    sender.tasks.remove({ tenantId, taskIds: [...ids].reverse() }),
  ]);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(
    ids.map((_, index) => (index % 2 === 0 ? "stale" : "committed")),
  );
  expect(first.taskIds.length + second.taskIds.length).toBe(30);
  expect((await sender.tasks.list({ tenantId, limit: 100 })).total).toBe(30);
});

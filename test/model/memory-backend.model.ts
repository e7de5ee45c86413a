/** The shared store in memory keeps what a database keeps: a task is leased to a worker that is there, or to nobody. */
import type { NewTask, TaskStore } from "@agentcore/core/ports";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { createSharedMemoryBackend } from "./memory-backend.ts";

const LEASE_MS = 3_000;
const NOW = new ManualClock().now();
const by = { agent: "root", revision: "r1", contextId: "c", caller: "ann", priority: "normal" } as const;
const TASK: NewTask = {
  ...{ ...by, taskId: "t", deadline: null, parent: null, dueAt: NOW, createdAt: NOW },
  events: [{ type: "task.submitted", at: NOW, data: { ...by, input: null } }],
};

interface Nodes {
  /** Silent for longer than its lease, which nobody has noticed yet. */
  readonly silent: TaskStore;
  readonly other: TaskStore;
  readonly open: (node: string) => Promise<TaskStore>;
}

const openNodes = async (): Promise<Nodes> => {
  const clock = new ManualClock();
  const backend = createSharedMemoryBackend(clock, LEASE_MS);
  const open = (node: string): Promise<TaskStore> => backend.open(node, () => 0);
  const silent = await open("silent");
  await clock.advance(LEASE_MS);
  return { silent, other: await open("other"), open };
};

const claim = (store: TaskStore) => store.claim({ limit: 1, now: NOW });

const LOSSES: readonly (readonly [when: string, lose: (nodes: Nodes) => Promise<unknown>])[] = [
  ["another frees what it held", ({ other }) => other.reclaim()],
  ["it renews its lease too late", ({ silent }) => silent.renew()],
  ["a later process joins by its name", ({ open }) => open("silent")],
];

for (const [when, lose] of LOSSES) {
  test(`a task that a silent worker makes in the moment when ${when} is free for others (I10)`, async () => {
    const nodes = await openNodes();
    const create = [{ ...TASK, claimed: { state: "submitted" } }] as const;
    const made = nodes.silent.commit([{ tenantId: "acme", create }]);
    await lose(nodes);
    expect(await made).toEqual([{ outcome: "committed" }]);
    expect(await claim(nodes.other)).toHaveLength(1);
  });

  test(`a task that a silent worker claims in the moment when ${when} is free for others (I10)`, async () => {
    const nodes = await openNodes();
    await nodes.other.commit([{ tenantId: "acme", create: [TASK] }]);
    const claimed = claim(nodes.silent);
    await lose(nodes);
    expect(await claimed).toHaveLength(1);
    expect(await claim(nodes.other)).toHaveLength(1);
  });
}

test("a silent worker claims nothing once another frees what it held (I1)", async () => {
  const { silent, other } = await openNodes();
  await other.commit([{ tenantId: "acme", create: [TASK] }]);
  const freed = other.reclaim();
  await expect(claim(silent)).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect(await freed).toBe(0);
  expect(await claim(other)).toHaveLength(1);
});

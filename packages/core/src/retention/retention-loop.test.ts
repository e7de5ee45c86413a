import type { NewTaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { wrapStore } from "../../test/wrap-store.ts";
import { createMemoryBlobStore, createMemoryKeyValue, createMemoryTaskStore } from "../inprocess/index.ts";
import { PAYLOADS } from "../payloads/index.ts";
import type { TaskStore } from "../ports/index.ts";
import type { TenantPolicy } from "../tasks/tenant-policy.ts";
import { createRecordingLogger, ManualClock } from "../testing/index.ts";
import { type Collected, collectTenant } from "./collect-tenant.ts";
import { RetentionLoop, type RetentionLoopOptions } from "./retention-loop.ts";

const T0 = 1_750_000_000_000;
const DAY = 86_400_000;
const INTERVAL = 3_600_000;

const submitted: NewTaskEvent = {
  type: "task.submitted",
  at: T0,
  data: { agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" },
};
const step: NewTaskEvent = { type: "step.completed", at: T0, data: { path: "s", kind: "step", result: 1 } };

const world = () => {
  const clock = new ManualClock({ now: T0 });
  const logger = createRecordingLogger();
  const store = createMemoryTaskStore({ clock });
  const keyValue = createMemoryKeyValue({ clock });
  const blobs = createMemoryBlobStore({ clock });
  const create = async (tenantId: string, taskId: string, at: number): Promise<void> => {
    const head = {
      agent: "a",
      revision: "r",
      contextId: "c",
      caller: "ann",
      priority: "normal",
      parent: null,
    } as const;
    const events: NewTaskEvent[] = [submitted, step, step, { type: "task.completed", at, data: { output: 1 } }];
    const task = {
      ...head,
      taskId,
      deadline: null,
      dueAt: T0,
      createdAt: Math.min(T0, at),
      claimed: { state: "completed" },
      events,
    } as const;
    expect(await store.commit([{ tenantId, create: [task] }])).toEqual([{ outcome: "committed" }]);
  };
  const left = async (tenantId: string): Promise<Record<string, number>> => {
    const { heads } = await store.list({ tenantId, limit: 1000 });
    return Object.fromEntries(heads.map(({ taskId, seq, floor }) => [taskId, seq - Math.max(0, floor - 1)]));
  };
  const loop = (policies: Record<string, TenantPolicy>, more: Partial<RetentionLoopOptions> = {}) => {
    const collected: Collected[] = [];
    const made = new RetentionLoop({
      ...{ store, clock, logger, keyValue, blobs, node: "n1", systemTenant: "system", intervalMs: INTERVAL },
      policies: new Map(Object.entries(policies)),
      onCollected: (each) => collected.push(each),
      ...more,
    });
    made.start();
    return { collected, close: () => made.close() };
  };
  return { clock, logger, store, keyValue, blobs, create, left, loop };
};

test("once an interval it removes and folds what each tenant's policy lets go, and nothing without a policy", async () => {
  const { clock, create, left, loop } = world();
  for (const tenantId of ["acme", "globex", "silent"])
    for (const [taskId, age] of [
      ["old", 40],
      ["mid", 10],
      ["new", 0],
    ] as const)
      await create(tenantId, taskId, T0 - age * DAY);
  const policies = {
    acme: { retention: { removeAfterMs: 30 * DAY, compactAfterMs: 5 * DAY } },
    globex: { retention: { compactAfterMs: 20 * DAY } },
    silent: { weight: 3 },
  };
  const { collected, close } = loop(policies);
  await clock.advance(INTERVAL - 1);
  expect(collected).toEqual([]);
  await clock.advance(1);
  expect(await left("acme")).toEqual({ mid: 2, new: 4 });
  expect(await left("globex")).toEqual({ old: 2, mid: 4, new: 4 });
  expect(await left("silent")).toEqual({ old: 4, mid: 4, new: 4 });
  expect(
    collected.map(({ tenantId, removedTasks, compactedTasks }) => [tenantId, removedTasks, compactedTasks]),
  ).toEqual([
    ["acme", 1, 1],
    ["globex", 0, 1],
  ]);
  await clock.advance(40 * DAY);
  expect([await left("acme"), await left("globex")]).toEqual([{}, { old: 2, mid: 2, new: 2 }]);
  await close();
});

test("one node at a time: another finds the turn taken, and takes it when its holder has been silent", async () => {
  const { clock, create, left, loop, store, keyValue } = world();
  await create("acme", "a", T0 - DAY);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = wrapStore(store, {
    remove: async (remove, removal) => {
      await held;
      return remove(removal);
    },
  });
  const policies = { acme: { retention: { removeAfterMs: 1 } } };
  const first = loop(policies, { store: slow });
  const second = loop(policies, { node: "n2" });
  await clock.advance(INTERVAL);
  expect([await left("acme"), second.collected]).toEqual([{ a: 4 }, []]);
  await clock.advance(INTERVAL);
  expect([await left("acme"), second.collected.length]).toEqual([{}, 1]);
  release();
  await clock.advance(0);
  expect(await keyValue.list({ tenantId: "system", namespace: "turns" })).toEqual([]);
  await Promise.all([first.close(), second.close()]);
});

test("closing ends a turn between two writes, and waits for the one under way", async () => {
  const { clock, create, left, loop, store } = world();
  for (let index = 0; index < 250; index++) await create("acme", `t${index}`, T0 - DAY);
  let writes = 0;
  const closings: Promise<void>[] = [];
  const counted: TaskStore = wrapStore(store, {
    remove: (remove, removal) => {
      writes += 1;
      closings.push(made.close());
      return remove(removal);
    },
  });
  const made = loop({ acme: { retention: { removeAfterMs: 1 } } }, { store: counted });
  await clock.advance(INTERVAL);
  await Promise.all(closings);
  expect([writes, Object.keys(await left("acme")).length]).toEqual([1, 150]);
  await clock.advance(DAY);
  expect(writes).toBe(1);
});

test("a log that cannot be read stays, is told, and keeps nobody else's from being folded", async () => {
  const { clock, logger, create, left, store } = world();
  for (const taskId of ["bad", "good"]) await create("acme", taskId, T0 - DAY);
  const broken = wrapStore(store, {
    readLog: (next, key, options) => (key.taskId === "bad" ? Promise.reject(new Error("torn")) : next(key, options)),
  });
  const request = { tenantId: "acme", removeBefore: null, compactBefore: T0 + 1, maxTasks: 10 };
  await clock.advance(2);
  const collected = await collectTenant({ store: broken, clock, logger }, request);
  expect(collected).toMatchObject({ compactedTasks: 1, compactedEvents: 3, failedTasks: 1, isMore: false });
  expect(await left("acme")).toEqual({ bad: 4, good: 2 });
});

test("a dry run counts what a run then does, and a bounded run says that there is more", async () => {
  const { clock, logger, create, store } = world();
  for (let index = 0; index < 130; index++) await create("acme", `t${index}`, T0 - (index < 120 ? 2 : 1) * DAY);
  await clock.advance(2);
  const request = { tenantId: "acme", removeBefore: T0 - DAY, compactBefore: T0 + 1, maxTasks: 1000 };
  const told = await collectTenant({ store, clock, logger }, { ...request, dryRun: true });
  expect(told).toMatchObject({ removedTasks: 120, removedEvents: 480, compactedTasks: 10, compactedEvents: 30 });
  const first = await collectTenant({ store, clock, logger }, { ...request, compactBefore: null, maxTasks: 100 });
  expect(first).toMatchObject({ removedTasks: 100, isMore: true });
  const second = await collectTenant({ store, clock, logger }, request);
  expect(second.removedBytes + first.removedBytes).toBe(told.removedBytes);
  expect(second).toMatchObject({ removedTasks: 20, isMore: false });
});

test("payloads that no task refers to go after their grace, of tenants without a policy too; the others stay", async () => {
  const { clock, blobs, store, loop } = world();
  const [kept, left] = ["a".repeat(64), "b".repeat(64)];
  const scope = { tenantId: "acme", namespace: PAYLOADS };
  for (const name of [kept, left]) await blobs.put(scope, name, new Uint8Array([1]));
  const task = {
    ...{ taskId: "t", agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" as const },
    ...{ parent: null, deadline: null, dueAt: T0, createdAt: T0, events: [submitted] },
  };
  await store.commit([{ tenantId: "acme", create: [task], blobs: [{ taskId: "t", name: kept }] }]);
  const running = loop({});
  await clock.advance(DAY);
  expect((await blobs.list(scope)).map(({ name }) => name)).toEqual([kept, left]);
  await clock.advance(INTERVAL);
  expect((await blobs.list(scope)).map(({ name }) => name)).toEqual([kept]);
  await running.close();
});

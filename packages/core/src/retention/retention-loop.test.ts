import { type NewTaskEvent, PlatformError } from "@agentcore/contract";
import { expect, test, vi } from "vitest";
import { wrapStore } from "../../test/wrap-store.ts";
import { createMemoryBlobStore, createMemoryKeyValue, createMemoryTaskStore } from "../inprocess/index.ts";
import { PAYLOADS } from "../payloads/index.ts";
import type { Settlement, TaskStore } from "../ports/index.ts";
import type { TenantPolicy } from "../tasks/tenant-policy.ts";
import { viewTask } from "../tasks/view.ts";
import { createRecordingLogger, ManualClock } from "../testing/index.ts";
import { type Collected, collectTenant } from "./collect-tenant.ts";
import { RetentionLoop, type RetentionLoopOptions } from "./retention-loop.ts";

const timeout = () => new PlatformError("STORE_UNAVAILABLE", "canceling statement");
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
      ...{ store, clock, logger, keyValue, blobs, node: "n1", life: "1", systemTenant: "system", intervalMs: INTERVAL },
      policies: new Map(Object.entries(policies)),
      remains: { tenants: async () => [], sweep: async () => {} },
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

const usageAt = (hour: number, caller = "ann"): Settlement => ({
  ...{ key: null, amounts: [] },
  usage: {
    ...{ hour: hour - (hour % INTERVAL), agent: "a", team: "", model: "m", caller, calls: 1, estimatedCalls: 0 },
    ...{ inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, costNanoUsd: 1, cacheHits: 0, savedNanoUsd: 0 },
  },
});

test("usage goes 400 days after its hour, or when a policy says, and so do counters after their period; no task needs to be there", async () => {
  const { clock, store, loop } = world();
  for (const tenantId of ["acme", "plain", "silent"]) {
    const settle = [500, 399, 20, 0].map((days) => usageAt(T0 - days * DAY));
    const amounts = [500, 20].map((days) => ({
      ...{ account: `over ${days}`, amount: 1, ceiling: 9, endsAt: T0 - days * DAY },
    }));
    const reserve = { key: "k", expiresAt: T0, amounts, usage: usageAt(T0).usage };
    await store.commit([{ tenantId, settle, reserve }]);
    const spent = amounts.map(({ account, amount }) => ({ account, amount }));
    await store.commit([{ tenantId, settle: [{ ...usageAt(T0), key: "k", amounts: spent }] }]);
  }
  const { collected, close } = loop({ acme: { retention: { removeUsageAfterMs: 10 * DAY } }, plain: { weight: 2 } });
  const left = async (tenantId: string): Promise<unknown> => {
    const days = (await store.usage({ tenantId, from: 0, to: 2 * T0 })).map(({ hour }) =>
      Math.floor((T0 - hour) / DAY),
    );
    const balances = await store.balances(tenantId, ["over 500", "over 20"]);
    return [days, balances.map(({ spent }) => spent)];
  };
  await clock.advance(INTERVAL);
  expect(await left("acme")).toEqual([[0], [0, 0]]);
  expect([await left("plain"), await left("silent")]).toEqual([
    [
      [399, 20, 0],
      [0, 1],
    ],
    [
      [399, 20, 0],
      [0, 1],
    ],
  ]);
  const sums = collected.map(({ tenantId, removedSums, isMore }) => [tenantId, removedSums, isMore]);
  expect(sums).toEqual([
    ["acme", 5, false],
    ["plain", 2, false],
    ["silent", 2, false],
  ]);
  await clock.advance(2 * DAY);
  expect(await left("silent")).toEqual([
    [20, 0],
    [0, 1],
  ]);
  await close();
});

test("much usage goes in small writes, and a dry run only counts", async () => {
  const { clock, store } = world();
  const settle = Array.from({ length: 2500 }, (_, index) => usageAt(T0 - 500 * DAY, `caller ${index}`));
  await store.commit([{ tenantId: "acme", settle }]);
  const limits: number[] = [];
  const services = {
    ...{ clock, logger: createRecordingLogger() },
    store: wrapStore(store, {
      removeSpent: (remove, removal) => {
        limits.push(removal.limit);
        return remove(removal);
      },
    }),
  };
  const request = { tenantId: "acme", removeBefore: null, compactBefore: null, removeUsageBefore: T0, maxTasks: 1 };
  const counted = await collectTenant(services, { ...request, dryRun: true });
  expect([counted.removedSums, counted.isMore, limits.splice(0)]).toEqual([2500, false, [10_000]]);
  expect(await collectTenant(services, request)).toMatchObject({ removedSums: 2500, isMore: false, error: null });
  expect(limits).toEqual([1000, 1000, 1000]);
  expect(await store.usage({ tenantId: "acme", from: 0, to: T0 })).toEqual([]);
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
  const request = {
    tenantId: "acme",
    removeBefore: null,
    compactBefore: T0 + 1,
    removeUsageBefore: null,
    maxTasks: 10,
  };
  await clock.advance(2);
  const collected = await collectTenant({ store: broken, clock, logger }, request);
  expect(collected).toMatchObject({ compactedTasks: 1, compactedEvents: 3, failedTasks: 1, isMore: false });
  expect(await left("acme")).toEqual({ bad: 4, good: 2 });
});

test("one task that the store does not get done keeps neither its tenant's others nor other tenants from going", async () => {
  const { clock, logger, create, left, loop, store } = world();
  for (const taskId of ["a", "stuck", "z"]) await create("acme", taskId, T0 - DAY);
  await create("globex", "b", T0 - DAY);
  const slow = wrapStore(store, {
    remove: (next, removal) => (removal.taskIds.includes("stuck") ? Promise.reject(timeout()) : next(removal)),
  });
  const policies = { acme: { retention: { removeAfterMs: 1 } }, globex: { retention: { removeAfterMs: 1 } } };
  const { collected, close } = loop(policies, { store: slow });
  await clock.advance(INTERVAL);
  expect([await left("acme"), await left("globex")]).toEqual([{ stuck: 4 }, {}]);
  expect(
    collected.map(({ tenantId, removedTasks, failedTasks, error }) => [tenantId, removedTasks, failedTasks, error]),
  ).toEqual([
    ["acme", 2, 1, null],
    ["globex", 1, 0, null],
  ]);
  expect(logger.records.filter(({ level }) => level === "error")).toMatchObject([
    { message: "cannot remove the task: canceling statement", fields: { tenantId: "acme", taskId: "stuck" } },
  ]);
  await close();
});

test("a tenant for whom the store answers nothing is given up after three tasks, told once, and tried again next time", async () => {
  const { clock, logger, blobs, create, left, loop, store } = world();
  for (let index = 0; index < 9; index++) await create("acme", `t${index}`, T0 - DAY);
  await create("globex", "b", T0 - DAY);
  let isDown = true;
  let asked = 0;
  const down = wrapStore(store, {
    remove: (next, removal) => {
      if (removal.tenantId !== "acme" || !isDown) return next(removal);
      asked += 1;
      return Promise.reject(timeout());
    },
    retention: (next, query) => (query.tenantId === "broken" ? Promise.reject(new Error("torn")) : next(query)),
  });
  const retention = { removeAfterMs: 1 };
  const { collected, close } = loop(
    { acme: { retention }, broken: { retention }, globex: { retention } },
    { store: down, blobs },
  );
  await clock.advance(INTERVAL);
  // The batch, then one by one.
  expect(asked).toBe(4);
  expect(
    collected.map(({ tenantId, removedTasks, failedTasks, error }) => [
      tenantId,
      removedTasks,
      failedTasks,
      error?.code,
    ]),
  ).toEqual([
    ["acme", 0, 3, "STORE_UNAVAILABLE"],
    ["broken", 0, 0, "INTERNAL"],
    ["globex", 1, 0, undefined],
  ]);
  expect(logger.records.filter(({ message }) => message.startsWith("retention broke off"))).toMatchObject([
    { fields: { tenantId: "acme" } },
    { fields: { tenantId: "broken" } },
  ]);
  isDown = false;
  await clock.advance(INTERVAL);
  expect(await left("acme")).toEqual({});
  await close();
});

test("a tenant for whom a turn takes longer than its lease keeps it, and the next tenant's turn comes", async () => {
  const { clock, create, left, loop, store } = world();
  for (let index = 0; index < 250; index++) await create("acme", `t${index}`, T0 - DAY);
  await create("globex", "b", T0 - DAY);
  const slow = wrapStore(store, {
    remove: async (next, removal) => {
      await new Promise<void>((resolve) => void clock.after(200_000, resolve));
      return next(removal);
    },
  });
  const policies = { acme: { retention: { removeAfterMs: 1 } }, globex: { retention: { removeAfterMs: 1 } } };
  const first = loop(policies, { store: slow });
  await clock.advance(1);
  const second = loop(policies, { node: "n2" });
  await clock.advance(INTERVAL);
  for (let step = 0; step < 100; step++) await clock.advance(10_000);
  expect([await left("acme"), await left("globex"), second.collected]).toEqual([{}, {}, []]);
  await Promise.all([first.close(), second.close()]);
});

test("a sweep that takes longer than the lease is followed by the next tenant's", async () => {
  const { clock, blobs, loop } = world();
  const name = "a".repeat(64);
  for (const tenantId of ["acme", "globex"])
    await blobs.put({ tenantId, namespace: PAYLOADS }, name, new Uint8Array([1]));
  const slow = {
    ...blobs,
    list: async (...given: Parameters<typeof blobs.list>) => {
      await new Promise<void>((resolve) => void clock.after(400_000, resolve));
      return blobs.list(...given);
    },
  };
  const { close } = loop({}, { blobs: slow, intervalMs: 25 * INTERVAL });
  await clock.advance(25 * INTERVAL);
  for (let step = 0; step < 10; step++) await clock.advance(100_000);
  for (const tenantId of ["acme", "globex"]) expect(await blobs.list({ tenantId, namespace: PAYLOADS })).toEqual([]);
  await close();
});

test("blobs of a tenant that cannot be swept keep nobody else's, and are told", async () => {
  const { clock, logger, blobs, loop } = world();
  const name = "a".repeat(64);
  for (const tenantId of ["acme", "globex"])
    await blobs.put({ tenantId, namespace: PAYLOADS }, name, new Uint8Array([1]));
  const failed: string[] = [];
  const torn = {
    ...blobs,
    list: (scope: { tenantId: string; namespace: string }, options: object) =>
      scope.tenantId === "acme" ? Promise.reject(new Error("torn")) : blobs.list(scope, options),
  };
  const { close } = loop({}, { blobs: torn, onSweepFailed: (tenantId) => failed.push(tenantId) });
  await clock.advance(25 * INTERVAL);
  expect((await blobs.list({ tenantId: "globex", namespace: PAYLOADS })).length).toBe(0);
  expect(failed).toContain("acme");
  expect(logger.records.find(({ level }) => level === "error")).toMatchObject({
    ...{ message: "cannot sweep blobs: torn", fields: { tenantId: "acme" } },
  });
  await close();
});

const LONG = 25_000;
const createLong = async (store: TaskStore, taskId: string): Promise<void> => {
  const message: NewTaskEvent = {
    type: "message.added",
    at: T0,
    data: { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "hi" }] } },
  };
  const steps = Array.from({ length: LONG - 3 }, () => step);
  const events: NewTaskEvent[] = [
    submitted,
    message,
    ...steps,
    { type: "task.completed", at: T0 - DAY, data: { output: 1 } },
  ];
  const task = {
    ...{ taskId, agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" as const },
    ...{ parent: null, deadline: null, dueAt: T0, createdAt: T0, claimed: { state: "completed" as const }, events },
  };
  expect(await store.commit([{ tenantId: "acme", create: [task] }])).toEqual([{ outcome: "committed" }]);
};

test("a long log goes in parts, each bounded; after a crash between two the next turn goes on, and readers see the task or none", async () => {
  const { clock, logger, store } = world();
  await createLong(store, "long");
  await clock.advance(2);
  const key = { tenantId: "acme", taskId: "long" };
  const shown = viewTask("long", await store.readLog(key, { limit: LONG }));
  const writes: number[] = [];
  let crashAt = 1;
  const counted = wrapStore(store, {
    compact: async (next, compaction) => {
      if (writes.length === crashAt) throw new PlatformError("STORE_UNAVAILABLE", "crash");
      writes.push(compaction.floor - ((await store.head(key))?.floor ?? 0));
      return next(compaction);
    },
    remove: async (next, removal) => {
      const head = await store.head(key);
      writes.push((head?.seq ?? 0) - (head?.floor ?? 0));
      return next(removal);
    },
  });
  const request = {
    tenantId: "acme",
    removeBefore: T0 + 1,
    compactBefore: null,
    removeUsageBefore: null,
    maxTasks: 10,
  };
  const first = await collectTenant({ store: counted, clock, logger }, request);
  expect(first).toMatchObject({ removedTasks: 0, failedTasks: 1, error: null });
  const between = await store.readLog(key, { limit: LONG });
  expect([between.length < LONG, viewTask("long", between)]).toEqual([true, shown]);
  crashAt = Number.POSITIVE_INFINITY;
  const second = await collectTenant({ store: counted, clock, logger }, request);
  expect(await store.head(key)).toBeNull();
  expect(writes.every((events) => events <= 10_000)).toBe(true);
  expect(first.removedEvents + second.removedEvents).toBe(LONG);
});

test("a long log that nobody can read, or that makes no fold, is removed in parts all the same", async () => {
  const { clock, logger, store } = world();
  await createLong(store, "long");
  await clock.advance(2);
  const sealed = wrapStore(store, {
    readLog: () => Promise.reject(new PlatformError("PAYLOAD_UNREADABLE", "no key")),
  });
  const request = {
    tenantId: "acme",
    removeBefore: T0 + 1,
    compactBefore: null,
    removeUsageBefore: null,
    maxTasks: 10,
  };
  const collected = await collectTenant({ store: sealed, clock, logger }, request);
  expect(collected).toMatchObject({ removedTasks: 1, removedEvents: LONG, failedTasks: 0 });
  expect(await store.head({ tenantId: "acme", taskId: "long" })).toBeNull();
});

test("a dry run counts what a run then does, and a bounded run says that there is more", async () => {
  const { clock, logger, create, store } = world();
  for (let index = 0; index < 130; index++) await create("acme", `t${index}`, T0 - (index < 120 ? 2 : 1) * DAY);
  await clock.advance(2);
  const request = {
    tenantId: "acme",
    removeBefore: T0 - DAY,
    compactBefore: T0 + 1,
    removeUsageBefore: null,
    maxTasks: 1000,
  };
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

test("what ended tasks left behind is swept of every tenant, whatever fails for one", async () => {
  const { clock, logger, loop } = world();
  const swept: string[] = [];
  const failed: string[] = [];
  const it = loop(
    {},
    {
      remains: {
        tenants: async () => ["acme", "globex"],
        sweep: async (tenantId) => {
          if (tenantId === "acme") throw new Error("out of order");
          swept.push(tenantId);
        },
      },
      onSweepFailed: (tenantId) => failed.push(tenantId),
    },
  );
  await clock.advance(INTERVAL);
  await vi.waitFor(() => expect(swept).toEqual(["globex"]));
  expect(failed).toEqual(["acme"]);
  expect(logger.records.map(({ message }) => message)).toContain("cannot sweep what tasks left behind: out of order");
  await it.close();
});

/** What transactions that overlap make of each other, and clocks that differ. */
import type { ClaimedTask, CommitUnit, NewTask } from "@agentcore/core/ports";
import pg from "pg";
import { afterEach, beforeEach, expect } from "vitest";
import { claimedTask, newTask } from "../../../test/new-task.ts";
import { newSchema, test, url } from "../../../test/schema.ts";
import { openPostgres, type PostgresOptions, type PostgresStores } from "../../index.ts";

let schema: ReturnType<typeof newSchema>;
let opened: PostgresStores[] = [];
let anybody: pg.Client;
beforeEach(async () => {
  schema = newSchema();
  opened = [];
  anybody = new pg.Client({ connectionString: url });
  await anybody.connect();
});
afterEach(async () => {
  await anybody.end();
  for (const stores of opened) await stores.close();
  await schema.drop();
});

const open = async (node: string, clock?: PostgresOptions["clock"]): Promise<PostgresStores["tasks"]> => {
  const named = new URL(url);
  named.searchParams.set("application_name", schema.schema);
  const stores = await openPostgres({ url: named.href, node, schema: schema.schema, clock });
  opened.push(stores);
  return stores.tasks;
};

const creates = (...create: NewTask[]): CommitUnit => ({ tenantId: "acme", create });
const tells = (taskId: string, key: string): CommitUnit => ({
  tenantId: "acme",
  mail: [{ taskId, key, kind: "signal", payload: 1, ifTerminal: "refuse" }],
});
/** The outbox is written last: with one of these a transaction stops there, with all that it made before still its own. */
const stopping = (unit: CommitUnit): CommitUnit => ({ ...unit, outbox: [{ id: "o", kind: "event", payload: {} }] });

const whileHeld = async (lock: string, work: () => Promise<void>): Promise<void> => {
  await anybody.query("begin");
  await anybody.query(`set local search_path = ${schema.schema}`);
  await anybody.query(lock);
  await work();
  await anybody.query("rollback");
};
const whileOutboxIsHeld = (work: () => Promise<void>): Promise<void> =>
  whileHeld("lock table outbox in share mode", work);
/** What the nodes' transactions wait for. */
const waits = async (): Promise<string[]> => {
  const { rows } = await anybody.query<{ wait_event: string }>(
    `select wait_event from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' order by wait_event`,
    [schema.schema],
  );
  return rows.map(({ wait_event }) => wait_event);
};
const waiting = async (): Promise<number> => (await waits()).length;
const idsOf = (claimed: readonly ClaimedTask[]): string[] => claimed.map(({ head }) => head.taskId);

for (const statements of ["one statement", "several statements"])
  test(`of tasks of one context, made at the same time in ${statements} each, the older is there first, so only one runs`, async () => {
    const [first, second] = [await open("x"), await open("y")];
    await first.commit([creates(claimedTask("p", { contextId: "p" }))]);
    // No two units of a statement have the same recipient.
    const before = (key: string): CommitUnit[] =>
      statements === "one statement" ? [] : [tells("p", `${key} 1`), tells("p", `${key} 2`)];
    const exclusive = (taskId: string, contextId = "c") => creates(newTask(taskId, { contextId, exclusive: true }));
    let older: unknown;
    let newer: Promise<unknown> = Promise.resolve();
    let isThere = false;
    await whileOutboxIsHeld(async () => {
      // Of another node, and of the same: it writes two batches at a time.
      older = first.commit([stopping(exclusive("older"))]);
      await expect.poll(waiting).toBe(1);
      // Neither work of another context nor what runs at any time waits for it.
      const others = [[exclusive("elsewhere", "d")], [creates(claimedTask("ordinary"))]];
      for (const units of others) expect(await second.commit(units)).toEqual([{ outcome: "committed" }]);
      newer = second.commit([...before("m"), exclusive("newer")]).finally(() => {
        isThere = true;
      });
      await expect.poll(async () => isThere || (await waiting()) === 2).toBe(true);
      expect(idsOf(await first.claim({ limit: 9, now: 9 }))).toEqual(["elsewhere"]);
    });
    await Promise.all([older, newer]);
    expect(idsOf(await first.claim({ limit: 9, now: 9 }))).toEqual(["older"]);
  });

test("contexts are locked before tasks also where units fill several statements, so that nobody waits in a circle", async () => {
  const [first, second] = [await open("x"), await open("y")];
  const parent = (taskId: string) => claimedTask(taskId, { contextId: "p" });
  await first.commit([creates(parent("p")), creates(parent("q"))]);
  const makes = (taskId: string): CommitUnit => ({
    ...creates(newTask(taskId, { exclusive: true })),
    ...{ mail: tells("p", taskId).mail },
  });
  let committed: Promise<unknown>[] = [];
  await whileHeld("select from heads where task_id = 'q' for update", async () => {
    // Has p, waits for q.
    committed = [first.commit([tells("p", "m"), tells("q", "m"), makes("t")])];
    await expect.poll(waits).toEqual(["transactionid"]);
    committed.push(second.commit([makes("u")]));
    await expect.poll(waits).toEqual(["advisory", "transactionid"]);
  });
  const done = { outcome: "committed" };
  expect(await Promise.all(committed)).toEqual([[done, done, done], [done]]);
  expect(idsOf(await first.claim({ limit: 9, now: 9 }))).toEqual(["t"]);
});

test("who repeats a request while the first is being written is told the id of the task that it made", async () => {
  const [first, second] = [await open("x"), await open("y")];
  const keyed = (taskId: string) => creates(newTask(taskId, { idempotencyKey: "k" }));
  let made: unknown;
  let repeated: Promise<unknown> = Promise.resolve();
  await whileOutboxIsHeld(async () => {
    made = first.commit([stopping(keyed("made"))]);
    await expect.poll(waiting).toBe(1);
    repeated = second.commit([keyed("never")]);
    await expect.poll(waiting).toBe(2);
  });
  expect(await made).toEqual([{ outcome: "committed" }]);
  expect(await repeated).toEqual([{ outcome: "stale", reason: "exists", existingTaskId: "made" }]);
});

test("what a node whose clock is ahead makes due is due for everybody; what shall wait waits", async () => {
  const AHEAD_MS = 600_000;
  const ahead = await open("ahead", { now: () => Date.now() + AHEAD_MS });
  const right = await open("right");
  const claimed = async (): Promise<string[]> => idsOf(await right.claim({ limit: 9, now: Date.now() })).sort();
  const now = Date.now() + AHEAD_MS;
  const release = (dueAt: number | null) => ({ state: "working" as const, release: { dueAt } });
  await ahead.commit([
    creates(
      newTask("created", { dueAt: now }),
      newTask("released", { claimed: release(now) }),
      newTask("told", { claimed: release(null) }),
      claimedTask("busy"),
      claimedTask("given back"),
      newTask("sleeps", { claimed: release(now + 60_000) }),
      newTask("told early", { claimed: release(now + 60_000) }),
    ),
  ]);
  const givesBack = (taskId: string, dueAt: number | null): CommitUnit => ({
    ...{ tenantId: "acme", taskId },
    append: {
      ...{ expect: { seq: 1, token: 1 }, events: [], state: "working", consume: [] },
      ...{ requireEmptyMailbox: false, release: { dueAt } },
    },
  });
  await ahead.commit([tells("told", "m"), tells("busy", "m"), tells("told early", "m")]);
  await ahead.commit([givesBack("busy", null), givesBack("given back", now)]);
  expect(await claimed()).toEqual(["busy", "created", "given back", "released", "told", "told early"]);
  expect((await right.head({ tenantId: "acme", taskId: "sleeps" }))?.dueAt).toBe(now + 60_000);
});

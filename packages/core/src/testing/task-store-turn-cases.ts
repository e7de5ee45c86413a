/** Turns and limits of tenants and agents in claims. */
import type { ClaimRequest, TenantTurn } from "../ports/task-store.ts";
import { equal, present } from "./assertions.ts";
import {
  append,
  completed,
  mail,
  OTHER,
  T0,
  type TaskStoreCase,
  type TaskStoreFixture,
  TENANT,
  task,
} from "./task-store-fixture.ts";

const THIRD = "initech";
const release = (dueAt: number | null) => ({ release: { dueAt } });

const fill = async (it: TaskStoreFixture, tenantId: string, count: number, agent = "scorer"): Promise<void> => {
  const create = Array.from({ length: count }, (_, index) => task(`${agent}-${index}`, { agent }));
  await it.store.commit([{ tenantId, create }]);
};

/** How many of each tenant, and the tenants in order. */
const claimBy = async (it: TaskStoreFixture, limit: number, turns: Readonly<Record<string, TenantTurn>> = {}) => {
  const order = (await it.claim(limit, { tenants: new Map(Object.entries(turns)) })).map(({ head }) => head.tenantId);
  const of = (tenantId: string) => order.filter((each) => each === tenantId).length;
  return { order, counts: [of(TENANT), of(OTHER), of(THIRD)] };
};

const limited = (maxLeased: Readonly<Record<string, number>>, more: Omit<ClaimRequest, "limit" | "now"> = {}) => ({
  ...more,
  maxLeased: new Map(Object.entries(maxLeased)),
});

export const turnCases: readonly TaskStoreCase[] = [
  [
    "a claim brings tenants' tasks in proportion to their weights, and to one that is not named as to a weight of 1",
    async (it) => {
      for (const tenantId of [TENANT, OTHER, THIRD]) await fill(it, tenantId, 60);
      const { counts } = await claimBy(it, 60, { [TENANT]: { weight: 3 }, [OTHER]: { weight: 2 } });
      equal(counts, [30, 20, 10], "of sixty");
    },
  ],
  [
    "tenants come in the order of their places, so that one that is ahead waits for the others",
    async (it) => {
      for (const tenantId of [TENANT, OTHER]) await fill(it, tenantId, 10);
      const ahead = { [TENANT]: { pass: 2.5 } };
      equal((await claimBy(it, 6, ahead)).order, [OTHER, OTHER, OTHER, TENANT, OTHER, TENANT], "order");
      equal((await claimBy(it, 1, ahead)).order, [OTHER], "a claim of one");
      await fill(it, THIRD, 1);
      equal(
        (await claimBy(it, 1, { [TENANT]: { pass: 1 }, [OTHER]: { pass: 1e9 } })).order,
        [THIRD],
        "one that is new",
      );
    },
  ],
  [
    "one waiting task comes at once beside ten thousand of another tenant, also of one with the greatest weight",
    async (it) => {
      await fill(it, TENANT, 10_000);
      await fill(it, OTHER, 1);
      const { counts } = await claimBy(it, 2, { [TENANT]: { weight: 1000 } });
      equal(counts, [1, 1, 0], "of two");
    },
  ],
  [
    "no more tasks of a tenant are leased than its limit, in its tenant only, and what is given back makes room",
    async (it) => {
      for (const tenantId of [TENANT, OTHER]) await fill(it, tenantId, 5);
      await fill(it, TENANT, 5, "other");
      const turns = { [TENANT]: { maxLeased: 3, weight: 10 } };
      equal((await claimBy(it, 4, turns)).counts, [3, 1, 0], "at first");
      equal((await claimBy(it, 100, turns)).counts, [0, 4, 0], "full");
      const held = (await it.store.leases()).filter(({ tenantId }) => tenantId === TENANT);
      const [first, second] = await Promise.all(held.map(({ taskId }) => it.head(taskId)));
      for (const head of [present(first, "first"), present(second, "second")])
        await it.mustCommit({
          taskId: head.taskId,
          append: append(head, { state: "input-required", ...release(null) }),
        });
      equal((await claimBy(it, 100, turns)).counts, [2, 0, 0], "two wait");
      const ended = present(held[2], "third");
      const head = await it.head(ended.taskId);
      await it.mustCommit({ taskId: ended.taskId, append: append(head, { events: [completed], state: "completed" }) });
      equal((await claimBy(it, 100, turns)).counts, [1, 0, 0], "one has ended");
    },
  ],
  [
    "tasks that were created claimed count for the limits, those created waiting or ended do not",
    async (it) => {
      await it.create(
        ...[task("runs", { claimed: { state: "working" } }), task("done", { claimed: { state: "completed" } })],
        task("asks", { claimed: { state: "input-required", release: { dueAt: null } } }),
      );
      await fill(it, TENANT, 5);
      equal((await claimBy(it, 100, { [TENANT]: { maxLeased: 2 } })).counts, [1, 0, 0], "beside the one that runs");
    },
  ],
  [
    "a limit below what is leased takes nothing away and adds nothing",
    async (it) => {
      await fill(it, TENANT, 9);
      equal((await it.claim(4)).length, 4, "without a limit");
      for (const maxLeased of [0, 1, 4])
        equal((await claimBy(it, 100, { [TENANT]: { maxLeased } })).counts, [0, 0, 0], `limit ${maxLeased}`);
      equal((await it.store.leases()).length, 4, "still leased");
      equal((await claimBy(it, 100, { [TENANT]: { maxLeased: 6 } })).counts, [2, 0, 0], "raised");
    },
  ],
  [
    "no more tasks of an agent are leased than its limit, whatever slots are free, and of its namesake in another tenant as many as ever",
    async (it) => {
      for (const tenantId of [TENANT, OTHER]) await fill(it, tenantId, 5);
      await fill(it, TENANT, 5, "other");
      const limits = limited({ [`${TENANT}/scorer`]: 2 }, { slots: new Map([[`${TENANT}/scorer`, 4]]) });
      const claimed = async () =>
        (await it.claim(100, limits)).map(({ head }) => `${head.tenantId} ${head.agent}`).sort();
      const times = (text: string, count: number) => Array.from({ length: count }, () => text);
      equal(
        await claimed(),
        [...times(`${TENANT} other`, 5), ...times(`${TENANT} scorer`, 2), ...times(`${OTHER} scorer`, 5)],
        "at first",
      );
      equal(await claimed(), [], "full");
      const scorer = present(
        (await it.store.leases()).find(({ tenantId, taskId }) => tenantId === TENANT && taskId.startsWith("scorer")),
        "a lease",
      );
      const head = await it.head(scorer.taskId);
      await it.mustCommit({ taskId: scorer.taskId, append: append(head, release(null)) });
      equal(await claimed(), [`${TENANT} scorer`], "one was given back");
    },
  ],
  [
    "the smaller of two limits holds: a tenant's, and that of one of its agents",
    async (it) => {
      await fill(it, TENANT, 5);
      await fill(it, TENANT, 5, "other");
      const tenants = new Map([[TENANT, { maxLeased: 4 }]]);
      const agents = (await it.claim(100, limited({ [`${TENANT}/scorer`]: 1 }, { tenants }))).map(
        ({ head }) => head.agent,
      );
      equal(agents.toSorted(), ["other", "other", "other", "scorer"], "agents");
    },
  ],
  [
    "what only has to be ended is claimed beyond every limit",
    async (it) => {
      await it.create(task("runs", { claimed: { state: "working" } }), task("canceled"), task("waits"));
      await it.create(task("late", { deadline: T0 }));
      await it.mustCommit({ mail: [mail("canceled", "c", { kind: "cancel" })] });
      const tenants = new Map([[TENANT, { maxLeased: 1 }]]);
      const claimed = (await it.claim(10, limited({ [`${TENANT}/scorer`]: 1 }, { tenants }))).map(
        ({ head }) => head.taskId,
      );
      equal(claimed.toSorted(), ["canceled", "late"], "claimed");
    },
  ],
  [
    "claims that race do not exceed a limit together",
    async (it) => {
      await fill(it, TENANT, 40);
      await fill(it, OTHER, 40);
      const tenants = new Map([[TENANT, { maxLeased: 7 }]]);
      const more = limited({ [`${OTHER}/scorer`]: 5 }, { tenants });
      const claims = await Promise.all(Array.from({ length: 10 }, () => it.claim(4, more)));
      const of = (tenantId: string) => claims.flat().filter(({ head }) => head.tenantId === tenantId).length;
      equal([of(TENANT) <= 7, of(OTHER) <= 5], [true, true], `${of(TENANT)} and ${of(OTHER)}`);
      await it.claim(100, more);
      const leases = await it.store.leases();
      const held = (tenantId: string) => leases.filter((lease) => lease.tenantId === tenantId).length;
      equal([held(TENANT), held(OTHER)], [7, 5], "in the end");
    },
  ],
  [
    "a tenant or agent whose name looks like another's has its own turn and limit (I7)",
    async (it) => {
      const names = ["a", "a\u0000", "a%", "a'", "A"];
      for (const tenantId of names) await fill(it, tenantId, 3);
      const tenants = new Map<string, TenantTurn>([
        ["a", { maxLeased: 1 }],
        ["a\u0000", { maxLeased: 2 }],
      ]);
      const claimed = (await it.claim(100, { tenants })).map(({ head }) => head.tenantId);
      equal(
        names.map((name) => claimed.filter((each) => each === name).length),
        [1, 2, 3, 3, 3],
        "of each",
      );
    },
  ],
];

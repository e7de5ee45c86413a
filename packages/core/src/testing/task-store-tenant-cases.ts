/** I7: two tenants with equal ids everywhere; no method of the port may see or touch the other's. */
import { equal, present } from "./assertions.ts";
import { reservation, settlement, usageOf } from "./ledger-cases.ts";
import {
  append,
  COMMITTED,
  mail,
  OTHER,
  step,
  T0,
  type TaskStoreCase,
  type TaskStoreFixture,
  TENANT,
  task,
} from "./task-store-fixture.ts";

/** Task "a" in both tenants, of different callers, with equal keys. */
const twins = async (it: TaskStoreFixture): Promise<void> => {
  for (const [tenantId, caller] of [
    [TENANT, "ann"],
    [OTHER, "olga"],
  ] as const) {
    const outcomes = await it.store.commit([
      {
        tenantId,
        create: [task("a", { caller: "same", idempotencyKey: "k", contextId: caller, claimed: { state: "working" } })],
      },
    ]);
    equal(outcomes, [COMMITTED], "outcomes");
  }
};

export const tenantCases: readonly TaskStoreCase[] = [
  [
    "equal task ids and idempotency keys live side by side in two tenants (I7)",
    async (it) => {
      await twins(it);
      equal([(await it.head("a")).contextId, (await it.head("a", OTHER)).contextId], ["ann", "olga"], "heads");
      for (const tenantId of [TENANT, OTHER, "third"]) {
        const found = await it.store.findByIdempotencyKey({ tenantId, caller: "same", idempotencyKey: "k" });
        equal(found, tenantId === "third" ? null : "a", `key in ${tenantId}`);
      }
      equal(await it.store.head({ tenantId: "third", taskId: "a" }), null, "third tenant");
    },
  ],
  [
    "an append changes one tenant's task only (I7)",
    async (it) => {
      await twins(it);
      await it.mustCommit({ taskId: "a", append: append({ seq: 1, token: 1 }, { events: [step("secret")] }) });
      equal([await it.seqs("a"), await it.seqs("a", OTHER), (await it.head("a", OTHER)).seq], [[1, 2], [1], 1], "logs");
      equal(
        await it.store.commit([{ tenantId: "third", taskId: "a", append: append({ seq: 2, token: 1 }) }]),
        [{ outcome: "stale", reason: "missing" }],
        "third tenant",
      );
    },
  ],
  [
    "mail reaches, wakes and is consumed in one tenant only (I7)",
    async (it) => {
      for (const tenantId of [TENANT, OTHER])
        await it.store.commit([
          { tenantId, create: [task("a", { claimed: { state: "input-required", release: { dueAt: null } } })] },
        ]);
      await it.mustCommit({ mail: [mail("a", "m")] });
      equal(
        [await it.keys("a"), await it.keys("a", OTHER), (await it.head("a", OTHER)).dueAt],
        [["m"], [], null],
        "mailboxes",
      );
      const waiting = [TENANT, OTHER, "third"].map((tenantId) => it.store.waitingMail({ tenantId, taskId: "a" }));
      const counts = (await Promise.all(waiting)).map(({ count, bytes }) => [count, bytes > 0]);
      const none = [0, false];
      equal(counts, [[1, true], none, none], "counted");
      equal(
        (await it.claim()).map(({ head }) => head.tenantId),
        [TENANT],
        "claimed",
      );
      await it.store.commit([{ tenantId: OTHER, mail: [mail("a", "m", { payload: "theirs" })] }]);
      await it.mustCommit({ taskId: "a", append: append({ seq: 1, token: 2 }, { consume: ["m"] }) });
      equal([await it.keys("a"), await it.keys("a", OTHER)], [[], ["m"]], "after consuming");
      equal(
        await it.store.commit([{ tenantId: "third", mail: [mail("a", "x")] }]),
        [{ outcome: "stale", reason: "missing" }],
        "third tenant",
      );
    },
  ],
  [
    "claims, ends and leases of one tenant leave the other's twin alone (I7)",
    async (it) => {
      await twins(it);
      await it.mustCommit({
        taskId: "a",
        append: append({ seq: 1, token: 1 }, { events: [step(1)], state: "failed" }),
      });
      equal((await it.head("a", OTHER)).state, "working", "twin");
      equal(
        await it.store.commit([{ tenantId: OTHER, taskId: "a", append: append({ seq: 1, token: 1 }) }]),
        [COMMITTED],
        "twin's holder",
      );
    },
  ],
  [
    "lists and their totals hold one tenant's tasks, whatever the filter (I7)",
    async (it) => {
      await twins(it);
      await it.store.commit([{ tenantId: OTHER, create: [task("b", { parent: { taskId: "a", path: "p" } })] }]);
      for (const filter of [
        {},
        { caller: "same" },
        { agent: "scorer" },
        { states: ["working" as const] },
        { updatedSince: T0 },
      ]) {
        const { heads, total } = await it.store.list({ tenantId: TENANT, limit: 10, ...filter });
        equal([heads.map((head) => head.tenantId), total], [[TENANT], 1], JSON.stringify(filter));
      }
      equal(
        await it.store.list({ tenantId: TENANT, limit: 10, contextId: "olga" }),
        { heads: [], total: 0 },
        "the other's context",
      );
      equal(
        await it.store.list({ tenantId: TENANT, limit: 10, parentTaskId: "a" }),
        { heads: [], total: 0 },
        "the other's child",
      );
    },
  ],
  [
    "a tail of one tenant holds no event of another, a tail of all names each (I7)",
    async (it) => {
      await twins(it);
      const tail = (tenantId?: string) =>
        it.store.tail({ after: null, limit: 100, ...(tenantId === undefined ? {} : { tenantId }) });
      equal(
        (await tail(OTHER)).map((row) => row.tenantId),
        [OTHER],
        "one",
      );
      equal(
        (await tail()).map((row) => row.tenantId),
        [TENANT, OTHER],
        "all",
      );
      equal(await tail("third"), [], "third tenant");
    },
  ],
  [
    "outbox rows carry their tenant, equal ids do not meet (I7)",
    async (it) => {
      for (const tenantId of [TENANT, OTHER])
        await it.store.commit([{ tenantId, outbox: [{ id: "same", kind: "event", payload: tenantId }] }]);
      const rows = await it.outbox();
      equal(
        rows.map(({ tenantId, payload }) => [tenantId, payload]),
        [
          [TENANT, TENANT],
          [OTHER, OTHER],
        ],
        "rows",
      );
      await it.store.acknowledgeOutbox([present(rows[0], "row").position]);
      equal(
        (await it.outbox()).map(({ tenantId }) => tenantId),
        [OTHER],
        "left",
      );
    },
  ],
  [
    "accounts, keys and sums of the same names are each tenant's own (I7)",
    async (it) => {
      const reserve = reservation("k", { a: [6, 10] });
      for (const tenantId of [TENANT, OTHER])
        equal(await it.store.commit([{ tenantId, reserve }]), [COMMITTED], tenantId);
      const spends = (amount: number) => [settlement("k", { a: amount }, usageOf({ costNanoUsd: amount }))];
      equal(await it.store.commit([{ tenantId: "third", settle: spends(9) }]), [COMMITTED], "third");
      equal(await it.store.commit([{ tenantId: OTHER, settle: spends(2) }]), [COMMITTED], "one settles");
      const read = async (tenantId: string) => [
        await it.store.balances(tenantId, ["a"]),
        (await it.store.reservations(tenantId)).map(({ key }) => key),
        (await it.store.usage({ tenantId, from: 0, to: T0 })).map(({ costNanoUsd }) => costNanoUsd),
      ];
      const of = (spent: number, reserved: number) => [{ account: "a", spent, reserved }];
      equal(await read(TENANT), [of(0, 6), ["k"], []], "its own");
      equal(await read(OTHER), [of(2, 0), [], [2]], "the other's");
      equal(await read("third"), [of(0, 0), [], []], "third tenant");
      equal(await it.store.expireReservations(T0 + 1000, 10), 1, "of all tenants");
      equal((await read(TENANT))[0], of(6, 0), "expired");
      const outcomes = await it.store.commit([
        { tenantId: OTHER, reserve: reservation("k", { a: [8, 10] }) },
        { tenantId: TENANT, reserve: reservation("k", { a: [5, 10] }) },
      ]);
      equal(outcomes, [COMMITTED, { outcome: "stale", reason: "limit", account: "a" }], "one batch");
    },
  ],
  [
    "ids with separators in them cannot be mistaken for another tenant's (I7)",
    async (it) => {
      const pairs = [
        ["a", "b/c"],
        ["a/b", "c"],
        ["a\u0000b", "c"],
        ["a", "b\u0000c"],
        ["%", "_"],
        ["a\nb", "c"],
      ] as const;
      for (const [tenantId, taskId] of pairs)
        equal(
          await it.store.commit([{ tenantId, create: [task(taskId, { idempotencyKey: taskId })] }]),
          [COMMITTED],
          tenantId,
        );
      for (const [tenantId, taskId] of pairs) {
        equal(
          (await it.store.list({ tenantId, limit: 10 })).heads
            .map((head) => head.tenantId)
            .every((found) => found === tenantId),
          true,
          "list",
        );
        equal((await it.store.head({ tenantId, taskId }))?.tenantId, tenantId, "head");
        equal(await it.store.findByIdempotencyKey({ tenantId, caller: "ann", idempotencyKey: taskId }), taskId, "key");
      }
    },
  ],
];

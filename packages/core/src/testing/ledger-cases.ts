/** Reservations, settlements and sums of usage: never more than the ceiling, whoever asks at once, and nothing counted twice or lost. */
import type { Reservation, Settlement, UsageRecord } from "../ports/ledger.ts";
import type { CommitOutcome, CommitUnit } from "../ports/task-store.ts";
import { codeOf, ensure, equal } from "./assertions.ts";
import { ReferenceLedger } from "./reference-ledger.ts";
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

const MAX = Number.MAX_SAFE_INTEGER;
const HOUR_MS = 3_600_000;
const HOUR = T0 - (T0 % HOUR_MS);

const NO_COUNTS = {
  ...{ calls: 0, estimatedCalls: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costNanoUsd: 0 },
  ...{ cacheHits: 0, savedNanoUsd: 0 },
};

export const usageOf = (change: Partial<UsageRecord> = {}): UsageRecord => ({
  ...{ hour: HOUR, agent: "scorer", team: "risk", model: "small", caller: "ann", ...NO_COUNTS, calls: 1, ...change },
});

/** What is noted when nobody knows what became of the call. */
const LOST = usageOf({ estimatedCalls: 1, costNanoUsd: 7 });

export const reservation = (
  key: string,
  amounts: Readonly<Record<string, readonly [amount: number, ceiling: number, endsAt?: number]>>,
  change: Partial<Reservation> = {},
): Reservation => ({
  key,
  expiresAt: T0 + 1000,
  amounts: Object.entries(amounts).map(([account, [amount, ceiling, endsAt]]) => ({
    ...{ account, amount, ceiling, ...(endsAt === undefined ? {} : { endsAt }) },
  })),
  usage: LOST,
  ...change,
});

export const settlement = (
  key: string | null,
  amounts: Readonly<Record<string, number>> = {},
  usage: UsageRecord = usageOf({ costNanoUsd: 3 }),
): Settlement => ({
  ...{ key, usage },
  amounts: Object.entries(amounts).map(([account, amount]) => ({ account, amount })),
});

const refused = (account: string): CommitOutcome => ({ outcome: "stale", reason: "limit", account });
const EXISTS: CommitOutcome = { outcome: "stale", reason: "exists" };

/** Of each account what is spent and what is held. */
const balances = async (
  it: TaskStoreFixture,
  accounts: readonly string[],
  tenantId = TENANT,
): Promise<readonly (readonly [number, number])[]> =>
  (await it.store.balances(tenantId, accounts)).map(({ spent, reserved }) => [spent, reserved]);

const balance = async (it: TaskStoreFixture, account = "a"): Promise<unknown> => (await balances(it, [account]))[0];

const held = async (it: TaskStoreFixture, tenantId = TENANT): Promise<readonly string[]> =>
  (await it.store.reservations(tenantId)).map(({ key }) => key);

/** Of all times, without what is the same everywhere. */
const usage = async (it: TaskStoreFixture, tenantId = TENANT): Promise<readonly UsageRecord[]> =>
  it.store.usage({ tenantId, from: 0, to: MAX });

const counted = async (it: TaskStoreFixture): Promise<readonly [calls: number, cost: number]> => {
  const rows = await usage(it);
  const sum = (of: (row: UsageRecord) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return [sum(({ calls }) => calls), sum(({ costNanoUsd }) => costNanoUsd)];
};

export const ledgerCases: readonly TaskStoreCase[] = [
  [
    "a reservation holds its amounts, in every account, and is listed with them",
    async (it) => {
      await it.mustCommit({ reserve: reservation("k", { b: [3, 10], a: [4, 4] }) });
      equal(
        await it.store.balances(TENANT, ["a", "never", "b"]),
        [
          { account: "a", spent: 0, reserved: 4 },
          { account: "never", spent: 0, reserved: 0 },
          { account: "b", spent: 0, reserved: 3 },
        ],
        "balances",
      );
      const { usage: _, ...listed } = reservation("k", { b: [3, 10], a: [4, 4] });
      equal(await it.store.reservations(TENANT), [listed], "reservations");
      equal([await usage(it), await it.store.balances(TENANT, [])], [[], []], "nothing is spent");
    },
  ],
  [
    "accounts are listed by how their names begin, of their tenant alone, in the order of names",
    async (it) => {
      const names = ["b/é", "b/a", "b/%", "b", "b/\u{10FFFF}\u{10FFFF}", "b/\uFFFF", "c/a", "b_a"];
      await it.mustCommit({
        reserve: reservation("k", Object.fromEntries(names.map((name, at) => [name, [at + 1, 10] as const]))),
      });
      await it.mustCommit({ reserve: reservation("l", { "b/nothing": [1, 10], "b/none": [0, 10] }) });
      await it.mustCommit({ settle: [settlement("l")] });
      equal(await it.commit({ reserve: reservation("m", { "b/refused": [1, 10], b: [9, 1] }) }), refused("b"), "b");
      await it.store.commit([{ tenantId: OTHER, reserve: reservation("k", { "b/other": [1, 1] }) }]);
      const listed = async (prefix: string, limit = 1000) =>
        (await it.store.accounts(TENANT, { prefix, limit })).map(({ account, reserved }) => [account, reserved]);
      const all = [
        ["b/%", 3],
        ["b/a", 2],
        ["b/é", 1],
        ["b/\uFFFF", 6],
        ["b/\u{10FFFF}\u{10FFFF}", 5],
      ];
      equal(await listed("b/"), all, "below b/");
      equal(await listed("b/", 2), all.slice(0, 2), "two of them");
      equal([await listed("%"), await listed("b/b")], [[], []], "none");
      for (const query of [
        { prefix: "", limit: 1 },
        { prefix: "b", limit: 0 },
        { prefix: "b", limit: 1001 },
      ])
        equal(await codeOf(() => it.store.accounts(TENANT, query)), "INVALID_ARGUMENT", JSON.stringify(query));
    },
  ],
  [
    "a reservation is refused with the first of its accounts that has too little left, and holds nothing",
    async (it) => {
      await it.mustCommit({ reserve: reservation("k", { a: [4, 10], b: [9, 10] }) });
      equal(await it.commit({ reserve: reservation("l", { a: [6, 10], c: [1, 1], b: [2, 10] }) }), refused("b"), "b");
      equal(await it.commit({ reserve: reservation("l", { a: [7, 10], b: [2, 10] }) }), refused("a"), "a, the first");
      equal(await it.commit({ reserve: reservation("l", { d: [1, 0] }) }), refused("d"), "a ceiling of nothing");
      equal(
        await balances(it, ["a", "b", "c", "d"]),
        [
          ...[
            [0, 4],
            [0, 9],
          ],
          ...[
            [0, 0],
            [0, 0],
          ],
        ],
        "balances",
      );
      equal(await held(it), ["k"], "held");
      await it.mustCommit({ reserve: reservation("l", { a: [6, 10], b: [1, 10] }) });
      equal(await it.commit({ reserve: reservation("m", { a: [1, 10] }) }), refused("a"), "full");
      await it.mustCommit({ reserve: reservation("m", { a: [1, 11], c: [0, 0] }) });
    },
  ],
  [
    "a refused reservation takes all of its unit with it, and nothing of its neighbours",
    async (it) => {
      const head = await it.running("t");
      await it.mustCommit({ reserve: reservation("k", { a: [5, 5] }) });
      const outcomes = await it.store.commit([
        { tenantId: TENANT, create: [task("before")] },
        {
          ...{ tenantId: TENANT, taskId: "t", append: append(head, { events: [step(1)] }), create: [task("new")] },
          mail: [mail("t", "m", { ifTerminal: "drop" })],
          outbox: [{ id: "o", kind: "event", payload: 1 }],
          settle: [settlement("k", { a: 4 }), settlement(null)],
          reserve: reservation("l", { b: [1, 9], a: [2, 5] }),
        },
        {
          tenantId: TENANT,
          reserve: reservation("m", { b: [9, 9] }),
          outbox: [{ id: "p", kind: "event", payload: 1 }],
        },
      ]);
      equal(outcomes, [COMMITTED, refused("a"), COMMITTED], "outcomes");
      equal([await it.seqs("t"), await it.keys("t")], [[1], []], "log and mailbox");
      equal(await it.store.head({ tenantId: TENANT, taskId: "new" }), null, "no task");
      equal((await it.head("before")).seq, 1, "neighbour");
      equal(
        (await it.outbox()).map(({ id }) => id),
        ["p"],
        "outbox",
      );
      equal(
        [await balance(it), await balance(it, "b"), await held(it)],
        [
          [0, 5],
          [0, 9],
          ["k", "m"],
        ],
        "ledger",
      );
      equal(await usage(it), [], "usage");
    },
  ],
  [
    "a unit that is refused for another reason reserves, settles and counts nothing",
    async (it) => {
      await it.mustCommit({ reserve: reservation("k", { a: [5, 9] }) });
      const parts = { settle: [settlement("k", { a: 1 })], reserve: reservation("l", { a: [1, 9] }) };
      const ofNobody = append({ seq: 1, token: 1 });
      equal(
        await it.commit({ taskId: "none", append: ofNobody, ...parts }),
        { outcome: "stale", reason: "missing" },
        "append",
      );
      equal(await it.commit({ mail: [mail("none", "m")], ...parts }), { outcome: "stale", reason: "missing" }, "mail");
      await it.create(task("t"));
      equal((await it.commit({ create: [task("t")], ...parts })).outcome, "stale", "create");
      equal([await balance(it), await held(it), await usage(it)], [[0, 5], ["k"], []], "ledger");
    },
  ],
  [
    "a settlement gives back what was held and spends what it says, in the unit that holds the answer",
    async (it) => {
      const head = await it.running("t");
      await it.mustCommit({ reserve: reservation("k", { a: [5, 9], b: [6, 9], c: [7, 9] }) });
      await it.mustCommit({
        ...{ taskId: "t", append: append(head, { events: [step(1)] }) },
        settle: [settlement("k", { a: 2, c: 70, d: 8 })],
      });
      const all = await balances(it, ["a", "b", "c", "d"]);
      equal(
        all,
        [
          ...[
            [2, 0],
            [0, 0],
          ],
          ...[
            [70, 0],
            [0, 0],
          ],
        ],
        "less, nothing, more than was held, not reserved",
      );
      equal([await it.seqs("t"), await held(it)], [[1, 2], []], "log, held");
      equal(await usage(it), [usageOf({ costNanoUsd: 3 })], "usage");
      equal(await it.commit({ reserve: reservation("l", { c: [0, 69] }) }), refused("c"), "beyond the ceiling");
      equal(await it.commit({ reserve: reservation("l", { a: [8, 9] }) }), refused("a"), "what is spent stays so");
      await it.mustCommit({ reserve: reservation("l", { a: [7, 9], c: [0, 70] }) });
    },
  ],
  [
    "a settlement under a key that is not held writes nothing, one without a key its usage alone",
    async (it) => {
      await it.mustCommit({ settle: [settlement("k", { a: 2 })] });
      equal([await balance(it), await usage(it)], [[0, 0], []], "unknown key");
      await it.mustCommit({ reserve: reservation("k", { a: [5, 9] }) });
      await it.mustCommit({ settle: [settlement("k", { a: 2 }), settlement("k", { a: 3 })] });
      await it.mustCommit({ settle: [settlement("k", { a: 4 })] });
      equal(
        [await balance(it), await counted(it)],
        [
          [2, 0],
          [1, 3],
        ],
        "only the first",
      );
      await it.mustCommit({ settle: [settlement(null, { a: 5 }), settlement(null)] });
      equal(
        [await balance(it), await counted(it)],
        [
          [2, 0],
          [3, 9],
        ],
        "no key",
      );
      await it.mustCommit({ settle: [] });
    },
  ],
  [
    "settlements of a unit make room for its reservation, and units of a batch for those after them",
    async (it) => {
      await it.mustCommit({ reserve: reservation("k", { a: [5, 5], b: [1, 5] }) });
      await it.mustCommit({ settle: [settlement("k", { a: 1 })], reserve: reservation("k", { a: [4, 5] }) });
      equal([await balance(it), await held(it), await counted(it)], [[1, 4], ["k"], [1, 3]], "one unit");
      const outcomes = await it.store.commit([
        { tenantId: TENANT, reserve: reservation("l", { a: [3, 5] }) },
        { tenantId: TENANT, settle: [settlement("k", { a: 1 })] },
        { tenantId: TENANT, reserve: reservation("l", { a: [3, 5] }) },
        { tenantId: TENANT, reserve: reservation("m", { a: [1, 5] }) },
        { tenantId: TENANT, settle: [settlement("l", { a: 2 })] },
        { tenantId: TENANT, reserve: reservation("m", { a: [1, 5] }) },
        { tenantId: TENANT, reserve: reservation("n", { a: [1, 5] }) },
      ]);
      const expected = [refused("a"), COMMITTED, COMMITTED, refused("a"), COMMITTED, COMMITTED, refused("a")];
      equal(outcomes, expected, "outcomes");
      equal([await balance(it), await held(it), await counted(it)], [[4, 1], ["m"], [3, 9]], "a batch");
    },
  ],
  [
    "a reservation under a key that is held is refused as it exists, whatever it asks for, and the one that is held stays as it was",
    async (it) => {
      const first = reservation("k", { a: [4, 10], b: [2, 10] });
      await it.mustCommit({ reserve: first });
      const head = await it.running("t");
      for (const amounts of [{ a: [1, 10] }, { c: [1, 1] }, { a: [9, 1] }, {}] as const)
        equal(
          await it.commit({
            ...{
              taskId: "t",
              append: append(head, { events: [step(1)] }),
              outbox: [{ id: "o", kind: "event", payload: 1 }],
            },
            ...{ settle: [settlement(null)], reserve: reservation("k", amounts, { expiresAt: T0 + 5000 }) },
          }),
          EXISTS,
          JSON.stringify(amounts),
        );
      const { usage: _, ...listed } = first;
      equal([await it.store.reservations(TENANT), await usage(it)], [[listed], []], "reservations and usage");
      equal(
        [await balances(it, ["a", "b", "c"]), await it.seqs("t")],
        [
          [
            [0, 4],
            [0, 2],
            [0, 0],
          ],
          [1],
        ],
        "balances and log",
      );
      equal(await it.outbox(), [], "outbox");
      equal(await it.store.commit([{ tenantId: OTHER, reserve: first }]), [COMMITTED], "of another tenant it is free");
      const twice = { tenantId: TENANT, reserve: reservation("l", { a: [2, 10] }) };
      const free = { tenantId: TENANT, settle: [settlement("l", { a: 1 })], reserve: reservation("l", { a: [3, 10] }) };
      equal(await it.store.commit([twice, twice, free, twice]), [COMMITTED, EXISTS, COMMITTED, EXISTS], "in one batch");
      equal(
        [await balance(it), await counted(it)],
        [
          [1, 7],
          [1, 3],
        ],
        "the first, and what took the place of the second",
      );
      await it.mustCommit({ settle: [settlement("k", { a: 1, b: 1 })] });
      equal(await it.commit({ reserve: first }), COMMITTED, "free when it is settled");
    },
  ],
  [
    "of many reservations that are made at once under one key one is held",
    async (it) => {
      const asked = Array.from({ length: 20 }, (_, index) =>
        it.store.commit([
          { tenantId: TENANT, reserve: reservation("k", { [`own${index % 4}`]: [1, 9], all: [1, 99] }) },
        ]),
      );
      const outcomes = (await Promise.all(asked)).flat();
      equal(outcomes.filter(({ outcome }) => outcome === "committed").length, 1, "committed");
      equal(outcomes.filter((each) => JSON.stringify(each) === JSON.stringify(EXISTS)).length, 19, "refused");
      equal([await balance(it, "all"), await held(it), await usage(it)], [[0, 1], ["k"], []], "ledger");
    },
  ],
  [
    "what is not settled in time is spent at what it held, the soonest first, once; a later settlement writes nothing",
    async (it) => {
      const due = (key: string, expiresAt: number): CommitUnit => ({
        tenantId: TENANT,
        reserve: reservation(key, { [key]: [5, 9], all: [1, 99] }, { expiresAt }),
      });
      await it.store.commit([due("c", T0 + 30), due("a", T0 + 10), due("d", T0 + 40), due("b", T0 + 20)]);
      equal(await held(it), ["a", "b", "c", "d"], "the soonest first");
      equal(await it.store.expireReservations(T0 + 9, 10), 0, "none is due");
      equal(await it.store.expireReservations(T0 + 30, 2), 2, "no more than the limit");
      equal(await held(it), ["c", "d"], "left");
      equal(await it.store.expireReservations(T0 + 30, 10), 1, "at its time");
      equal(await it.store.expireReservations(T0 + 30, 10), 0, "once");
      await it.mustCommit({ settle: [settlement("a", { a: 1 })] });
      equal(
        await balances(it, ["a", "b", "c", "d", "all"]),
        [
          ...[
            [5, 0],
            [5, 0],
          ],
          ...[
            [5, 0],
            [0, 5],
          ],
          [3, 1],
        ],
        "spent",
      );
      equal(await usage(it), [usageOf({ calls: 3, estimatedCalls: 3, costNanoUsd: 21 })], "usage");
      await it.mustCommit({ reserve: reservation("a", { a: [4, 9] }), settle: [settlement("d", { d: 2 })] });
      equal([await balance(it), await balance(it, "d"), await held(it)], [[5, 4], [2, 0], ["a"]], "its key is free");
    },
  ],
  [
    "two who expire at once settle each reservation once",
    async (it) => {
      const units = Array.from(
        { length: 60 },
        (_, index): CommitUnit => ({
          tenantId: index % 2 === 0 ? TENANT : OTHER,
          reserve: reservation(`k${index}`, { a: [1, 99], [`x${index % 7}`]: [2, 99] }, { expiresAt: T0 + index }),
        }),
      );
      await it.store.commit(units);
      const settling = { tenantId: TENANT, settle: [settlement("k0", { a: 1 }), settlement("k2", { a: 1 })] };
      const [first, second] = await Promise.all([
        it.store.expireReservations(T0 + 99, 100),
        it.store.expireReservations(T0 + 99, 100),
        it.store.commit([settling]),
      ]);
      ensure(first + second <= 60 && first + second >= 58, `${first} and ${second} of 60`);
      equal([await balances(it, ["a"]), await balances(it, ["a"], OTHER)], [[[30, 0]], [[30, 0]]], "spent once");
      equal([await held(it), await held(it, OTHER), (await counted(it))[0]], [[], [], 30], "nothing is left");
    },
  ],
  [
    "many who reserve at once never hold more than the ceiling, and as many as fit",
    async (it) => {
      const asked = Array.from({ length: 200 }, (_, index) =>
        it.store.commit([
          { tenantId: TENANT, reserve: reservation(`k${index}`, { [`own${index % 3}`]: [1, MAX], hot: [3, 100] }) },
        ]),
      );
      const outcomes = (await Promise.all(asked)).flat();
      equal(outcomes.filter(({ outcome }) => outcome === "committed").length, 33, "committed");
      equal(
        outcomes.filter((outcome) => outcome.outcome === "stale" && outcome.account === "hot").length,
        167,
        "refused",
      );
      equal([await balance(it, "hot"), (await held(it)).length], [[0, 99], 33], "held");
      const own = await balances(it, ["own0", "own1", "own2"]);
      equal(
        own.reduce((sum, [, reserved]) => sum + reserved, 0),
        33,
        "of what was refused nothing is held",
      );
    },
  ],
  ...[1, 2, 3, 4].map(
    (seed): TaskStoreCase => [
      `whatever is reserved, settled, reserved again and expired, each account says what a reference says (${seed})`,
      async (it) => {
        const reference = new ReferenceLedger(seed);
        for (let turn = 0; turn < 30; turn += 1) {
          const { units, outcomes } = reference.batch();
          equal(await it.store.commit(units), outcomes, `outcomes of batch ${turn}`);
          if (turn % 5 === 4) {
            const { now, limit, count } = reference.expire();
            equal(await it.store.expireReservations(now, limit), count, `expired after batch ${turn}`);
          }
          for (const tenantId of [TENANT, OTHER])
            equal(
              await it.store.balances(tenantId, reference.accounts),
              reference.balances(tenantId),
              `balances of ${tenantId} after batch ${turn}`,
            );
        }
        for (const tenantId of [TENANT, OTHER]) {
          equal(
            sorted(await it.store.reservations(tenantId)),
            sorted(reference.reservations(tenantId)),
            "reservations",
          );
          equal(sorted(await usage(it, tenantId)), sorted(reference.usage(tenantId)), "usage");
        }
      },
    ],
  ),
  [
    "what was reserved, settled and counted is there after a crash",
    async (it) => {
      await it.mustCommit({ reserve: reservation("k", { a: [4, 10] }) });
      await it.mustCommit({ reserve: reservation("l", { a: [5, 10] }), settle: [settlement("k", { a: 3 })] });
      await it.reopen();
      equal([await balance(it), await held(it), await counted(it)], [[3, 5], ["l"], [1, 3]], "after");
      await it.mustCommit({ settle: [settlement("l", { a: 1 })] });
      equal([await balance(it), await held(it)], [[4, 0], []], "goes on");
    },
  ],
  [
    "amounts up to 2^53 - 1 are exact, and sums stay there",
    async (it) => {
      await it.mustCommit({ reserve: reservation("k", { a: [MAX - 1, MAX] }, { expiresAt: MAX }) });
      equal(await it.commit({ reserve: reservation("l", { a: [2, MAX] }) }), refused("a"), "one too much");
      await it.mustCommit({ reserve: reservation("l", { a: [1, MAX] }) });
      equal(await balance(it), [0, MAX], "held");
      const much = usageOf({ ...NO_COUNTS, calls: 1, costNanoUsd: MAX - 1, inputTokens: MAX });
      await it.mustCommit({ settle: [settlement("k", { a: MAX }, much), settlement("l", { a: MAX }, much)] });
      equal(await balance(it), [MAX, 0], "spent");
      const most = { calls: 2, costNanoUsd: MAX, inputTokens: MAX };
      equal(await usage(it), [usageOf({ ...NO_COUNTS, ...most })], "usage");
      equal(await it.commit({ reserve: reservation("m", { a: [1, MAX] }) }), refused("a"), "nothing fits any more");
      const sums = Array.from({ length: 50 }, () => settlement(null, {}, usageOf({ ...much, hour: HOUR + HOUR_MS })));
      await it.mustCommit({ settle: sums });
      equal((await usage(it))[1], { ...much, hour: HOUR + HOUR_MS, calls: 50, costNanoUsd: MAX }, "many at once");
    },
  ],
  [
    "amounts, names and times out of bounds are refused, and nothing of their call is written",
    async (it) => {
      const fine: CommitUnit = { tenantId: TENANT, reserve: reservation("fine", { a: [1, 9] }) };
      const with_ = (change: object): Reservation => ({ ...reservation("k", { a: [1, 9] }), ...change });
      const amounts = (change: object) => [{ account: "a", amount: 1, ceiling: 9, ...change }];
      const numbers = [-1, 1.5, Number.NaN, Infinity, MAX + 1, "1", null, undefined, 1n] as unknown as number[];
      const many = Array.from({ length: 65 }, (_, index) => ({ account: `a${index}`, amount: 1, ceiling: 9 }));
      const wrong: Partial<CommitUnit>[] = [
        ...numbers.flatMap((number) => [
          { reserve: with_({ amounts: amounts({ amount: number }) }) },
          { reserve: with_({ amounts: amounts({ ceiling: number }) }) },
          ...(number === undefined ? [] : [{ reserve: with_({ amounts: amounts({ endsAt: number }) }) }]),
          { reserve: with_({ expiresAt: number }) },
          { reserve: with_({ usage: usageOf({ calls: number }) }) },
          { settle: [settlement("k", { a: number })] },
          { settle: [settlement(null, {}, usageOf({ costNanoUsd: number }))] },
          { settle: [settlement(null, {}, usageOf({ hour: number }))] },
        ]),
        { settle: [settlement(null, {}, usageOf({ hour: HOUR + 1 }))] },
        ...["", "x".repeat(513), "\ud800"].flatMap((name) => [
          { reserve: with_({ key: name }) },
          { reserve: with_({ amounts: amounts({ account: name }) }) },
          { settle: [settlement(name)] },
          { settle: [settlement("k", { [name]: 1 })] },
        ]),
        { settle: [settlement(null, {}, usageOf({ caller: "\ud800" }))] },
        { settle: [settlement(null, {}, usageOf({ model: "x".repeat(513) }))] },
        { reserve: with_({ amounts: many }) },
        { reserve: with_({ amounts: [...amounts({}), ...amounts({})] }) },
        { settle: [{ ...settlement("k"), amounts: many }] },
      ];
      for (const [index, parts] of wrong.entries())
        equal(
          await codeOf(() => it.store.commit([fine, { tenantId: TENANT, ...parts }])),
          "INVALID_ARGUMENT",
          `code of ${index}`,
        );
      equal([await balance(it), await held(it), await usage(it)], [[0, 0], [], []], "nothing");
      for (const [now, limit] of [
        ...[
          [T0, 0],
          [T0, 10_001],
        ],
        ...[
          [T0, 1.5],
          [Number.NaN, 1],
        ],
      ] as [number, number][])
        equal(await codeOf(() => it.store.expireReservations(now, limit)), "INVALID_ARGUMENT", `${now} ${limit}`);
      equal(await codeOf(() => it.store.usage({ tenantId: TENANT, from: -1, to: 1 })), "INVALID_ARGUMENT", "from");
      for (const change of [
        { before: Number.NaN },
        { before: Infinity },
        { limit: 0 },
        { limit: 10_001 },
        { limit: 1.5 },
      ])
        equal(
          await codeOf(() => it.store.removeSpent({ tenantId: TENANT, before: T0, limit: 1, ...change })),
          "INVALID_ARGUMENT",
          JSON.stringify(change),
        );
      equal(
        await codeOf(() => it.store.balances(TENANT, Array.from({ length: 501 }, String))),
        "TOO_LARGE",
        "accounts",
      );
      equal((await it.store.balances(TENANT, Array.from({ length: 500 }, String))).length, 500, "500 accounts");
      await it.mustCommit({ reserve: with_({ amounts: many.slice(1) }) });
      equal((await it.store.reservations(TENANT))[0]?.amounts, many.slice(1), "64 accounts");
    },
  ],
  [
    "names come back as they were written, and alike ones stay apart",
    async (it) => {
      const names = ["ü💡\u0000", "ü💡\\0", "a\tb", "a\\tb", "%_'\"", "💡".repeat(256), "\uffff".repeat(512), "A", "a"];
      const units = names.map((name, index): CommitUnit => {
        const named = usageOf({ agent: name, team: name, model: name, caller: name, calls: index });
        const reserve = reservation(name, { [name]: [index, 99] }, { expiresAt: T0 + index, usage: named });
        return { tenantId: TENANT, reserve };
      });
      equal(
        await it.store.commit(units),
        units.map(() => COMMITTED),
        "outcomes",
      );
      equal(
        await it.store.balances(TENANT, names),
        names.map((account, index) => ({ account, spent: 0, reserved: index })),
        "balances",
      );
      equal(
        await it.store.reservations(TENANT),
        units.map(({ reserve }) => ({ key: reserve?.key, expiresAt: reserve?.expiresAt, amounts: reserve?.amounts })),
        "reservations",
      );
      const [full, nothing] = ["ü💡\u0000", "none"];
      equal(await it.commit({ reserve: reservation("x", { [full]: [1, 0] }) }), refused(full), "account");
      await it.mustCommit({ settle: names.slice(0, 4).map((name) => settlement(name, { [name]: 5 })) });
      equal(await it.store.expireReservations(T0 + 99, 100), names.length - 4, "expired");
      const spent = names.map((_, index) => (index < 4 ? 5 : index));
      equal(
        (await it.store.balances(TENANT, names)).map((row) => row.spent),
        spent,
        "spent",
      );
      for (const [index, name] of names.slice(4).entries())
        equal(
          await it.store.usage({ tenantId: TENANT, from: HOUR, to: HOUR + 1, model: name, caller: name }),
          [usageOf({ agent: name, team: name, model: name, caller: name, calls: index + 4 })],
          "usage",
        );
      equal(await it.store.usage({ tenantId: TENANT, from: 0, to: MAX, agent: nothing }), [], "none");
    },
  ],
  [
    "usage adds up by hour, agent, team, model and caller, and is found by each of them",
    async (it) => {
      const parts: Partial<UsageRecord>[] = [
        ...[{}, { hour: HOUR - HOUR_MS }, { hour: HOUR + HOUR_MS }, { agent: "" }, { agent: "other" }],
        ...[{ team: "" }, { model: "large" }, { caller: "bob" }],
      ];
      const full = { ...NO_COUNTS, calls: 1, estimatedCalls: 2, inputTokens: 3, cachedInputTokens: 4 };
      const counts = { ...full, outputTokens: 5, costNanoUsd: 6, cacheHits: 7, savedNanoUsd: 8 };
      const settle = parts.map((part) => settlement(null, {}, usageOf({ ...counts, ...part })));
      const twice = await Promise.all([it.commit({ settle: [...settle, ...settle] }), it.commit({ settle })]);
      equal(twice, [COMMITTED, COMMITTED], "outcomes");
      const tripled = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count * 3]));
      const rows = parts.map((part) => usageOf({ ...tripled, ...part }));
      const find = (query: object) => it.store.usage({ tenantId: TENANT, from: 0, to: MAX, ...query });
      const all = await find({});
      equal(sorted(all), sorted(rows), "all");
      equal([all[0]?.hour, all.at(-1)?.hour], [HOUR - HOUR_MS, HOUR + HOUR_MS], "oldest first");
      const expectOnly = async (query: object, fits: (row: UsageRecord) => boolean): Promise<void> =>
        equal(sorted(await find(query)), sorted(rows.filter(fits)), JSON.stringify(query));
      await expectOnly({ from: HOUR }, ({ hour }) => hour >= HOUR);
      await expectOnly({ from: HOUR + 1 }, ({ hour }) => hour > HOUR);
      await expectOnly({ to: HOUR }, ({ hour }) => hour < HOUR);
      await expectOnly({ from: HOUR, to: HOUR + 1 }, ({ hour }) => hour === HOUR);
      await expectOnly({ from: HOUR + 1, to: HOUR }, () => false);
      await expectOnly({ agent: "" }, ({ agent }) => agent === "");
      await expectOnly({ team: "" }, ({ team }) => team === "");
      await expectOnly({ model: "large" }, ({ model }) => model === "large");
      await expectOnly({ caller: "bob" }, ({ caller }) => caller === "bob");
      await expectOnly({ caller: "bob", model: "large" }, () => false);
    },
  ],
  [
    "sums of hours that have ended go when they are old enough, the oldest first, no more than the limit, of their tenant alone",
    async (it) => {
      const hours = [-3, -1, 0, -2].map((back) => HOUR + back * HOUR_MS);
      const settle = hours.flatMap((hour) =>
        ["ann", "bob"].map((caller) => settlement(null, {}, usageOf({ hour, caller }))),
      );
      await it.store.commit([
        { tenantId: TENANT, settle },
        { tenantId: OTHER, settle },
      ]);
      const remove = (before: number, change: object = {}): Promise<number> =>
        it.store.removeSpent({ tenantId: TENANT, before, limit: 100, ...change });
      const left = async (): Promise<readonly number[]> => [
        ...new Set((await usage(it)).map(({ hour }) => (hour - HOUR) / HOUR_MS)),
      ];
      equal(await remove(HOUR - 2 * HOUR_MS - 1), 0, "none has ended by then");
      equal(await remove(HOUR, { dryRun: true }), 6, "would go");
      equal([await remove(HOUR, { dryRun: true, limit: 4 }), await left()], [4, [-3, -2, -1, 0]], "only told");
      equal([await remove(HOUR, { limit: 2 }), await left()], [2, [-2, -1, 0]], "the oldest first");
      equal([await remove(HOUR - HOUR_MS), await left()], [2, [-1, 0]], "ended by then");
      equal([await remove(HOUR), await remove(HOUR), await left()], [2, 0, [0]], "the rest, once");
      equal((await usage(it, OTHER)).length, 8, "of the other tenant");
      await it.mustCommit({ settle: [settlement(null, {}, usageOf({ hour: HOUR - HOUR_MS }))] });
      equal([(await usage(it)).length, await remove(HOUR)], [3, 1], "what comes late is counted, and goes");
    },
  ],
  [
    "accounts that are over go, but for those of which something is held; those that do not end stay",
    async (it) => {
      const [early, late] = [T0 + 100, T0 + 200];
      await it.mustCommit({
        reserve: reservation("k", { early: [1, 9, early], late: [2, 9, late], never: [3, 9], moved: [4, 9, late] }),
      });
      await it.store.commit([{ tenantId: OTHER, reserve: reservation("k", { early: [1, 9, early] }) }]);
      const remove = (before: number, change: object = {}): Promise<number> =>
        it.store.removeSpent({ tenantId: TENANT, before, limit: 100, ...change });
      const all = ["early", "late", "never", "moved"];
      equal(
        (await it.store.reservations(TENANT))[0]?.amounts[0],
        { account: "early", amount: 1, ceiling: 9 },
        "listed",
      );
      equal(await remove(late), 0, "all are held");
      await it.mustCommit({ settle: [settlement("k", { early: 1, late: 2, never: 3, moved: 4 })] });
      // A later end counts, an earlier one and none do not.
      await it.mustCommit({
        reserve: reservation("l", { moved: [0, 9, late + 50], late: [0, 9, early], never: [0, 9] }),
      });
      await it.mustCommit({ settle: [settlement("l")] });
      await it.mustCommit({ reserve: reservation("m", { moved: [0, 9], late: [0, 9] }), settle: [settlement("l")] });
      await it.mustCommit({ settle: [settlement("m")] });
      const balancesNow = () => balances(it, all);
      const before = await balancesNow();
      equal(await remove(early - 1), 0, "none has ended");
      equal([await remove(late, { dryRun: true }), await balancesNow()], [2, before], "only told");
      equal(
        [await remove(late, { limit: 1 }), await balancesNow()],
        [
          1,
          [
            [0, 0],
            [2, 0],
            [3, 0],
            [4, 0],
          ],
        ],
        "one",
      );
      equal(
        [await remove(late), await balancesNow()],
        [
          1,
          [
            [0, 0],
            [0, 0],
            [3, 0],
            [4, 0],
          ],
        ],
        "the next",
      );
      equal(
        [await remove(late + 49), await remove(late + 50), await balancesNow()],
        [
          0,
          1,
          [
            [0, 0],
            [0, 0],
            [3, 0],
            [0, 0],
          ],
        ],
        "what was moved on",
      );
      equal(await balances(it, ["early"], OTHER), [[0, 1]], "of the other tenant");
      await it.mustCommit({ reserve: reservation("n", { late: [9, 9, late] }) });
      equal(await balance(it, "late"), [0, 9], "it begins anew");
    },
  ],
  [
    "what was refused leaves no account that stays",
    async (it) => {
      const asked = reservation("k", { a: [1, 9, T0], b: [10, 9, T0 + 1] });
      equal(await it.commit({ reserve: asked }), refused("b"), "refused");
      await it.store.removeSpent({ tenantId: TENANT, before: T0 + 1, limit: 10 });
      equal(await it.store.ledgerTenants(), [], "tenants");
    },
  ],
  [
    "whoever counts on an account while it is removed finds it whole or new",
    async (it) => {
      for (let round = 0; round < 5; round += 1) {
        await it.mustCommit({ reserve: reservation("k", { a: [1, 9, T0] }) });
        await it.mustCommit({ settle: [settlement("k", { a: 1 })] });
        const [removed, outcome] = await Promise.all([
          it.store.removeSpent({ tenantId: TENANT, before: T0, limit: 10 }),
          it.commit({ reserve: reservation("l", { a: [4, 9, T0] }) }),
        ]);
        equal([removed < 2, outcome], [true, COMMITTED], "outcomes");
        equal(await balance(it), [1 - removed, 4], "either before or after");
        await it.mustCommit({ settle: [settlement("l")] });
        await it.store.removeSpent({ tenantId: TENANT, before: MAX, limit: 10 });
        equal(await balance(it), [0, 0], "gone");
      }
    },
  ],
  [
    "tenants are told of which there are sums or accounts",
    async (it) => {
      equal(await it.store.ledgerTenants(), [], "none");
      const odd = "ü💡\u0000";
      await it.store.commit([
        { tenantId: OTHER, settle: [settlement(null), settlement(null, {}, usageOf({ caller: "bob" }))] },
        { tenantId: TENANT, reserve: reservation("k", { a: [1, 9, T0], b: [1, 9, T0] }) },
        { tenantId: odd, settle: [settlement(null)], reserve: reservation("k", { a: [1, 9, T0] }) },
      ]);
      equal([...(await it.store.ledgerTenants())].sort(), [OTHER, TENANT, odd].sort(), "all");
      await it.mustCommit({ settle: [settlement("k")] });
      for (const tenantId of [TENANT, OTHER])
        await it.store.removeSpent({ tenantId, before: HOUR + 9 * HOUR_MS, limit: 10 });
      equal(await it.store.ledgerTenants(), [odd], "left");
    },
  ],
];

const sorted = (rows: readonly object[]): readonly string[] =>
  rows.map((row) => JSON.stringify(Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1)))).sort();

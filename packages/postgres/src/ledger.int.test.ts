/** Several nodes that reserve, settle and expire at once, on the same accounts. */
import type { CommitOutcome, CommitUnit, Reservation, Settlement, UsageRecord } from "@agentcore/core/ports";
import fc from "fast-check";
import pg from "pg";
import { beforeEach, expect, onTestFinished } from "vitest";
import { claimedTask } from "../test/new-task.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { waitsFor } from "../test/waits-for.ts";
import { openPostgres, type PostgresStores } from "./index.ts";

const TENANT = "acme";
const COMMITTED = { outcome: "committed" };
const EXISTS = { outcome: "stale", reason: "exists" };
const CEILING = 500;

let schema: ReturnType<typeof newSchema>;
beforeEach(() => {
  schema = newSchema();
  // Later than all that a test opens, which is closed in the reverse order.
  onTestFinished(() => schema.drop());
});

const open = async (node: string): Promise<PostgresStores["tasks"]> => {
  const stores = await openPostgres({ url, node, schema: schema.schema, maxConnections: 4 });
  onTestFinished(() => stores.close());
  return stores.tasks;
};

const usage: UsageRecord = {
  ...{ hour: 0, agent: "a", team: "", model: "m", caller: "ann", calls: 1, estimatedCalls: 0 },
  ...{ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costNanoUsd: 1, cacheHits: 0, savedNanoUsd: 0 },
};

const reservation = (key: string, amounts: readonly (readonly [string, number])[], expiresAt = 1000): Reservation => ({
  ...{ key, expiresAt, usage },
  amounts: amounts.map(([account, amount]) => ({ account, amount, ceiling: CEILING })),
});

const settlement = (key: string, amounts: Readonly<Record<string, number>> = {}): Settlement => ({
  ...{ key, usage },
  amounts: Object.entries(amounts).map(([account, amount]) => ({ account, amount })),
});

const reserve = (...given: Parameters<typeof reservation>): CommitUnit => ({
  ...{ tenantId: TENANT, reserve: reservation(...given) },
});
const settle = (...given: Parameters<typeof settlement>): CommitUnit => ({
  ...{ tenantId: TENANT, settle: [settlement(...given)] },
});

/** A session of somebody else's, in the same schema. */
const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`set search_path = ${schema.schema}`);
  return client;
};

const ACCOUNTS = ["a", "b", "c", "d"];

const call = fc.record({
  /** Held in these, in this order. */
  amounts: fc.uniqueArray(fc.tuple(fc.constantFrom(...ACCOUNTS), fc.integer({ min: 0, max: 40 })), {
    selector: ([account]) => account,
    minLength: 1,
  }),
  /** Spent of each of them, in hundredths of what was held; null: nobody settles it. */
  spends: fc.option(fc.integer({ min: 0, max: 100 })),
  onFirst: fc.boolean(),
  settledOnFirst: fc.boolean(),
  /** A second try under its key. */
  again: fc.boolean(),
  /** Beside mail for one task: units that share one are written in several statements. */
  sendsMail: fc.boolean(),
});

test("whatever several nodes reserve, settle and expire at once, no account passes its ceiling and nothing is lost", async () => {
  const [first, second] = [await open("x"), await open("y")];
  await first.commit([{ tenantId: TENANT, create: [claimedTask("t")] }]);
  let run = 0;
  const work = async (calls: readonly (typeof call extends fc.Arbitrary<infer Call> ? Call : never)[]) => {
    run += 1;
    // Each run has accounts and keys of its own.
    const name = (text: string | number): string => `${run} ${text}`;
    const amountsOf = (amounts: readonly (readonly [string, number])[]) =>
      amounts.map(([account, amount]) => [name(account), amount] as const);
    let isOver = false;
    const watch = async (): Promise<void> => {
      while (!isOver) {
        for (const { spent, reserved } of await first.balances(TENANT, ACCOUNTS.map(name)))
          expect(spent + reserved).toBeLessThanOrEqual(CEILING);
        await second.expireReservations(0, 3);
      }
    };
    const watching = watch();
    const outcomes = await Promise.all(
      calls.map(async ({ amounts, spends, onFirst, settledOnFirst, again, sendsMail }, index) => {
        const mail = { taskId: "t", key: name(index), kind: "signal", payload: 1, ifTerminal: "drop" } as const;
        // Every third is due at once, and found by whoever expires them.
        const unit = reserve(name(index), amountsOf(amounts), index % 3 === 0 ? 0 : 1000);
        const node = onFirst ? first : second;
        const tried = [...(await node.commit([sendsMail ? { ...unit, mail: [mail] } : unit]))];
        if (again) tried.push(...(await (onFirst ? second : first).commit([unit])));
        if (spends === null) return tried;
        const cost = amountsOf(amounts).map(([account, amount]) => [account, Math.floor((amount * spends) / 100)]);
        const settled = await (settledOnFirst ? first : second).commit([settle(name(index), Object.fromEntries(cost))]);
        expect(settled).toEqual([COMMITTED]);
        return tried;
      }),
    );
    isOver = true;
    await watching;
    const made = outcomes.flat().filter(({ outcome }: CommitOutcome) => outcome === "committed").length;
    const held = (await first.reservations(TENANT)).filter(({ key }) => key.startsWith(name("")));
    for (const { account, reserved } of await first.balances(TENANT, ACCOUNTS.map(name))) {
      const amounts = held.flatMap((row) => row.amounts).filter((row) => row.account === account);
      expect(reserved).toBe(amounts.reduce((sum, { amount }) => sum + amount, 0));
    }
    await first.expireReservations(1000, 1000);
    const balances = await second.balances(TENANT, ACCOUNTS.map(name));
    expect(balances.filter(({ spent, reserved }) => reserved !== 0 || spent > CEILING)).toEqual([]);
    return made;
  };
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 40, maxLength: 80 }), async (calls) => {
      made += await work(calls);
      // Every reservation that was made came to one record, whoever ended it.
      const [row] = await first.usage({ tenantId: TENANT, from: 0, to: 1 });
      expect(row?.calls ?? 0).toBe(made);
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

test("two nodes that reserve under one new key at once make one of it, and refuse the other", async () => {
  const [first, second] = [await open("x"), await open("y")];
  const client = await connect();
  await client.query("begin");
  await client.query("lock table outbox in share mode");
  // Its reservation is made, and it waits to write what is outgoing.
  const one = first.commit([{ ...reserve("k", [["a", 3]]), outbox: [{ id: "o", kind: "event", payload: 1 }] }]);
  await waitsFor(client, "select commit_units");
  // Of other accounts, so that it does not wait there.
  const other = second.commit([reserve("k", [["b", 4]])]);
  const waits = "select from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'transactionid'";
  await expect
    .poll(async () => {
      await client.query("select pg_stat_clear_snapshot()");
      return (await client.query(waits)).rowCount;
    })
    .toBeGreaterThan(0);
  await client.query("commit");
  expect([await one, await other]).toEqual([[COMMITTED], [EXISTS]]);
  expect(await first.balances(TENANT, ["a", "b"])).toEqual([
    { account: "a", spent: 0, reserved: 3 },
    { account: "b", spent: 0, reserved: 0 },
  ]);
  expect(await first.usage({ tenantId: TENANT, from: 0, to: 1 })).toEqual([]);
});

test("what a node reserved that died is spent when its time is over, by whoever looks first; what it says later is not counted", async () => {
  const dead = await open("x");
  const [second, third] = [await open("y"), await open("z")];
  await dead.commit([reserve("k", [["a", 400]], 100), reserve("l", [["a", 50]], 5000)]);
  expect(await second.commit([reserve("m", [["a", 51]])])).toEqual([
    { outcome: "stale", reason: "limit", account: "a" },
  ]);
  const counts = await Promise.all([second, third].map((node) => node.expireReservations(100, 10)));
  expect(counts.toSorted((left, right) => left - right)).toEqual([0, 1]);
  expect(await dead.commit([settle("k", { a: 1 }), settle("l", { a: 20 })])).toEqual([COMMITTED, COMMITTED]);
  expect(await third.balances(TENANT, ["a"])).toEqual([{ account: "a", spent: 420, reserved: 0 }]);
});

test("keys are found along their indexes, also by plans that were made while the tables were empty", async () => {
  const store = await open("x");
  const units = (from: number) =>
    Array.from({ length: 50 }, (_, index) => [reserve(`k${from + index}`, [["a", 1]]), settle(`k${from + index}`)]);
  for (const [index, pair] of units(0).entries()) await store.commit(index < 10 ? pair : pair.slice(1));
  const client = await connect();
  await client.query(`insert into ledger_reservations select 'acme', 'x' || n, 9, '[]', '{}' from generate_series(1, 20000) n;
    insert into ledger_accounts select 'acme', 'x' || n, 1, 0 from generate_series(1, 20000) n;
    insert into ledger_usage select 'acme', n * 3600000::bigint, 'x', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0 from generate_series(1, 20000) n`);
  for (const pair of units(50)) await store.commit(pair);
  const read = async (): Promise<readonly number[]> => {
    const { rows } = await client.query<{ scans: number; entries: number }>(
      `select min(idx_scan)::integer as scans, max(idx_tup_read)::integer as entries from pg_stat_user_indexes
      where schemaname = $1 and indexrelname in ('ledger_reservations_pkey', 'ledger_accounts_pkey', 'ledger_usage_pkey')`,
      [schema.schema],
    );
    return [rows[0]?.scans ?? 0, rows[0]?.entries ?? 0];
  };
  // What a connection has done is told with a transaction that is a second later than the last of which it was.
  const scans = async (): Promise<number> => {
    await store.commit([settle("none")]);
    return (await read())[0] ?? 0;
  };
  await expect.poll(scans, { timeout: 20_000, interval: 200 }).toBeGreaterThanOrEqual(50);
  expect((await read())[1]).toBeLessThan(5000);
}, 30_000);

test("units that need several statements take their accounts in one order, so that nodes do not wait in a circle", async () => {
  const [first, second] = [await open("x"), await open("y")];
  const client = await connect();
  await first.commit([reserve("k", [["a", 1]]), reserve("l", [["b", 1]])]);
  await client.query("begin");
  await client.query("select from ledger_accounts where account = 'a' for update");
  // Under one key, so each unit is a statement; the one node's reach b first, the other's a.
  const twice = (key: string, one: string, other: string): CommitUnit[] => [
    ...[reserve(key, [[one, 1]]), { ...settle(key), reserve: reservation(key, [[other, 1]]) }],
  ];
  const one = first.commit(twice("x", "b", "a"));
  await waitsFor(client, "select keep_ledger");
  const other = second.commit(twice("y", "a", "b"));
  await client.query("select from ledger_accounts where account = 'b' for update nowait");
  await client.query("commit");
  expect([await one, await other]).toEqual([
    [COMMITTED, COMMITTED],
    [COMMITTED, COMMITTED],
  ]);
});

/**
 * 200 calls at once against a budget of 1 US dollar, while nodes are killed: what a provider that counts for itself has billed never passes it,
 * and nothing stays held. `AGENTCORE_BUDGET_SEED` says which run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openPostgres } from "@agentcore/postgres";
import { openSqlite } from "@agentcore/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { createSystemSenses } from "../../packages/server/src/system-senses.ts";
import { startBillingProvider } from "./budget/billing-provider.ts";
import { Cluster } from "./cluster/cluster.ts";
import { randomOf } from "./random-of.ts";
import { startDatabase } from "./start-database.ts";

const SEED = Number(process.env["AGENTCORE_BUDGET_SEED"] ?? Date.now() % 1_000_000);
const CALLS = 200;
const ONE_DOLLAR = 1_000_000_000;
const ACCOUNT = "budget/tenant/all/total/usd/";
const PROGRAM = new URL("./budget/budget-node.ts", import.meta.url);
const ENDED = ["completed", "failed", "canceled", "rejected"] as const;

interface Books {
  readonly spent: number;
  readonly reserved: number;
}

const spend = async (
  names: readonly string[],
  env: Readonly<Record<string, string>>,
  read: (folder: string) => Promise<Books>,
) => {
  const random = randomOf(SEED);
  const folder = mkdtempSync(join(tmpdir(), "agentcore-budget-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const provider = await startBillingProvider(random, names.length > 1);
  onTestFinished(() => provider.close());
  const setups = names.map((name) => ({
    ...{ name, dataDirectory: mkdtempSync(join(folder, `${name}-`)) },
    env: { ...env, PROVIDER_URL: provider.baseUrl },
  }));
  const cluster = new Cluster(setups, PROGRAM);
  onTestFinished(() => cluster.end());
  await Promise.all(setups.map((_, index) => cluster.start(index)));
  let killed = 0;
  const submitted = Promise.all(
    Array.from({ length: CALLS }, (_, n) =>
      cluster.call("submit", { target: { agent: "writer" }, input: { n }, idempotencyKey: `call ${n}` }),
    ),
  );
  for (let round = 0; round < 4; round++) {
    await pause(400 + random() * 800);
    if (await cluster.kill(Math.floor(random() * cluster.size))) killed += 1;
  }
  await submitted;
  const count = async (states: readonly (typeof ENDED)[number][]): Promise<number> =>
    (await cluster.call("list", { pageSize: 1, states: [...states] })).totalSize;
  for (const givesUpAt = Date.now() + 120_000; (await count(ENDED)) < CALLS; await pause(250))
    expect(Date.now(), `of ${CALLS} calls ${await count(ENDED)} have ended`).toBeLessThan(givesUpAt);
  const answered = await count(["completed"]);
  await cluster.end();
  const { spent, reserved } = await read(setups[0]?.dataDirectory ?? "");
  console.log(
    `seed ${SEED}: ${CALLS} calls on ${names.length} nodes × ${killed} kills × ${answered} answered × ${provider.calls} asked of the provider, ` +
      `$${(provider.billed / ONE_DOLLAR).toFixed(4)} billed of $1 × $${(spent / ONE_DOLLAR).toFixed(4)} counted × ${reserved} held`,
  );
  expect(provider.billed).toBeLessThanOrEqual(ONE_DOLLAR);
  expect(spent).toBeLessThanOrEqual(ONE_DOLLAR);
  expect(spent + reserved).toBeGreaterThanOrEqual(provider.billed);
  expect(killed).toBeGreaterThan(0);
  // The budget was the limit. How much of it was of use is chance: what a kill takes along counts with the most that it may have cost.
  expect(spent).toBeGreaterThan(0.9 * ONE_DOLLAR);
  expect(provider.billed).toBeGreaterThan(0);
  return reserved;
};

/** What nobody settled is settled by time. */
const afterExpiry = async (store: {
  expireReservations(now: number, limit: number): Promise<number>;
  balances(tenantId: string, accounts: readonly string[]): Promise<readonly Books[]>;
}): Promise<Books> => {
  const [before] = await store.balances("default", [ACCOUNT]);
  await store.expireReservations(Date.now() + 14_000, 10_000);
  const [after] = await store.balances("default", [ACCOUNT]);
  expect(after).toMatchObject({ reserved: 0, spent: (before?.spent ?? 0) + (before?.reserved ?? 0) });
  return before ?? { spent: 0, reserved: 0 };
};

test("one process that is killed again and again spends no more than there is", async () => {
  await spend(["one"], {}, async (directory) => {
    const { tasks, close } = await openSqlite({ directory, clock: createSystemSenses({ log: () => {} }).clock });
    const books = await afterExpiry(tasks);
    await close();
    return books;
  });
}, 240_000);

test("two nodes on one PostgreSQL, one or the other of which is killed, spend no more than there is", async (context) => {
  const database = await startDatabase();
  if (database === null) return context.skip("needs a PostgreSQL that can be started");
  await spend(["a", "b"], { CLUSTER_DATABASE: database.url }, async () => {
    const { tasks, close } = await openPostgres({ url: database.url, node: "judge" });
    const books = await afterExpiry(tasks);
    await close();
    return books;
  });
}, 240_000);

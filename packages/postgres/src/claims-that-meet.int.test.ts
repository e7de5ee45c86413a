/** Claims of several nodes at the same time. */
import pg from "pg";
import { afterEach, beforeEach, expect } from "vitest";
import { newTask } from "../test/new-task.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres, type PostgresStores } from "./index.ts";

let schema: ReturnType<typeof newSchema>;
let opened: PostgresStores[] = [];
beforeEach(() => {
  schema = newSchema();
  opened = [];
});
afterEach(async () => {
  for (const stores of opened) await stores.close();
  await schema.drop();
});

const open = async (node: string): Promise<PostgresStores> => {
  const stores = await openPostgres({ url, node, schema: schema.schema, clock: { now: () => 1000 } });
  opened.push(stores);
  return stores;
};

const fill = ({ tasks }: PostgresStores, count: number) =>
  tasks.commit(
    Array.from({ length: count }, (_, index) => ({
      tenantId: "acme",
      create: [newTask(`t${index + 1}`, { dueAt: index + 1 })],
    })),
  );

const claim = async ({ tasks }: PostgresStores, limit: number): Promise<readonly string[]> =>
  (await tasks.claim({ limit, now: 1000, slots: new Map(), otherSlots: 100 })).map(({ head }) => head.taskId);

test("tasks that somebody else holds are passed over, and as many others are claimed, in order", async () => {
  const stores = await open("n1");
  await fill(stores, 40);
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    await other.query("begin");
    // More than a claim reads at first, so that it has to look deeper.
    await other.query(`select from "${schema.schema}".heads where due_at <= 10 for update`);
    expect(await claim(stores, 5)).toEqual(["t11", "t12", "t13", "t14", "t15"]);
  } finally {
    await other.end();
  }
  expect(await claim(stores, 3)).toEqual(["t1", "t2", "t3"]);
});

test("claims at the same moment take different tasks, and together all that they may", async () => {
  const nodes = await Promise.all(["n1", "n2", "n3", "n4"].map(open));
  await fill(nodes[0] as PostgresStores, 120);
  const claimed: string[] = [];
  for (let round = 0; round < 3; round++)
    claimed.push(...(await Promise.all(nodes.map((stores) => claim(stores, 10)))).flat());
  expect(claimed).toHaveLength(120);
  expect(new Set(claimed).size).toBe(120);
});

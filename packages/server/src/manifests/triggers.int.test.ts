/** Triggers of a manifest, over two nodes on one PostgreSQL. */
import { afterEach, beforeEach, expect } from "vitest";
import { SCOPE, SharedDatabase, test } from "../../test/shared-database.ts";
import type { NodeParts } from "../compose.ts";

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const KEEPER = `async (task, ctx) => {
  const got = [task.input];
  while (got.length < 6) got.push(await ctx.waitForSignal("order.changed"));
  return got;
}`;
const SHOP = `async (task, ctx) => {
  for (const number of task.input.numbers)
    await ctx.emit("order.changed", { order: task.input.order, number, total: number * 100 }, { durable: true });
}`;

const keepers = async (node: NodeParts) => (await node.tasks.list(SCOPE, { agent: "keeper", pageSize: 100 })).heads;

test("events of one order that two nodes carry at once go to one task, and those that do not fit to none", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const triggers = [
    {
      topic: "order.*",
      where: "event.payload.total > 0.0",
      correlate: "event.payload.order",
      input: "${event.payload.number}",
    },
  ];
  const manifests = [await shared.writeAgent("keeper", KEEPER, { triggers }), await shared.writeAgent("shop", SHOP)];
  await a.manifests.apply("default", manifests, { dryRun: false });
  await expect.poll(() => b.catalogue.list("default").length).toBe(2);
  const orders = ["x", "y", "z"];
  const sell = (node: NodeParts, order: string, numbers: readonly number[]) =>
    node.tasks.submit(SCOPE, { target: { agent: "shop" }, input: { order, numbers } });
  await Promise.all(orders.flatMap((order) => [sell(a, order, [0, 1, 2, 3]), sell(b, order, [4, 5, 0, 6])]));
  const states = async () => (await keepers(a)).map(({ state }) => state);
  await expect.poll(states, { timeout: 20_000 }).toEqual(orders.map(() => "completed"));
  for (const { taskId } of await keepers(b)) {
    const end = (await b.tasks.log(SCOPE, taskId)).at(-1);
    const { output = [] } = (end?.data ?? {}) as { readonly output?: readonly number[] };
    expect(output.toSorted((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

test("events that two nodes carry make one task when they have paused, and what comes after it the next", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const triggers = [
    {
      ...{ topic: "order.*", correlate: "event.payload.order", debounce: "4s", maxWait: "30s" },
      input: "${event.payload.number}",
    },
  ];
  const echo = await shared.writeAgent("keeper", "async ({ input }) => input", { triggers });
  await a.manifests.apply("default", [echo, await shared.writeAgent("shop", SHOP)], { dryRun: false });
  await expect.poll(() => b.catalogue.list("default").length).toBe(2);
  const sell = (node: NodeParts, order: string, numbers: readonly number[]) =>
    node.tasks.submit(SCOPE, { target: { agent: "shop" }, input: { order, numbers } });
  const orders = ["x", "y", "z"];
  const tasksOf = async () => (await keepers(a)).map(({ state, contextId }) => [state, contextId]);
  for (const round of [1, 2]) {
    await Promise.all(orders.flatMap((order) => [sell(a, order, [1, 2, 3]), sell(b, order, [4, 5, 6])]));
    await expect
      .poll(async () => (await tasksOf()).filter(([state]) => state === "completed").length, { timeout: 30_000 })
      .toBe(round * orders.length);
  }
  expect(await tasksOf()).toHaveLength(6);
  expect(new Set((await tasksOf()).map(([, contextId]) => contextId)).size).toBe(3);
  for (const { taskId } of await keepers(b)) {
    const [submitted] = await b.tasks.log(SCOPE, taskId);
    const { input, metadata } = (submitted?.data ?? {}) as { readonly input?: number; readonly metadata?: object };
    expect(metadata).toEqual({ "https://agentcore.dev/a2a/debounced": { events: 6 } });
    expect([3, 6]).toContain(input);
  }
});

/** Tasks that wait for events, over two nodes on one PostgreSQL. */
import { afterEach, beforeEach, expect } from "vitest";
import { SCOPE, SharedDatabase, test } from "../test/shared-database.ts";
import type { NodeParts } from "./compose.ts";

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const WAITER = `async (task, ctx) => {
  const { order } = task.input;
  const { payload } = await ctx.waitForEvent("order.*", { where: "event.payload.order == with.order", with: { order } });
  return payload;
}`;
const SHOP = `async (task, ctx) => {
  for (const order of task.input.orders) await ctx.emit("order.paid", { order, by: task.input.by }, { durable: true });
}`;

const waiters = async (node: NodeParts) => (await node.tasks.list(SCOPE, { agent: "waiter", pageSize: 100 })).heads;
const rows = async (node: NodeParts, topic: string) => {
  const found = [];
  for await (const waits of node.engine.eventWaits.of(SCOPE.tenantId, topic)) found.push(...waits);
  return found;
};

test("whichever node tells of an event, each wait on both is given its own, and no row is left", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const manifests = [await shared.writeAgent("waiter", WAITER), await shared.writeAgent("shop", SHOP)];
  await a.manifests.apply("default", manifests, { dryRun: false });
  await expect.poll(() => b.catalogue.list("default").length).toBe(2);
  const orders = Array.from({ length: 20 }, (_, index) => `order-${index}`);
  for (const [index, order] of orders.entries())
    await (index % 2 === 0 ? a : b).tasks.submit(SCOPE, { target: { agent: "waiter" }, input: { order } });
  await expect.poll(async () => (await rows(a, "order.*")).length, { timeout: 20_000 }).toBe(orders.length);
  const sell = (node: NodeParts, by: string) =>
    node.tasks.submit(SCOPE, { target: { agent: "shop" }, input: { by, orders: ["none", ...orders] } });
  await Promise.all([sell(a, "a"), sell(b, "b")]);
  const states = async () => new Set((await waiters(b)).map(({ state }) => state));
  await expect.poll(states, { timeout: 20_000 }).toEqual(new Set(["completed"]));
  const told = new Set<unknown>();
  for (const { taskId } of await waiters(a)) {
    const end = (await a.tasks.log(SCOPE, taskId)).at(-1);
    if (end?.type === "task.completed") told.add((end.data.output as { readonly order: string }).order);
  }
  expect(told).toEqual(new Set(orders));
  await expect.poll(async () => (await rows(b, "order.*")).length).toBe(0);
});

test("a task that asks by an event and waits for the answer has it, each round, on two nodes", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const relay = `async (task, ctx) => {
    const { me, other, rounds } = task.input;
    for (let round = 0; round < rounds; round++) {
      const next = ctx.waitForEvent("turn." + me, { key: String(round), where: "event.payload.round == with.round", with: { round } });
      if (me === "a") await ctx.emit("turn." + other, { round }, { durable: true, key: String(round) });
      await next;
      if (me === "b") await ctx.emit("turn." + other, { round }, { durable: true, key: String(round) });
    }
    return rounds;
  }`;
  await a.manifests.apply("default", [await shared.writeAgent("waiter", relay)], { dryRun: false });
  await expect.poll(() => b.catalogue.list("default").length).toBe(1);
  const rounds = 10;
  await b.tasks.submit(SCOPE, { target: { agent: "waiter" }, input: { me: "b", other: "a", rounds } });
  await expect.poll(async () => (await rows(a, "turn.b")).length, { timeout: 20_000 }).toBe(1);
  await a.tasks.submit(SCOPE, { target: { agent: "waiter" }, input: { me: "a", other: "b", rounds } });
  const ended = async () => (await waiters(a)).map(({ state }) => state);
  await expect.poll(ended, { timeout: 30_000 }).toEqual(["completed", "completed"]);
});

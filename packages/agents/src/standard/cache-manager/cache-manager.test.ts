import { agent } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { expect, test } from "vitest";
import { type CacheManagerOptions, cached, cacheManagerAgent } from "./cache-manager.ts";

const start = (options: CacheManagerOptions = {}) => testAgent(cacheManagerAgent(options));

test("gives what was kept for a while, by any JSON as its key, and forgets by key, tag and all", async () => {
  const world = await start({ ttlMs: 1_000 });
  const get = async (key: unknown) => (await world.run({ get: { key } })).output;
  const key = { report: "sales", day: 1 };
  expect(await get(key)).toMatchObject({ hit: false });
  const put = (more: object) => world.run({ put: { value: { n: 1 }, ...more } });
  expect((await put({ key, tags: ["sales"] })).output).toEqual({ kept: true });
  expect(await get({ day: 1, report: "sales" })).toEqual({ hit: true, value: { n: 1 }, by: "exact" });
  await world.run({ forget: { tags: ["sales"] } });
  expect(await get(key)).toMatchObject({ hit: false });
  await put({ key });
  await put({ key: "other", ttlMs: 60_000 });
  await world.advance(1_001);
  expect(await get(key)).toMatchObject({ hit: false });
  expect(await get("other")).toMatchObject({ hit: true });
  await world.run({ forget: { key: "other" } });
  expect(await get("other")).toMatchObject({ hit: false });
  await put({ key });
  await world.run({ forget: { all: true } });
  expect(await get(key)).toMatchObject({ hit: false });
  await world.close();
});

test("what was worked out while its tag was forgotten is not kept", async () => {
  const world = await start();
  const missed = (await world.run({ get: { key: "k", tags: ["orders"] } })).output as { stamp: string };
  await world.run({ forget: { tags: ["orders"] } });
  const put = { key: "k", value: "old", tags: ["orders"], stamp: missed.stamp };
  expect((await world.run({ put })).output).toMatchObject({ kept: false });
  expect((await world.run({ get: { key: "k" } })).output).toMatchObject({ hit: false });
  await world.close();
});

test("finds a text that is written otherwise where it is told to, and never one with another word", async () => {
  const world = await start({ match: "words" });
  await world.run({ put: { key: "How many orders?", value: 3 } });
  expect((await world.run({ get: { key: "how many  ORDERS" } })).output).toEqual({ hit: true, value: 3, by: "words" });
  expect((await world.run({ get: { key: "How many orders not?" } })).output).toMatchObject({ hit: false });
  expect((await world.run({ get: { key: "orders how many" } })).output).toMatchObject({ hit: false });
  await world.close();
});

test("an event forgets the tags that it names", async () => {
  const keeper = cacheManagerAgent({ invalidate: [{ topic: "order.*", tags: ["order:{payload.id}"] }] });
  const shop = agent({
    name: "shop",
    description: "Sells",
    run: (task, ctx) => ctx.emit("order.changed", { id: task.input }, { durable: true }),
  });
  const world = await testAgent([{ ...keeper, subscribes: ["order.*"] }, shop]);
  for (const id of [7, 8]) await world.run({ put: { key: id, value: id, tags: [`order:${id}`] } });
  await world.run(7, { target: { agent: "shop" } });
  expect((await world.run({ get: { key: 7 } })).output).toMatchObject({ hit: false });
  expect((await world.run({ get: { key: 8 } })).output).toMatchObject({ hit: true });
  await world.close();
});

test("cached() makes a value once for all who ask, and anew where there is no cache", async () => {
  let made = 0;
  const asker = agent({
    name: "asker",
    description: "Asks",
    run: (task, ctx) => cached(ctx, { agent: String(task.input), key: "k" }, () => ctx.step("make", () => (made += 1))),
  });
  const world = await testAgent([asker, cacheManagerAgent()]);
  expect((await world.run("cache")).output).toBe(1);
  expect((await world.run("cache")).output).toBe(1);
  expect((await world.run("nowhere")).output).toBe(2);
  await world.close();
});

test("a tag is forgotten whatever it is called", async () => {
  const world = await start();
  await world.run({ put: { key: "k", value: 1, tags: ["__proto__"] } });
  await world.run({ forget: { tags: ["__proto__"] } });
  expect((await world.run({ get: { key: "k" } })).output).toMatchObject({ hit: false });
  await world.close();
});

test("cached() asks at once for keys that begin alike", async () => {
  const asker = agent({
    name: "asker",
    description: "Asks",
    run: (_, ctx) =>
      Promise.all(
        ["a", "b"].map((end) =>
          cached(ctx, { agent: "cache", key: "x".repeat(200) + end }, () => ctx.step(`make ${end}`, () => end)),
        ),
      ),
  });
  const world = await testAgent([asker, cacheManagerAgent()]);
  expect((await world.run(null)).output).toEqual(["a", "b"]);
  const key = `${"x".repeat(200)}b`;
  expect((await world.run({ get: { key } }, { target: { agent: "cache" } })).output).toMatchObject({ hit: true });
  await world.close();
});

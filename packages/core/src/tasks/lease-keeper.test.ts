/** A process whose lease is another's, or whose store is gone, says so, asks ever more seldom and goes on by itself. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { Renewal } from "../ports/index.ts";

const LEASE_MS = 10_000;

/** A store with leases, whose answers to renewals the test gives. */
const worldOf = (renew: () => Promise<Renewal>, run: Parameters<typeof define>[1]) => {
  const times: number[] = [];
  let claims = 0;
  const world: EngineWorld = new EngineWorld([define("a", run), define("due", () => "ran")], {
    wrap: (store) =>
      wrapStore(store, {
        renew: () => {
          times.push(world.clock.monotonic());
          return renew();
        },
        claim: (next, request) => {
          claims += 1;
          return next(request);
        },
      }),
  });
  const gaps = () => times.slice(1).map((time, index) => time - (times[index] ?? 0));
  return { world, gaps, claims: () => claims };
};

const held = async (): Promise<Renewal> => ({ validForMs: LEASE_MS, isNew: false });
const messages = (world: EngineWorld) => world.logger.records.map(({ message }) => message);

test("a name that another process has taken: the work ends at once, nothing is claimed, and it is said once", async () => {
  let isTaken = false;
  const { world, gaps, claims } = worldOf(
    () => (isTaken ? Promise.reject(new PlatformError("CONFIG_INVALID", "another process is node n1")) : held()),
    async (_, ctx) => (await ctx.sleep(900), "done"),
  );
  const taskId = await world.submit("a");
  // Something is due all the time.
  world.capacities.set("acme/due", 0);
  await world.submit("due");
  const before = claims();
  await world.advance(500);
  expect(claims()).toBeGreaterThan(before);
  const { engine } = await world.alive();
  expect([engine.trouble, engine.resident]).toEqual([null, 1]);
  isTaken = true;
  engine.lease.check();
  await world.quiet();
  expect([engine.trouble?.code, engine.resident]).toEqual(["CONFIG_INVALID", 0]);
  const claimed = claims();
  await world.advance(30_000);
  expect(claims()).toBe(claimed);
  expect(messages(world).filter((message) => message.includes("another process is node n1"))).toHaveLength(2);
  // Ever more seldom, up to 5 s.
  expect(gaps().slice(1, 7)).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
  isTaken = false;
  await world.advance(6_000);
  expect(engine.trouble).toBeNull();
  expect(outputOf(await world.last(taskId))).toBe("done");
  expect(messages(world)).toContain("cannot renew the lease: this is over");
});

test("a store that hangs: the node is in trouble when two thirds of the lease have passed", async () => {
  let answer: (renewal: Renewal) => void = () => {};
  let isHanging = false;
  const { world } = worldOf(
    () => (isHanging ? new Promise<Renewal>((resolve) => (answer = resolve)) : held()),
    (_, ctx) => ctx.waitForInput("?"),
  );
  const { engine } = await world.alive();
  isHanging = true;
  await world.advance(LEASE_MS * 0.6);
  expect(engine.trouble).toBeNull();
  await world.advance(LEASE_MS * 0.1);
  expect(engine.trouble).toMatchObject({ code: "STORE_UNAVAILABLE", message: expect.stringContaining("6667 ms") });
  isHanging = false;
  answer({ validForMs: LEASE_MS, isNew: true });
  await world.quiet();
  expect(engine.trouble).toBeNull();
});

test("however long it takes to free the tasks of others, the own lease is renewed meanwhile", async () => {
  let renewals = 0;
  let reclaims = 0;
  const world = new EngineWorld([define("a", (_, ctx) => ctx.sleep(900))], {
    wrap: (store) =>
      wrapStore(store, {
        renew: () => ((renewals += 1), held()),
        reclaim: async () => ((reclaims += 1) === 1 ? 0 : new Promise<number>(() => {})),
      }),
  });
  await world.alive();
  await world.advance(LEASE_MS * 3);
  const { engine } = await world.alive();
  expect([engine.trouble, reclaims, renewals >= 12]).toEqual([null, 2, true]);
});

test("a failing store is said once, however often it is asked", async () => {
  let isDown = false;
  const world = new EngineWorld([define("a", (_, ctx) => ctx.sleep(2000))], {
    wrap: (store) =>
      wrapStore(store, {
        claim: (next, request) =>
          isDown ? Promise.reject(new PlatformError("STORE_UNAVAILABLE", "the disk is full")) : next(request),
      }),
  });
  const taskId = await world.submit("a");
  isDown = true;
  await world.advance(20_000);
  const { engine } = await world.alive();
  expect(engine.trouble?.message).toBe("the disk is full");
  expect(messages(world).filter((message) => message.includes("the disk is full"))).toHaveLength(1);
  isDown = false;
  await world.advance(1000);
  expect([engine.trouble, await world.state(taskId)]).toEqual([null, "completed"]);
});

test("a store that was away for less than a long lease: what could not be written goes on within five seconds, though nothing else is written", async () => {
  let isAway = false;
  const away = () => Promise.reject(new PlatformError("STORE_UNAVAILABLE", "nobody answers"));
  const world: EngineWorld = new EngineWorld(
    [
      define("a", (_, ctx) =>
        ctx.step("leave", () => {
          isAway = world.clock.monotonic() < 20_000;
          return "done";
        }),
      ),
    ],
    {
      wrap: (store) =>
        wrapStore(store, {
          renew: () => (isAway ? away() : Promise.resolve({ validForMs: 90_000, isNew: false })),
          commit: (next, units) => (isAway ? away() : next(units)),
        }),
    },
  );
  const taskId = await world.submit("a");
  await world.advance(20_000);
  isAway = false;
  await world.advance(5_250);
  expect(outputOf(await world.last(taskId))).toBe("done");
});

/** A node that shuts down: nothing begins any more, and nothing stays leased (I10). */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

/** Time goes on while it closes: it waits for what is under way, but not for ever. */
const close = async (world: EngineWorld): Promise<void> => {
  const closed = (await world.alive()).engine.close();
  await world.advance(5000);
  await closed;
};

test("work that is still being taken in when the node closes is refused and never begins", async () => {
  const ran: string[] = [];
  const load = new Pause();
  const world = new EngineWorld([define("a", (_, ctx) => ctx.step("work", () => ran.push("work")))], {
    wrapLoad: (next) => async (revision) => next(await load.pass(revision)),
  });
  const { engine, service } = await world.alive();
  load.arm();
  const refused = service.submit(SCOPE, { target: { agent: "a" } }).then(
    () => "accepted",
    (error: unknown) => PlatformError.from(error).code,
  );
  await world.quiet();
  await close(world);
  load.open();
  await world.advance(1000);
  expect([await refused, ran, engine.resident]).toEqual(["UNAVAILABLE", [], 0]);
  expect(await world.heads()).toEqual([]);
});

for (const [when, afterMs] of [
  ["while the node closes", 1000],
  // Closing does not wait for a store that does not answer.
  ["after the node has closed", 5000],
] as const) {
  test(`tasks of a claim that is answered ${when} are given back, and the attempt does not count`, async () => {
    const answer = new Pause();
    const world = new EngineWorld([define("sleeper", async (_, ctx) => (await ctx.sleep(2000), "woke"))], {
      wrap: (store) =>
        wrapStore(store, {
          claim: async (next, request) => {
            const claimed = await next(request);
            return claimed.length > 0 ? answer.pass(claimed) : claimed;
          },
        }),
    });
    const taskId = await world.submit("sleeper");
    const { attempts } = (await world.head(taskId)) ?? {};
    answer.arm();
    await world.advance(2500);
    const { engine } = await world.alive();
    const closed = engine.close().then(() => world.head(taskId));
    await world.advance(afterMs);
    expect(await world.head(taskId)).toMatchObject({ leased: true });
    answer.open();
    await world.advance(5000);
    expect(await closed).toMatchObject({ leased: afterMs > 1000 });
    expect(await world.head(taskId)).toMatchObject({ leased: false, attempts });
    expect(engine.resident).toBe(0);
    world.crash();
    await world.advance(1000);
    expect(outputOf(await world.last(taskId))).toBe("woke");
  });
}

test("a task that was claimed and whose code is loaded only after the node has closed is given back", async () => {
  const ran: string[] = [];
  const load = new Pause();
  const world = new EngineWorld(
    [define("sleeper", async (_, ctx) => (await ctx.sleep(2000), ctx.step("work", () => ran.push("work"))))],
    { wrapLoad: (next) => async (revision) => next(await load.pass(revision)) },
  );
  const taskId = await world.submit("sleeper");
  load.arm();
  await world.advance(2500);
  const { engine } = await world.alive();
  await close(world);
  load.open();
  await world.advance(1000);
  expect([ran, engine.resident]).toEqual([[], 0]);
  expect(await world.head(taskId)).toMatchObject({ leased: false });
});

test("nothing is left of a node that has closed: no timer waits", async () => {
  const world = new EngineWorld([define("sleeper", (_, ctx) => ctx.sleep(60_000))]);
  await world.submit("sleeper");
  const { engine } = await world.alive();
  const closed = engine.close();
  await world.quiet();
  await closed;
  expect(world.clock.nextTimerAt()).toBeNull();
});

test("an outbox that the store does not answer about keeps no node from closing", async () => {
  const world = new EngineWorld([define("teller", (_, ctx) => ctx.emit("told", 1, { durable: true }))], {
    wrap: (store) => wrapStore(store, { takeOutbox: () => new Promise(() => {}) }),
  });
  await world.submit("teller");
  const { engine } = await world.alive();
  let isClosed = false;
  void engine.close().then(() => {
    isClosed = true;
  });
  await world.advance(5000);
  expect(isClosed).toBe(true);
});

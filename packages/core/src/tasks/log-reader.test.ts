/** Readers that wait: what they leave behind, and what makes them go on. */
import type { TaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { Feed } from "./feed.ts";

const LOOK_MS = 10_000;

const sleeper = define("sleeper", async (_, ctx) => {
  await ctx.sleep(60_000);
});

/** All there is for now. */
const readAll = async (log: Feed<TaskEvent>): Promise<number[] | null> => {
  const seen: number[] = [];
  for (let page = await log.read(); page?.length !== 0; page = await log.read()) {
    if (page === null) return null;
    seen.push(...page.map(({ seq }) => seq));
  }
  return seen;
};

test("two thousand readers come and go, and leave neither a listener nor a timer", async () => {
  const world = new EngineWorld([sleeper]);
  const taskId = await world.submit("sleeper");
  const other = await world.submit("sleeper");
  await world.quiet();
  const { engine, service } = await world.alive();
  const timerBefore = world.clock.nextTimerAt();
  let rung = 0;
  const readers: Feed<TaskEvent>[] = [];
  for (let index = 0; index < 2000; index++) {
    const log = await service.follow(SCOPE, index % 2 === 0 ? taskId : other);
    expect(await readAll(log)).not.toBe(null);
    log.wait(() => (rung += 1));
    readers.push(log);
  }
  expect(engine.hub.size).toBe(2);
  for (const log of readers) log.close();
  expect(rung).toBe(2000);
  expect(engine.hub.size).toBe(0);
  expect(world.clock.nextTimerAt()).toBe(timerBefore);
  expect(await readers[0]?.read()).toBe(null);
});

test("a task that is not there leaves nothing behind either", async () => {
  const world = new EngineWorld([sleeper]);
  const { engine, service } = await world.alive();
  await expect(service.follow(SCOPE, "nobody")).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  expect(engine.hub.size).toBe(0);
});

test("one that waits reads nothing but a head now and then, and finds what no hint told of", async () => {
  let deaf = false;
  const reads: string[] = [];
  const world = new EngineWorld([sleeper], {
    wrap: (store) =>
      wrapStore(store, {
        readLog: (next, ...given) => {
          reads.push("log");
          return next(...given);
        },
        head: (next, key) => {
          reads.push("head");
          return next(key);
        },
      }),
  });
  const taskId = await world.submit("sleeper");
  await world.quiet();
  const { engine, service } = await world.alive();
  const log = await service.follow(SCOPE, taskId);
  const before = await readAll(log);
  expect(before?.at(-1)).toBeGreaterThan(1);
  const notify = engine.hub.notify.bind(engine.hub);
  engine.hub.notify = (key, hint) => {
    if (!deaf) notify(key, hint);
  };
  deaf = true;
  let rung = 0;
  log.wait(() => (rung += 1));
  reads.length = 0;
  await world.advance(2 * LOOK_MS);
  expect([rung, reads]).toEqual([0, ["head", "head"]]);
  await service.cancel(SCOPE, taskId);
  await world.quiet();
  expect(await world.state(taskId)).toBe("canceled");
  expect(rung).toBe(0);
  await world.advance(LOOK_MS);
  expect(rung).toBe(1);
  expect((await log.read())?.at(-1)?.type).toBe("task.canceled");
  expect(await log.read()).toBe(null);
  expect(engine.hub.size).toBe(0);
});

test("what comes while a page is read rings before anybody waits", async () => {
  const world = new EngineWorld([sleeper]);
  const taskId = await world.submit("sleeper");
  await world.quiet();
  const { service } = await world.alive();
  const log = await service.follow(SCOPE, taskId);
  await readAll(log);
  await service.cancel(SCOPE, taskId);
  await world.quiet();
  let rung = 0;
  log.wait(() => (rung += 1));
  expect(rung).toBe(1);
  expect((await log.read())?.at(-1)?.type).toBe("task.canceled");
});

test("a store that fails under a look ends the reader with what failed", async () => {
  let broken = false;
  const world = new EngineWorld([sleeper], {
    wrap: (store) =>
      wrapStore(store, {
        head: (next, key) => (broken ? Promise.reject(new Error("the disk is gone")) : next(key)),
      }),
  });
  const taskId = await world.submit("sleeper");
  await world.quiet();
  const { engine, service } = await world.alive();
  const log = await service.follow(SCOPE, taskId);
  await readAll(log);
  broken = true;
  const ringing = new Promise<void>((resolve) => log.wait(resolve));
  await world.advance(LOOK_MS);
  await ringing;
  await expect(log.read()).rejects.toThrow("the disk is gone");
  expect(engine.hub.size).toBe(0);
});

test("without room nothing is read, also of what is not known for sure, and all of it once there is", async () => {
  const world = new EngineWorld([sleeper]);
  const taskId = await world.submit("sleeper");
  await world.quiet();
  const { engine, service } = await world.alive();
  const room = { is: false };
  const log = await service.follow(SCOPE, taskId, { hasRoom: () => room.is });
  expect([await log.read(), await log.read()]).toEqual([[], []]);
  room.is = true;
  const before = (await readAll(log))?.length ?? 0;
  expect(before).toBe((await world.types(taskId)).length);
  room.is = false;
  await service.cancel(SCOPE, taskId);
  await world.quiet();
  engine.hub.notify({ tenantId: SCOPE.tenantId, taskId }, null);
  expect(await log.read()).toEqual([]);
  room.is = true;
  expect((await log.read())?.at(-1)?.type).toBe("task.canceled");
});

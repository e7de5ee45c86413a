/** Views of large logs: what one caller asks for must fit into memory, whatever others ask for meanwhile. */
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

const MEGABYTE = 1024 * 1024;
const textOf = (megabytes: number) => "x".repeat(megabytes * MEGABYTE);

/** Tasks that have ended, each with one message. */
const seed = async (world: EngineWorld, sizes: readonly number[]): Promise<void> => {
  const at = world.clock.now();
  const outcomes = await world.store.commit(
    sizes.map((megabytes, index) => {
      const head = { agent: "a", revision: "r1", contextId: "c", caller: SCOPE.caller } as const;
      const message = { messageId: "m", role: "ROLE_USER" as const, parts: [{ text: textOf(megabytes) }] };
      const events = [
        { type: "task.submitted", at, data: { ...head, priority: "normal", message } },
        { type: "task.canceled", at: at + index, data: {} },
      ] as const;
      const times = { deadline: null, parent: null, dueAt: at, createdAt: at } as const;
      const task = { ...head, ...times, taskId: `t${index}`, priority: "normal", events } as const;
      return { tenantId: SCOPE.tenantId, create: [{ ...task, claimed: { state: "canceled" } as const }] };
    }),
  );
  expect(outcomes.every(({ outcome }) => outcome === "committed")).toBe(true);
};

const pagesOf = async (world: EngineWorld, views: { historyLength?: number }) => {
  const { service } = await world.alive();
  const pages: (readonly string[])[] = [];
  for (let pageToken = ""; ; ) {
    const page = await service.list(SCOPE, { views, pageSize: 100, pageToken });
    expect(page.totalSize).toBe(7);
    expect(page.heads.map(({ taskId }) => taskId)).toEqual(page.tasks.map(({ id }) => id));
    pages.push(page.tasks.map(({ id }) => id));
    if (page.nextPageToken === "") return pages;
    ({ nextPageToken: pageToken } = page);
  }
};

test("a page of a list ends at 16 MiB of what it shows, with one task at least, and the next goes on from there", async () => {
  const world = new EngineWorld([define("a", () => "a")]);
  await seed(world, [1, 1, 7, 7, 7, 20, 1]);
  expect(await pagesOf(world, {})).toEqual([["t6"], ["t5"], ["t4", "t3"], ["t2", "t1", "t0"]]);
});

test("a page of a list ends at 64 MiB of what was read for it, also when nothing of it is shown", async () => {
  const world = new EngineWorld([define("a", () => "a")]);
  await seed(world, [1, 1, 1, 20, 20, 20, 20]);
  expect(await pagesOf(world, { historyLength: 0 })).toEqual([
    ["t6", "t5", "t4", "t3"],
    ["t2", "t1", "t0"],
  ]);
});

/** A world that knows how many logs were read at once. */
const createWatched = (agents = [define("a", () => "a")]) => {
  const reads = { now: 0, most: 0, all: 0 };
  const world = new EngineWorld(agents, {
    wrap: (store) =>
      wrapStore(store, {
        readLog: async (next, key, page) => {
          reads.most = Math.max(reads.most, ++reads.now);
          reads.all += 1;
          // Long enough that whoever may begin has begun.
          await new Promise((resolve) => setImmediate(resolve));
          const events = await next(key, page);
          reads.now -= 1;
          return events;
        },
      }),
  });
  return { world, reads };
};

const twenty = <Result>(ask: () => Promise<Result>): Promise<Result[]> => Promise.all(Array.from({ length: 20 }, ask));

test("a list reads one log at a time, and all views of a node eight", async () => {
  const { world, reads } = createWatched();
  await seed(
    world,
    Array.from({ length: 30 }, () => 0),
  );
  const { service } = await world.alive();
  const list = () => service.list(SCOPE, { views: {} });
  expect((await list()).tasks).toHaveLength(30);
  expect(reads.most).toBe(1);
  const [lists] = await Promise.all([twenty(list), twenty(() => service.view(SCOPE, "t0"))]);
  expect(lists.map(({ tasks }) => tasks.length)).toEqual(lists.map(() => 30));
  expect(reads.most).toBe(8);
});

test("messages, first ones again, decisions and pages of events read eight logs at once too", async () => {
  const asker = define("asker", (_, ctx) => ctx.waitForAuthorization({ prompt: "?", name: "github" }));
  const { world, reads } = createWatched([asker]);
  const { service } = await world.alive();
  const message = { messageId: "m1", role: "ROLE_USER" as const, parts: [{ text: "x" }] };
  const submit = () =>
    service.submit(SCOPE, { target: { agent: "asker" }, message, contextId: "c", idempotencyKey: "asker/m1" });
  const { taskId } = await submit();
  await world.quiet();
  reads.most = 0;
  const most = async (ask: () => Promise<unknown>) => {
    const answers = await twenty(ask);
    const { most: seen } = reads;
    reads.most = 0;
    return [seen, answers[0]];
  };
  expect(await most(() => service.send(SCOPE, taskId, message))).toEqual([8, "repeated"]);
  expect(await most(submit)).toEqual([8, { taskId, existing: true, contextId: "c" }]);
  expect(await most(() => service.log(SCOPE, taskId, { limit: 1 }))).toEqual([8, [expect.anything()]]);
  const refused = () => service.authorize(SCOPE, taskId, { name: "other" }).catch(({ code }) => code);
  expect(await most(refused)).toEqual([8, "UNSUPPORTED_OPERATION"]);
});

test("two thousand streams read pages of eight logs at once, and eight are read through at once, in turns of their own", async () => {
  const { world, reads } = createWatched([define("sleeper", (_, ctx) => ctx.sleep(60_000))]);
  const { service } = await world.alive();
  const taskId = await world.submit("sleeper");
  await world.quiet();
  const streams = await Promise.all(Array.from({ length: 2000 }, () => service.follow(SCOPE, taskId)));
  reads.most = 0;
  const pages = await Promise.all(streams.map((log) => log.read()));
  expect(new Set(pages.map((page) => page?.length))).toEqual(new Set([(await world.types(taskId)).length]));
  expect(reads.most).toBe(8);
  let [folding, most] = [0, 0];
  const fold = async () => {
    most = Math.max(most, ++folding);
    // Another's view goes on beside all of them.
    if (folding === 8) expect(await service.view(SCOPE, taskId)).toMatchObject({ id: taskId });
    else await new Promise((resolve) => setImmediate(resolve));
    folding -= 1;
  };
  await Promise.all(streams.map((log) => log.inTurn(fold)));
  expect(most).toBe(8);
  for (const log of streams) log.close();
});

test("one that was closed while it waited for its turn reads nothing", async () => {
  const { world, reads } = createWatched([define("sleeper", (_, ctx) => ctx.sleep(60_000))]);
  const { service } = await world.alive();
  const taskId = await world.submit("sleeper");
  await world.quiet();
  const streams = await Promise.all(Array.from({ length: 20 }, () => service.follow(SCOPE, taskId)));
  reads.all = 0;
  const pages = Promise.all(streams.map((log) => log.read()));
  for (const log of streams) log.close();
  expect(await pages).toEqual(streams.map(() => null));
  expect(reads.all).toBe(8);
});

test("a message that a task took in is known for a repeat without its log being read", async () => {
  const read: number[] = [];
  const world = new EngineWorld(
    [define("asker", (_, ctx) => ctx.waitForInput("?").then(() => ctx.waitForInput("!")))],
    {
      wrap: (store) =>
        wrapStore(store, {
          readLog: async (next, key, page) => {
            const events = await next(key, page);
            read.push(events.length);
            return events;
          },
        }),
    },
  );
  const taskId = await world.submit("asker");
  const message = { messageId: "m1", role: "ROLE_USER" as const, parts: [{ text: "x" }] };
  const send = async () => (await world.alive()).service.send(SCOPE, taskId, message);
  expect(await send()).toBe("accepted");
  await world.quiet();
  read.length = 0;
  expect(await send()).toBe("repeated");
  expect(read).toEqual([]);
  await world.say(taskId, "y", "m2");
  expect(await world.state(taskId)).toBe("completed");
  expect(await send()).toBe("repeated");
});

test("the message that a task began with is known for a repeat, and answers nothing", async () => {
  const world = new EngineWorld([define("asker", (_, ctx) => ctx.waitForInput("?"))]);
  const message = { messageId: "m1", role: "ROLE_USER" as const, parts: [{ text: "x" }] };
  const { service } = await world.alive();
  const { taskId } = await service.submit(SCOPE, { target: { agent: "asker" }, message });
  await world.quiet();
  expect(await service.send(SCOPE, taskId, message)).toBe("repeated");
  await world.quiet();
  expect(await world.state(taskId)).toBe("input-required");
});

test("a view does not read what it shows nothing of", async () => {
  const types: string[] = [];
  const world = new EngineWorld([define("a", (_, ctx) => ctx.sleep(60_000))], {
    wrap: (store) =>
      wrapStore(store, {
        readLog: async (next, key, page) => {
          const events = await next(key, page);
          types.push(...events.map(({ type }) => type));
          return events;
        },
      }),
  });
  const taskId = await world.submit("a");
  await world.say(taskId, "x");
  const shown = async (options: { historyLength?: number }) => {
    types.length = 0;
    await (await world.alive()).service.view(SCOPE, taskId, options);
    return types.filter((type) => type === "message.added" || type.startsWith("step."));
  };
  expect(await world.types(taskId)).toEqual(expect.arrayContaining(["message.added", "step.started"]));
  expect(await shown({})).toEqual(["message.added"]);
  expect(await shown({ historyLength: 0 })).toEqual([]);
});

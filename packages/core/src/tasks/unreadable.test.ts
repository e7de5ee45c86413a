/** What cannot be read, for want of a key or a blob: parked and seen, never lost, never spun on, in nobody else's way (I10). */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { MailboxItem, TaskStore } from "../ports/index.ts";

const error = new PlatformError("PAYLOAD_UNREADABLE", 'sealed with the key "k1"');

/** A node that lacks a key, until `found`: mail of these kinds, and logs of these tasks, do not open. */
const withoutKey = () => {
  const lost = { mail: new Set<MailboxItem["kind"]>(), logs: new Set<string>(), outbox: new Set<string>() };
  const reads = { logs: 0, mail: 0 };
  const hide = (items: readonly MailboxItem[]): readonly MailboxItem[] =>
    items.map((item) => (lost.mail.has(item.kind) ? { ...item, payload: undefined, unreadable: error } : item));
  const wrap = (store: TaskStore): TaskStore =>
    wrapStore(store, {
      mailbox: async (ask, key) => {
        reads.mail += 1;
        const { items, more } = await ask(key);
        return { items: hide(items), more };
      },
      claim: async (ask, request) =>
        (await ask(request)).map(({ head, mailbox }) => ({ head, mailbox: hide(mailbox) })),
      readLog: async (ask, key, options) => {
        reads.logs += 1;
        if (lost.logs.has(key.taskId)) throw error;
        return ask(key, options);
      },
      takeOutbox: async (ask, limit) => {
        const { rows, more } = await ask(limit);
        return { rows: rows.map((row) => (lost.outbox.has(row.id) ? { ...row, unreadable: error } : row)), more };
      },
    });
  return { lost, reads, wrap };
};

const asker = define("asker", async (_, ctx) => `heard ${await ctx.waitForInput<string>("?")}`);

for (const asleep of [false, true])
  test(`a message that cannot be read parks its task${asleep ? " that was evicted" : ""}, is not lost, and is taken in after a retry`, async () => {
    const { lost, reads, wrap } = withoutKey();
    const world = new EngineWorld([asker], { wrap });
    const taskId = await world.submit("asker");
    if (asleep) {
      world.crash();
      await world.quiet();
    }
    lost.mail.add("message");
    await world.say(taskId, "you");
    await world.advance(2000);
    expect([await world.state(taskId), codeOf(await world.last(taskId))]).toEqual(["parked", "PAYLOAD_UNREADABLE"]);
    const before = { ...reads };
    await world.advance(60_000);
    expect(reads).toEqual(before);
    lost.mail.clear();
    await world.retry(taskId);
    expect(outputOf(await world.last(taskId))).toBe("heard you");
  });

test("a task that has not begun is parked for its mail before its code runs", async () => {
  const { lost, wrap } = withoutKey();
  let runs = 0;
  const world = new EngineWorld([define("starter", () => void runs++)], { wrap });
  world.capacities.set("acme/starter", 0);
  const taskId = await world.submit("starter");
  lost.mail.add("message");
  await world.say(taskId, "early");
  world.capacities.set("acme/starter", 1);
  await world.advance(2000);
  expect([await world.state(taskId), runs]).toEqual(["parked", 0]);
  lost.mail.clear();
  await world.retry(taskId);
  expect([await world.state(taskId), runs]).toEqual(["completed", 1]);
});

test("a message that cannot be read, and comes while the task ends, parks it before it ends (I5)", async () => {
  const { lost, reads, wrap } = withoutKey();
  const world: EngineWorld = new EngineWorld(
    [
      define("busy", async (_, ctx) => {
        await ctx.step("long", () => new Promise((resolve) => world.clock.after(1000, () => resolve(1))));
        return ctx.messages.length;
      }),
    ],
    { wrap },
  );
  const taskId = await world.submit("busy");
  lost.mail.add("message");
  // Put there by another node, of which nobody here hears before the end is refused for it.
  await world.store.commit([
    {
      tenantId: "acme",
      mail: [
        {
          ...{ taskId, key: "m", kind: "message", ifTerminal: "refuse" },
          payload: { messageId: "m", role: "ROLE_USER", parts: [{ text: "late" }] },
        },
      ],
    },
  ]);
  await world.advance(1500);
  expect([await world.state(taskId), codeOf(await world.last(taskId))]).toEqual(["parked", "PAYLOAD_UNREADABLE"]);
  expect(reads.mail).toBeLessThan(10);
  lost.mail.clear();
  await world.retry(taskId);
  expect((await world.types(taskId)).slice(-2)).toEqual(["message.added", "task.completed"]);
});

test("a cancel that cannot be read cancels all the same", async () => {
  const { lost, wrap } = withoutKey();
  const world = new EngineWorld([asker], { wrap });
  const taskId = await world.submit("asker");
  lost.mail.add("cancel");
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
  const requested = (await world.log(taskId)).find(({ type }) => type === "task.cancelRequested");
  expect(requested?.data).toMatchObject({ by: "unknown" });
});

test("a log that cannot be read parks its task; a cancel ends it, and its children, without reading it", async () => {
  const { lost, reads, wrap } = withoutKey();
  const world = new EngineWorld([asker, define("parent", (_, ctx) => ctx.command({ agent: "asker" }, 1))], { wrap });
  const taskId = await world.submit("parent");
  world.crash();
  lost.logs.add(taskId);
  await world.advance(2000);
  const [child = ""] = await world.children(taskId);
  // Its child waits for a person, so nothing wakes it but the cancel.
  await world.cancel(taskId);
  await world.advance(2000);
  expect([await world.state(taskId), await world.state(child)]).toEqual(["canceled", "canceled"]);
  expect(codeOf((await world.log(taskId)).find(({ type }) => type === "task.parked"))).toBe("PAYLOAD_UNREADABLE");
  const before = reads.logs;
  await world.advance(60_000);
  expect(reads.logs - before).toBe(0);
});

test("an event that cannot be read holds up no event behind it, and is delivered when it can be", async () => {
  const { lost, wrap } = withoutKey();
  const heard: unknown[] = [];
  const world = new EngineWorld(
    [
      define("teller", async (task, ctx) => {
        await ctx.emit("news", task.input, { durable: true });
      }),
      define("listener", (task) => void heard.push((task.input as { payload: unknown }).payload), {
        subscribes: ["news"],
      }),
    ],
    { wrap },
  );
  const ids = new Set<string>();
  const watch = world.store;
  await world.quiet();
  const take = watch.takeOutbox.bind(watch);
  watch.takeOutbox = async (limit) => {
    const taken = await take(limit);
    const first = taken.rows[0];
    if (ids.size === 0 && first !== undefined) {
      ids.add(first.id);
      lost.outbox.add(first.id);
    }
    return taken;
  };
  await world.submit("teller", "first");
  await world.submit("teller", "second");
  await world.advance(1000);
  expect(heard).toEqual(["second"]);
  expect(world.logger.records.filter(({ message }) => message.includes("not delivered"))).toHaveLength(1);
  lost.outbox.clear();
  await world.advance(61_000);
  expect(heard).toEqual(["second", "first"]);
});

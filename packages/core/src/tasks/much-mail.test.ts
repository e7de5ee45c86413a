/** More mail than one reading brings (8 MiB): all of it is taken in, in order, and an end waits for it (I2, I5). */
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { MailboxInsert, TaskStore } from "../ports/index.ts";
import { cancelMail } from "./family-mail.ts";

const COUNT = 20;
const MIB = 1024 * 1024;
const NAMES = Array.from({ length: COUNT }, (_, index) => `m${String(index).padStart(2, "0")}`);

const message = (taskId: string, name: string): MailboxInsert => ({
  ...{ taskId, key: `message:${name}`, kind: "message", ifTerminal: "refuse" },
  payload: { messageId: name, role: "ROLE_USER", parts: [{ text: "x".repeat(MIB) }] },
});
const namesOf = (messages: readonly { readonly messageId: string }[]) => messages.map(({ messageId }) => messageId);

/** Counts what the readings of mailboxes bring at most. */
const worldOf = (run: NonNullable<AgentDefinition["run"]>) => {
  let most = 0;
  const measure = (items: readonly unknown[]) => (most = Math.max(most, JSON.stringify(items).length));
  const world = new EngineWorld([define("worker", run)], {
    wrap: (store: TaskStore) =>
      wrapStore(store, {
        mailbox: async (ask, key) => {
          const reading = await ask(key);
          measure(reading.items);
          return reading;
        },
        claim: async (ask, request) => {
          const claimed = await ask(request);
          measure(claimed.map(({ mailbox }) => mailbox));
          return claimed;
        },
      }),
  });
  const fill = (taskId: string, ...last: MailboxInsert[]) =>
    world.store.commit([{ tenantId: SCOPE.tenantId, mail: [...NAMES.map((name) => message(taskId, name)), ...last] }]);
  const added = async (taskId: string) =>
    (await world.log(taskId)).flatMap((event) =>
      event.type === "message.added" ? [event.data.message.messageId] : [],
    );
  return { world, fill, added, most: () => most };
};

test("a task in memory takes in all of it, however it is cut", async () => {
  const end = gate();
  const { world, fill, added, most } = worldOf(async (_, ctx) => {
    await ctx.step("long", () => end.opened);
    return namesOf(ctx.messages);
  });
  const taskId = await world.submit("worker");
  await fill(taskId);
  await world.say(taskId, "last", "z");
  expect(await added(taskId)).toEqual([...NAMES, "z"]);
  end.open();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toEqual([...NAMES, "z"]);
  expect(most()).toBeLessThan(9 * MIB);
});

test("code that returns at the first of it ends when all of it was taken in, and as before", async () => {
  const { world, fill, added } = worldOf((_, ctx) => ctx.waitForInput("?").then(() => "returned"));
  const taskId = await world.submit("worker");
  await fill(taskId);
  await world.say(taskId, "last", "z");
  expect(outputOf(await world.last(taskId))).toBe("returned");
  expect(await added(taskId)).toEqual([...NAMES, "z"]);
  expect((await world.types(taskId)).filter((type) => type === "task.completed")).toHaveLength(1);
});

test("a cancel behind all of it wins, and no message is passed over", async () => {
  const { world, fill, added } = worldOf((_, ctx) => ctx.sleep(1_000).then(() => "slept"));
  const taskId = await world.submit("worker");
  await fill(taskId, cancelMail(taskId, "somebody"));
  await world.advance(2_000);
  expect(await world.state(taskId)).toBe("canceled");
  expect(await added(taskId)).toEqual(NAMES);
});

test("a task that has not begun is canceled, or fails at its deadline, whatever waits for it", async () => {
  const { world, fill, most } = worldOf(() => "ran");
  world.capacities.set("acme/worker", 0);
  const canceled = await world.submit("worker");
  await fill(canceled, cancelMail(canceled, "somebody"));
  const atOnce = await world.submit("worker");
  const huge = { ...(message(atOnce, "huge").payload as object), parts: [{ text: "x".repeat(9 * MIB) }] };
  await world.store.commit([
    { tenantId: SCOPE.tenantId, mail: [cancelMail(atOnce, "somebody"), { ...message(atOnce, "huge"), payload: huge }] },
  ]);
  const late = await world.submit("worker", undefined, { deadline: world.clock.now() + 1_000 });
  await fill(late);
  await world.advance(5_000);
  expect([await world.state(canceled), await world.state(atOnce)]).toEqual(["canceled", "canceled"]);
  expect(codeOf(await world.last(late))).toBe("DEADLINE_EXCEEDED");
  expect(most()).toBeLessThan(10 * MIB);
});

test("a parked task goes on with a retry that lies behind all of it", async () => {
  let isBroken = true;
  const { world, fill, added } = worldOf(async (_, ctx) => {
    if (isBroken) await new Promise(() => {});
    await ctx.waitForInput("?");
    return "done";
  });
  const taskId = await world.submit("worker");
  await world.advance(5_000);
  expect(await world.state(taskId)).toBe("parked");
  await fill(taskId);
  isBroken = false;
  await world.retry(taskId);
  await world.advance(1_000);
  expect(await added(taskId)).toEqual(NAMES);
});

test("a process that dies while much of it is on its way takes in the rest, each once", async () => {
  // The first two are the submission, and the message that its sender is told of.
  for (let commit = 3; commit < 8; commit++) {
    const { world, fill, added } = crashing(commit);
    const taskId = await world.submit("worker");
    await fill(taskId);
    await world.say(taskId, "last", "z");
    await world.advance(2_000);
    expect(outputOf(await world.last(taskId))).toBe("returned");
    expect(await added(taskId)).toEqual([...NAMES, "z"]);
  }
});

const crashing = (commit: number) => {
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.waitForInput("?").then(() => "returned"))], {
    crashes: [{ commit, when: commit % 2 === 0 ? "before" : "after" }],
  });
  const fill = (taskId: string) =>
    world.store.commit([{ tenantId: SCOPE.tenantId, mail: NAMES.map((name) => message(taskId, name)) }]);
  const added = async (taskId: string) =>
    (await world.log(taskId)).flatMap((event) =>
      event.type === "message.added" ? [event.data.message.messageId] : [],
    );
  return { world, fill, added };
};

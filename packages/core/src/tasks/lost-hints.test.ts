/** Mail that another process wrote, of which no hint came: it is found by looking (I5). */
import { expect, test } from "vitest";
import { define, EngineWorld, gate, outputOf, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { MailboxInsert, StoreHint } from "../ports/index.ts";
import { cancelMail } from "./family-mail.ts";

const LEASE_MS = 10_000;
// A renewal, with which it looks, is due that often.
const LOOK_MS = 1_500;

/** A store that others share; what they write comes without a hint, but for those that the test gives. */
const sharedWorld = (run: Parameters<typeof define>[1]) => {
  let hear: (hint: StoreHint) => void = () => {};
  let looks = 0;
  const world = new EngineWorld([define("worker", run)], {
    wrap: (store) =>
      wrapStore(store, {
        renew: async () => ({ validForMs: LEASE_MS, isNew: false }),
        leasedWithMail: (next) => {
          looks += 1;
          return next();
        },
        listen: (_, listener) => {
          hear = listener;
          return () => {};
        },
      }),
  });
  const mailElsewhere = (mail: MailboxInsert) => world.store.commit([{ tenantId: SCOPE.tenantId, mail: [mail] }]);
  return { world, mailElsewhere, hear: (hint: StoreHint) => hear(hint), looks: () => looks };
};

const longStep = define("worker", (_, ctx) =>
  ctx.step(
    "long",
    ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  ),
).run as Parameters<typeof define>[1];

test("a cancel that another process accepted reaches a long step with the next renewal", async () => {
  const { world, mailElsewhere } = sharedWorld(longStep);
  const taskId = await world.submit("worker");
  await mailElsewhere(cancelMail(taskId, "somebody"));
  await world.quiet();
  expect(await world.state(taskId)).toBe("working");
  await world.advance(LOOK_MS);
  expect(await world.state(taskId)).toBe("canceled");
});

test("a message that another process accepted is taken in with the next renewal, once", async () => {
  const end = gate();
  const { world, mailElsewhere } = sharedWorld(async (_, ctx) => {
    await ctx.step("long", () => end.opened);
    return ctx.messages.length;
  });
  const taskId = await world.submit("worker");
  const payload = { messageId: "m", role: "ROLE_USER", parts: [{ text: "hello" }] };
  await mailElsewhere({ taskId, key: "message:m", kind: "message", payload, ifTerminal: "refuse" });
  await world.advance(2 * LOOK_MS);
  expect(await world.types(taskId)).toContain("message.added");
  end.open();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toBe(1);
});

test("when it can hear again it looks at once, in one question whatever runs here", async () => {
  const { world, mailElsewhere, hear, looks } = sharedWorld(longStep);
  const tasks = [await world.submit("worker"), await world.submit("worker"), await world.submit("worker")];
  for (const taskId of tasks) await mailElsewhere(cancelMail(taskId, "somebody"));
  const before = looks();
  hear({ kind: "missed" });
  await world.quiet();
  expect(await Promise.all(tasks.map((taskId) => world.state(taskId)))).toEqual(tasks.map(() => "canceled"));
  expect(looks() - before).toBe(1);
});

test("where nobody else can write, nobody looks", async () => {
  let looks = 0;
  const world = new EngineWorld([define("worker", longStep)], {
    wrap: (store) => wrapStore(store, { leasedWithMail: (next) => (looks++, next()) }),
  });
  await world.submit("worker");
  await world.advance(60_000);
  expect(looks).toBe(0);
});

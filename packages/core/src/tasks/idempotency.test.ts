/** What a repeated request finds, and what one bad log may do to a list. */
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { SubmitRequest } from "./index.ts";

const skill = (id: string) => ({ skills: [{ id, name: id, description: id, tags: [] }] });

const submitTo = async (world: EngineWorld, request: SubmitRequest) => {
  const { service } = await world.alive();
  const submitted = service.submit(SCOPE, request);
  submitted.catch(() => undefined);
  await world.quiet();
  return submitted;
};

test("a request repeated with its key finds its task, also when another agent would be chosen now", async () => {
  const world = new EngineWorld([define("a", () => "a", skill("do"))]);
  const request = { target: { capability: "do" }, input: 1, idempotencyKey: "k" };
  const first = await submitTo(world, request);
  world.remove("a");
  world.change(define("b", () => "b", skill("do")));
  expect(await submitTo(world, request)).toEqual({ ...first, existing: true });
  expect((await world.store.list({ tenantId: SCOPE.tenantId, limit: 9 })).total).toBe(1);
});

test("two of the same that come together make one task", async () => {
  const world = new EngineWorld([define("a", () => "a")]);
  const request = { target: { agent: "a" }, input: 1, idempotencyKey: "k" };
  await world.quiet();
  const [one, two] = await Promise.all([submitTo(world, request), submitTo(world, request)]);
  expect(one.taskId).toBe(two.taskId);
  expect(Number(one.existing) + Number(two.existing)).toBe(1);
});

test("a key used for another request is refused, and nothing is made", async () => {
  const world = new EngineWorld([define("a", () => "a", skill("do")), define("b", () => "b")]);
  const idempotencyKey = "k";
  await submitTo(world, { target: { agent: "a" }, input: 1, idempotencyKey });
  for (const other of [
    { target: { agent: "a" }, input: 2, idempotencyKey },
    { target: { agent: "b" }, input: 1, idempotencyKey },
    { target: { capability: "do" }, input: 1, idempotencyKey },
    { target: { agent: "a" }, input: 1, priority: "high" as const, idempotencyKey },
  ])
    await expect(submitTo(world, other)).rejects.toMatchObject({ code: "CONFLICT" });
  const same = await submitTo(world, { target: { agent: "a" }, input: 1, priority: "normal", idempotencyKey });
  expect(same.existing).toBe(true);
  expect((await world.store.list({ tenantId: SCOPE.tenantId, limit: 9 })).total).toBe(1);
});

test("a message repeated in another context than its task's is refused, not answered with that task", async () => {
  const world = new EngineWorld([define("a", () => "a")]);
  const message = { messageId: "m", role: "ROLE_USER" as const, parts: [{ text: "hi" }] };
  const request = { target: { agent: "a" }, message, idempotencyKey: "a/m" };
  const first = await submitTo(world, { ...request, contextId: "c1" });
  // Who states none means the one that there is.
  for (const contextId of ["c1", undefined])
    expect(await submitTo(world, { ...request, contextId })).toEqual({ ...first, existing: true });
  await expect(submitTo(world, { ...request, contextId: "c2" })).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringContaining("c1"),
    details: { taskId: first.taskId, contextId: "c1" },
  });
  expect((await world.store.list({ tenantId: SCOPE.tenantId, limit: 9 })).total).toBe(1);
});

test("a message sent again after the task that took it in has ended is accepted; another one is not (I5)", async () => {
  const world = new EngineWorld([define("asker", (_, ctx) => ctx.waitForInput("?"))]);
  const taskId = await world.submit("asker");
  await world.say(taskId, "Ada", "m1");
  expect(await world.state(taskId)).toBe("completed");
  await world.say(taskId, "Ada", "m1");
  await expect(world.say(taskId, "Bob", "m2")).rejects.toMatchObject({ code: "TASK_TERMINAL" });
});

test("a task whose log cannot be read is listed with its state, and hides no other", async () => {
  const world = new EngineWorld([define("a", () => "a")], {
    wrap: (store) =>
      wrapStore(store, {
        readLog: async (next, key, options) => {
          if (key.taskId === "bad") throw new Error("not an event");
          return next(key, options);
        },
      }),
  });
  await submitTo(world, { target: { agent: "a" }, taskId: "good" } as SubmitRequest);
  await world.store.commit([
    {
      tenantId: SCOPE.tenantId,
      create: [
        {
          ...{ taskId: "bad", agent: "a", revision: "r1", contextId: "c", caller: SCOPE.caller, priority: "normal" },
          ...{
            deadline: null,
            parent: null,
            dueAt: 0,
            createdAt: 0,
            claimed: { state: "parked", release: { dueAt: null } },
          },
          events: [],
        },
      ],
    },
  ]);
  const { service } = await world.alive();
  const listing = await service.list(SCOPE, { views: {} });
  expect(listing.tasks.map(({ status }) => status.state).sort()).toEqual([
    "TASK_STATE_COMPLETED",
    "TASK_STATE_INPUT_REQUIRED",
  ]);
  expect((await service.list(SCOPE, {})).tasks).toEqual([]);
});

test("an artifact that the contract refuses is refused where it was made, and its log stays readable", async () => {
  const world = new EngineWorld([
    define("a", async (_, ctx) => ctx.artifact({ name: "x", parts: [{ wrong: true }] as never })),
  ]);
  const taskId = (await submitTo(world, { target: { agent: "a" } })).taskId;
  expect((await world.log(taskId)).at(-1)).toMatchObject({
    type: "task.failed",
    data: { error: { code: "INVALID_ARGUMENT", message: expect.stringContaining('artifact "x"') } },
  });
});

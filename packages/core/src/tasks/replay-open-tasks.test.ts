/** Before a revision is used: its code is run over the open tasks of the agent, and nothing happens to them. */
import { expect, test } from "vitest";
import { define, EngineWorld, type Run, SCOPE } from "../../test/engine-world.ts";
import type { LoadedAgent, ReplayOpenRequest } from "./index.ts";

const OPERATOR = { ...SCOPE, caller: "olga", operator: true };
const loadedOf = (run: Run): LoadedAgent => ({ definition: define("loan", run), env: {}, concurrency: 1 });

const worldOf = (run: Run) => {
  const world = new EngineWorld([define("loan", run), define("other", run)]);
  const replayOpen = async (request: ReplayOpenRequest) => {
    const { service } = await world.alive();
    const report = service.replayOpen(OPERATOR, "loan", request).catch((error: unknown) => ({ error }));
    await world.advance(0);
    const result = await report;
    if ("error" in result) throw result.error;
    return result;
  };
  return { world, replayOpen };
};

const loan: Run = async (task, ctx) => {
  await ctx.step("score", () => 1);
  if (task.input === "audit") await ctx.step("audit", () => 2);
  await ctx.waitForInput("sure?");
};

test("tells which open tasks go on under other code, and at which event the others part; nothing is stored", async () => {
  const { world, replayOpen } = worldOf(loan);
  const plain = await world.submit("loan", "plain");
  const audited = await world.submit("loan", "audit");
  await world.submit("other", "audit");
  const ended = await world.submit("loan", "audit");
  await world.cancel(ended);
  const before = JSON.stringify([await world.log(plain), await world.log(audited)]);
  const revision = {
    revision: "r2",
    agent: loadedOf(async (_, ctx) => {
      await ctx.step("score", () => 1);
      await ctx.waitForInput("sure?");
    }),
  };
  const report = await replayOpen({ revision });
  const passed = (await world.log(audited)).find(({ data }) => "path" in data && data.path === "step:audit");
  expect(report).toMatchObject({ agent: "loan", revision: "r2", alreadyThere: 0, nextPageToken: "" });
  expect(report.tasks.toSorted((a, b) => Number(a.survives) - Number(b.survives))).toMatchObject([
    { taskId: audited, survives: false, state: "input-required", revision: "r1", differs: { seq: passed?.seq } },
    { taskId: plain, survives: true, differs: null, error: null },
  ]);
  expect(JSON.stringify([await world.log(plain), await world.log(audited)])).toBe(before);
  expect(await replayOpen({ revision, from: "r0" })).toMatchObject({ tasks: [] });
  await world.say(audited, "yes");
  expect(await world.state(audited)).toBe("completed");
});

test("tasks that have the revision already are counted and not run, as with the code of now", async () => {
  const { world, replayOpen } = worldOf(loan);
  await world.submit("loan", "plain");
  expect(await replayOpen({})).toEqual({
    ...{ agent: "loan", revision: "r1", alreadyThere: 1, tasks: [], nextPageToken: "" },
  });
  expect((await replayOpen({ from: "r1" })).tasks).toMatchObject([{ survives: true }]);
});

test("code that fails where the log ends does not let its task survive", async () => {
  const { world, replayOpen } = worldOf(async (task, ctx) => {
    if (task.continuedFrom === undefined) return ctx.continueAs({ at: "score" });
    return ctx.step("score", () => new Promise<never>(() => {}));
  });
  const taskId = await world.submit("loan");
  const agent = loadedOf(() => Promise.reject(new Error("there is no node score")));
  const { tasks } = await replayOpen({ revision: { revision: "r2", agent } });
  expect(tasks).toMatchObject([
    { taskId, survives: false, differs: null, error: { message: expect.stringContaining("there is no node score") } },
  ]);
});

test("goes through any number of tasks a page at a time, each once", async () => {
  const { world, replayOpen } = worldOf(loan);
  const all: string[] = [];
  for (let count = 0; count < 7; count += 1) all.push(await world.submit("loan", "plain"));
  const revision = { revision: "r2", agent: loadedOf(loan) };
  const seen: string[] = [];
  let pages = 0;
  for (let pageToken: string | undefined; pageToken !== ""; pages += 1) {
    const page = await replayOpen({ revision, pageSize: 3, pageToken });
    expect(page.tasks.length).toBeLessThanOrEqual(3);
    seen.push(...page.tasks.map(({ taskId }) => taskId));
    pageToken = page.nextPageToken;
  }
  expect(seen.toSorted()).toEqual(all.toSorted());
  expect(pages).toBe(3);
});

test("is for operators, and leaves out what the caller's credential is not good for", async () => {
  const { world, replayOpen } = worldOf(loan);
  await world.submit("loan", "plain");
  const { service } = await world.alive();
  await expect(service.replayOpen(SCOPE, "loan")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(await replayOpen({ revision: "r2", sees: async () => false })).toMatchObject({ tasks: [], alreadyThere: 0 });
  world.remove("loan");
  await expect(replayOpen({ revision: "r2" })).rejects.toMatchObject({ code: "REVISION_UNAVAILABLE" });
});

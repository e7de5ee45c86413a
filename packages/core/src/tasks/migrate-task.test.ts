/** Runs that are moved to another revision while they are open. */
import type { MigrationRules, WorkflowGraph } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { define, EngineWorld, gate, outputOf, SCOPE, type WorldOptions } from "../../test/engine-world.ts";
import { runnable } from "../workflows/index.ts";

const OPERATOR = { ...SCOPE, caller: "olga", operator: true };

interface Step {
  readonly idempotencyKey: string;
}
type Functions = Readonly<Record<string, (input: never, step: never) => unknown>>;
const workflow = (
  graph: WorkflowGraph,
  {
    functions = {},
    migrate,
    checkpointAfter,
  }: { functions?: Functions; migrate?: MigrationRules; checkpointAfter?: number } = {},
): AgentDefinition => {
  const { run: _, ...agent } = define("flow", async () => null);
  const definition = { graph, functions, ...(migrate === undefined ? {} : { migrate }) };
  return runnable({ ...agent, workflow: definition }, { checkpointAfter });
};

const FUNCTIONS: Functions = { score: () => 7, pay: (input) => ({ paid: input }), book: () => "booked" };

/** score → sure (an approval) → pay; names as given. */
const loan = (
  names: { readonly score?: string; readonly sure?: string; readonly pay?: string } = {},
): WorkflowGraph => {
  const { score = "score", sure = "sure", pay = "pay" } = names;
  return {
    start: score,
    nodes: {
      [score]: { type: "custom", function: "score", next: sure },
      [sure]: { type: "approval", prompt: "Pay it?", show: `\${nodes["${score}"]}`, next: pay },
      [pay]: { type: "custom", function: "pay", input: `\${nodes["${score}"]}`, next: "end" },
      end: { type: "end" },
    },
  };
};

const worldOf = (
  before: WorkflowGraph,
  after: WorkflowGraph,
  options: WorldOptions & { migrate?: MigrationRules } = {},
) => {
  const { migrate, ...rest } = options;
  const world = new EngineWorld([workflow(before, { functions: FUNCTIONS })], rest);
  world.revisions.set("r2", workflow(after, { functions: FUNCTIONS, ...(migrate === undefined ? {} : { migrate }) }));
  return world;
};

const RENAMED = { rename: { score: "rate", sure: "approve" } };
const MOVE = { revision: "r2", rules: RENAMED };

test("a run that waits for an approval moves, and the token from before counts once, under the node's new name", async () => {
  const world = worldOf(loan(), loan({ score: "rate", sure: "approve" }));
  const taskId = await world.submit("flow");
  const token = await world.token(taskId);
  expect(await world.migrate(taskId, { revision: "r2" })).toMatchObject({ outcome: "refused", survives: false });
  expect(await world.migrate(taskId, MOVE)).toMatchObject({
    outcome: "migrated",
    to: "r2",
    revision: "r1",
    reason: null,
  });
  expect(await world.head(taskId)).toMatchObject({ revision: "r2", state: "input-required" });
  expect((await world.log(taskId)).find(({ type }) => type === "task.migrated")?.data).toEqual({
    ...{ from: "r1", to: "r2", by: "olga", rules: RENAMED },
  });
  expect(await world.token(taskId)).toBe(token);
  expect(await world.inbox()).toMatchObject([{ path: "approval:approval[approve]" }]);
  const decided = await world.decide(taskId, { token, choice: "approve" });
  expect(decided.decided).toBe(true);
  expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
  await expect(world.decide(taskId, { token, choice: "reject" })).rejects.toMatchObject({ code: "TASK_TERMINAL" });
  expect((await world.log(taskId)).filter(({ type }) => type === "approval.answered")).toHaveLength(1);
});

test("rules that the new revision declares are taken where none are given, as far as they say something of the run", async () => {
  const world = worldOf(loan(), loan({ score: "rate", sure: "approve" }), {
    migrate: { rename: { score: "rate", sure: "approve", gone: "pay" } },
  });
  const taskId = await world.submit("flow");
  expect(await world.migrate(taskId, { revision: "r2", dryRun: true })).toMatchObject({
    ...{ outcome: "possible", survives: true, rules: RENAMED },
  });
  expect((await world.head(taskId))?.revision).toBe("r1");
  expect(await world.migrate(taskId, { revision: "r2" })).toMatchObject({ outcome: "migrated", rules: RENAMED });
});

test("asked twice changes nothing", async () => {
  const world = worldOf(loan(), loan({ score: "rate", sure: "approve" }));
  const taskId = await world.submit("flow");
  await world.migrate(taskId, MOVE);
  const log = await world.log(taskId);
  expect(await world.migrate(taskId, MOVE)).toMatchObject({ outcome: "migrated" });
  expect(await world.log(taskId)).toEqual(log);
});

test("a refusal leaves the run as it is: it goes on with the revision that it has", async () => {
  const world = worldOf(loan(), loan({ score: "rate" }));
  const taskId = await world.submit("flow");
  const log = await world.log(taskId);
  expect(await world.migrate(taskId, { revision: "r2" })).toMatchObject({
    outcome: "refused",
    differs: { path: "step:score" },
  });
  expect(await world.log(taskId)).toEqual(log);
  // As one that was possible when it was asked for.
  const { engine } = await world.alive();
  const mail = { taskId, key: "m", kind: "migrate", ifTerminal: "refuse" } as const;
  await engine.mail.post(SCOPE.tenantId, { ...mail, payload: { to: "r2", by: "olga" } });
  await world.advance(0);
  expect((await world.last(taskId))?.type).toBe("task.assigned");
  expect((await world.log(taskId)).find(({ type }) => type === "task.migrationRefused")?.data).toMatchObject({
    ...{ from: "r1", to: "r2", by: "olga", reason: expect.stringContaining("step:score") },
  });
  expect((await world.head(taskId))?.revision).toBe("r1");
  await world.decide(taskId, { token: await world.token(taskId), choice: "approve" });
  expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
});

test("a run whose child is under way moves, and gets what the child comes to", async () => {
  const child = define("child", async (_, ctx) => {
    await ctx.waitForInput("go on?");
    return "from the child";
  });
  const graph = (name: string): WorkflowGraph => ({
    start: name,
    nodes: { [name]: { type: "task", target: { agent: "child" }, next: "end" }, end: { type: "end" } },
  });
  const world = new EngineWorld([workflow(graph("ask")), child]);
  world.revisions.set("r2", workflow(graph("delegate")));
  const taskId = await world.submit("flow");
  const [childTaskId = ""] = await world.children(taskId);
  expect(await world.migrate(taskId, { revision: "r2", rules: { rename: { ask: "delegate" } } })).toMatchObject({
    outcome: "migrated",
  });
  await world.say(childTaskId, "yes");
  expect(outputOf(await world.last(taskId))).toBe("from the child");
  expect(await world.children(taskId)).toEqual([childTaskId]);
});

test("a run that is parked moves and goes on; one that is refused stays parked", async () => {
  const world = worldOf(loan(), loan({ score: "rate", sure: "approve" }));
  const taskId = await world.submit("flow");
  world.crash();
  world.change(workflow(loan({ pay: "other", score: "changed" }), { functions: FUNCTIONS }));
  await world.decide(taskId, { token: await world.token(taskId), choice: "approve" }).catch(() => undefined);
  await world.advance(60_000);
  expect(await world.state(taskId)).toBe("parked");
  const { engine } = await world.alive();
  const mail = { taskId, key: "m", kind: "migrate", ifTerminal: "refuse" } as const;
  await engine.mail.post(SCOPE.tenantId, { ...mail, payload: { to: "r2", by: "olga" } });
  await world.advance(0);
  expect(await world.state(taskId)).toBe("parked");
  expect((await world.last(taskId))?.type).toBe("task.migrationRefused");
  world.change(workflow(loan(), { functions: FUNCTIONS }));
  expect(await world.migrate(taskId, MOVE)).toMatchObject({ outcome: "migrated" });
  await world.advance(0);
  expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
});

test("a run in memory moves when the step that it is about has ended, and nothing runs twice", async () => {
  const [paying, calls] = [gate(), [] as string[]];
  const functions: Functions = {
    ...FUNCTIONS,
    score: async (_: never, { idempotencyKey }: Step) => {
      calls.push(idempotencyKey);
      await paying.opened;
      return 7;
    },
  };
  const world = new EngineWorld([workflow(loan(), { functions })]);
  world.revisions.set("r2", workflow(loan({ sure: "approve" }), { functions }));
  const taskId = await world.submit("flow");
  const { service } = await world.alive();
  const asked = service.migrate(OPERATOR, taskId, { revision: "r2", rules: { rename: { sure: "approve" } } });
  await world.advance(0);
  expect((await world.head(taskId))?.revision).toBe("r1");
  paying.open();
  await world.advance(0);
  expect(await asked).toMatchObject({ outcome: "migrated" });
  expect(calls).toHaveLength(1);
  await world.decide(taskId, { token: await world.token(taskId), choice: "approve" });
  expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
});

test("a run that ends while it is asked to move ends, and its end is not held up", async () => {
  const paying = gate();
  const functions: Functions = { ...FUNCTIONS, pay: () => paying.opened.then(() => "paid") };
  const graph: WorkflowGraph = {
    start: "pay",
    nodes: { pay: { type: "custom", function: "pay", next: "end" }, end: { type: "end" } },
  };
  const world = new EngineWorld([workflow(graph, { functions })]);
  world.revisions.set("r2", workflow(graph, { functions }));
  const taskId = await world.submit("flow");
  // Nobody tells the holder of it: the store refuses the end for it.
  const mail = { taskId, key: "m", kind: "migrate", payload: { to: "r2", by: "olga" }, ifTerminal: "refuse" } as const;
  await world.store.commit([{ tenantId: SCOPE.tenantId, mail: [mail] }]);
  paying.open();
  await world.advance(0);
  expect(outputOf(await world.last(taskId))).toBe("paid");
  expect((await world.head(taskId))?.revision).toBe("r1");
});

test("a step that is to be tried again keeps its key under its node's new name", async () => {
  const keys: string[] = [];
  const functions: Functions = {
    pay: (_: never, step: { readonly idempotencyKey: string; readonly attempt: number }) => {
      keys.push(step.idempotencyKey);
      if (step.attempt === 1) throw new Error("later");
      return "paid";
    },
  };
  const graph = (name: string): WorkflowGraph => ({
    start: name,
    nodes: {
      [name]: { type: "custom", function: "pay", retry: { initialDelayMs: 60_000, maxDelayMs: 60_000 }, next: "end" },
      end: { type: "end" },
    },
  });
  const world = new EngineWorld([workflow(graph("pay"), { functions })]);
  world.revisions.set("r2", workflow(graph("charge"), { functions }));
  const taskId = await world.submit("flow");
  expect(await world.migrate(taskId, { revision: "r2", rules: { rename: { pay: "charge" } } })).toMatchObject({
    outcome: "migrated",
  });
  await world.advance(120_000);
  expect(outputOf(await world.last(taskId))).toBe("paid");
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
});

const crashPoints = Array.from({ length: 9 }, (_, index) => index + 1).flatMap((commit) =>
  (["before", "after"] as const).map((when) => ({ commit, when })),
);

test.each(crashPoints)(
  "a crash $when commit $commit leaves the run in one revision, and it ends as it would have",
  async (crash) => {
    const paid: string[] = [];
    const functions: Functions = {
      ...FUNCTIONS,
      pay: (input, { idempotencyKey }: Step) => (paid.push(idempotencyKey), { paid: input }),
    };
    const world = new EngineWorld([workflow(loan(), { functions })], { crashes: [crash] });
    world.revisions.set("r2", workflow(loan({ score: "rate", sure: "approve", pay: "charge" }), { functions }));
    const taskId = await world.submit("flow");
    await world.advance(0);
    const rules = { rename: { score: "rate", sure: "approve", pay: "charge" } };
    await world.migrate(taskId, { revision: "r2", rules });
    await world.advance(0);
    expect(await world.migrate(taskId, { revision: "r2", rules })).toMatchObject({ outcome: "migrated" });
    expect((await world.types(taskId)).filter((type) => type === "task.migrated")).toHaveLength(1);
    await world.decide(taskId, { token: await world.token(taskId), choice: "approve" });
    await world.advance(0);
    expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
    expect(new Set(paid).size).toBe(1);
  },
);

test.each(["cancel first", "migrate first"])(
  "a cancel at the same time cancels the run, whichever came first: %s",
  async (order) => {
    const canceled: string[] = [];
    const functions: Functions = { ...FUNCTIONS, unscore: (input) => void canceled.push(String(input)) };
    const graph = (names: Parameters<typeof loan>[0], score: string): WorkflowGraph => {
      const { start, nodes } = loan(names);
      const undo = { function: "unscore", input: `\${nodes["${score}"]}` };
      return { start, nodes: { ...nodes, [score]: { ...nodes[score], undo } } } as WorkflowGraph;
    };
    const world = new EngineWorld([workflow(graph({}, "score"), { functions })]);
    world.revisions.set("r2", workflow(graph({ score: "rate" }, "rate"), { functions }));
    const taskId = await world.submit("flow");
    const { service } = await world.alive();
    const acts = [
      () => service.cancel(SCOPE, taskId, "enough"),
      () => service.migrate(OPERATOR, taskId, { revision: "r2", rules: { rename: { score: "rate" } } }),
    ];
    const asked = (order === "cancel first" ? acts : acts.toReversed()).map((act) =>
      act().catch((error: unknown) => error),
    );
    await world.advance(1_000);
    await Promise.all(asked);
    expect(await world.state(taskId)).toBe("canceled");
    expect(canceled).toEqual(["7"]);
  },
);

test("what is not there, is of another agent, has ended, or is asked by others is refused, and nothing is mailed", async () => {
  const other = define("other", async () => null);
  const world = new EngineWorld([workflow(loan(), { functions: FUNCTIONS }), other], {
    wrapLoad: (load) => (agent) => (agent.revision === "r9" ? null : load(agent)),
  });
  world.revisions.set("o2", other);
  const taskId = await world.submit("flow");
  await expect(world.migrate(taskId, { revision: "r9" })).rejects.toMatchObject({
    code: "REVISION_UNAVAILABLE",
    message: expect.stringContaining("expected `current`, or one that was applied"),
  });
  await expect(world.migrate(taskId, { revision: "o2" })).rejects.toMatchObject({ code: "REVISION_UNAVAILABLE" });
  await expect(world.migrate("nobody")).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  const { service } = await world.alive();
  await expect(service.migrate(SCOPE, taskId, { revision: "r2" })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  await expect(service.migrateOpen(SCOPE, "flow")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(await world.store.waitingMail({ tenantId: SCOPE.tenantId, taskId })).toEqual({ count: 0, bytes: 0 });
  await world.cancel(taskId);
  await expect(world.migrate(taskId, { revision: "r2" })).rejects.toMatchObject({ code: "TASK_TERMINAL" });
});

test("all open tasks of an agent move a page at a time, but those that would not go on", async () => {
  const world = worldOf(loan(), loan({ sure: "approve" }));
  const ids = [await world.submit("flow"), await world.submit("flow"), await world.submit("flow")];
  const { service } = await world.alive();
  const rules = { rename: { sure: "approve" } };
  const dry = service.migrateOpen(OPERATOR, "flow", { revision: "r2", rules, dryRun: true });
  await world.advance(0);
  expect((await dry).tasks.map(({ outcome }) => outcome)).toEqual(["possible", "possible", "possible"]);
  const without = service.migrateOpen(OPERATOR, "flow", { revision: "r2" });
  await world.advance(0);
  expect((await without).tasks.map(({ outcome }) => outcome)).toEqual(["refused", "refused", "refused"]);
  const moved: string[] = [];
  for (let pageToken: string | undefined; pageToken !== ""; ) {
    const page = service.migrateOpen(OPERATOR, "flow", { revision: "r2", rules, pageSize: 2, pageToken });
    await world.advance(0);
    const { tasks, nextPageToken } = await page;
    moved.push(...tasks.filter(({ outcome }) => outcome === "migrated").map(({ taskId }) => taskId));
    pageToken = nextPageToken;
  }
  expect(moved.toSorted()).toEqual(ids.toSorted());
});

test("a task that has moved is replayed and forked as its revision has it, from before as well", async () => {
  const world = worldOf(loan(), loan({ score: "rate", sure: "approve" }));
  const taskId = await world.submit("flow");
  await world.migrate(taskId, MOVE);
  const { service } = await world.alive();
  const replay = service.replay(OPERATOR, taskId);
  await world.advance(0);
  expect(await replay).toMatchObject({ agrees: true, revision: "r2", next: ["approval:approval[approve]"] });
  const scored = (await world.log(taskId)).find(({ type }) => type === "step.completed")?.seq ?? 0;
  const forked = service.fork(OPERATOR, taskId, { at: scored, set: { "step:rate": 9 } });
  await world.advance(0);
  const { taskId: fork } = await forked;
  expect((await world.head(fork))?.revision).toBe("r2");
  await world.decide(fork, { token: await world.token(fork, OPERATOR), choice: "approve" }, OPERATOR);
  expect(outputOf(await world.last(fork))).toEqual({ paid: 9 });
});

test("a run moves at its checkpoint, there and back and again", async () => {
  const functions: Functions = { ...FUNCTIONS, more: () => "more" };
  const graph = (a: string, b: string): WorkflowGraph => ({
    start: a,
    nodes: {
      [a]: { type: "custom", function: "score", next: b },
      [b]: { type: "custom", function: "more", next: "sure" },
      sure: { type: "approval", prompt: "Pay it?", show: `\${nodes["${a}"]}`, next: "pay" },
      pay: { type: "custom", function: "pay", input: `\${nodes["${a}"]}`, next: "end" },
      end: { type: "end" },
    },
  });
  const world = new EngineWorld([workflow(graph("one", "two"), { functions, checkpointAfter: 1 })]);
  world.revisions.set("r2", workflow(graph("first", "second"), { functions, checkpointAfter: 1 }));
  const taskId = await world.submit("flow");
  expect((await world.head(taskId))?.checkpointSeq).toBeGreaterThan(0);
  const there = { revision: "r2", rules: { rename: { one: "first", two: "second" } } };
  const back = { revision: "r1", rules: { rename: { first: "one", second: "two" } } };
  for (const move of [there, back, there])
    expect(await world.migrate(taskId, move)).toMatchObject({ outcome: "migrated", to: move.revision });
  await world.decide(taskId, { token: await world.token(taskId), choice: "approve" });
  expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
});

test("a node that is dropped is passed over, unless it is under way or has something to take back", async () => {
  const graph = (...names: readonly string[]): WorkflowGraph => ({
    start: names[0] ?? "sure",
    nodes: {
      ...Object.fromEntries(
        names.map((name, index) => [
          name,
          {
            ...{ type: "custom", function: "score", next: names[index + 1] ?? "sure" },
            ...(name === "book" ? { undo: { function: "book" } } : {}),
          },
        ]),
      ),
      sure: { type: "approval", prompt: "Sure?", show: "it", next: "end" },
      end: { type: "end", output: "done" },
    } as WorkflowGraph["nodes"],
  });
  const world = worldOf(graph("score", "check", "book"), graph("score", "book"));
  world.revisions.set("r3", workflow(graph("score"), { functions: FUNCTIONS }));
  world.revisions.set(
    "r4",
    workflow(
      { start: "score", nodes: { score: { type: "custom", function: "score", next: "end" }, end: { type: "end" } } },
      { functions: FUNCTIONS },
    ),
  );
  const taskId = await world.submit("flow");
  expect(await world.migrate(taskId, { revision: "r2", rules: { drop: ["check"] } })).toMatchObject({
    outcome: "migrated",
  });
  await expect(world.migrate(taskId, { revision: "r3", rules: { drop: ["book"] } })).rejects.toThrow(
    /something to take back/,
  );
  await expect(world.migrate(taskId, { revision: "r4", rules: { drop: ["sure"] } })).rejects.toThrow(
    /sure is under way/,
  );
  await world.decide(taskId, { token: await world.token(taskId), choice: "approve" });
  expect(outputOf(await world.last(taskId))).toBe("done");
});

test("a wait for an event goes on under its node's new name, and hears the event once", async () => {
  const graph = (name: string): WorkflowGraph => ({
    start: name,
    nodes: { [name]: { type: "wait", event: { topic: "paid" }, next: "end" }, end: { type: "end" } },
  });
  const teller = define("teller", async (_, ctx) => ctx.emit("paid", { amount: 5 }, { durable: true }));
  const world = new EngineWorld([workflow(graph("payment")), teller]);
  world.revisions.set("r2", workflow(graph("money")));
  const taskId = await world.submit("flow");
  expect(await world.migrate(taskId, { revision: "r2", rules: { rename: { payment: "money" } } })).toMatchObject({
    outcome: "migrated",
  });
  await world.submit("teller");
  await world.advance(10_000);
  expect(outputOf(await world.last(taskId))).toEqual({ amount: 5 });
});

test("what a checkpoint carries goes on under new names: a question, a child, an event, before and after others", async () => {
  const turns = 6;
  const graph = (now: (name: string) => string, checkpointAfter = 1): AgentDefinition => {
    const call = (name: string, node: object): WorkflowGraph["nodes"] =>
      ({ [now(name)]: { ...node, next: now("met") } }) as WorkflowGraph["nodes"];
    return workflow(
      {
        start: now("all"),
        nodes: {
          [now("all")]: {
            type: "parallel",
            branches: { ask: now("sure"), child: now("work"), told: now("money"), busy: now("grow") },
            join: now("met"),
          },
          ...call("sure", { type: "approval", prompt: "Sure?", show: "it" }),
          ...call("work", { type: "task", target: { agent: "child" } }),
          ...call("money", { type: "wait", event: { topic: "paid" } }),
          [now("grow")]: {
            type: "loop",
            body: now("turn"),
            maxTurns: turns,
            until: "false",
            next: now("met"),
            otherwise: now("met"),
          },
          [now("turn")]: { type: "custom", function: "score", next: now("grow") },
          [now("met")]: { type: "join", next: "end" },
          end: { type: "end", output: "${previous.ask.choice + previous.child}" },
        },
      } as WorkflowGraph,
      { functions: FUNCTIONS, checkpointAfter },
    );
  };
  const child = define("child", async (_, ctx) => {
    await ctx.waitForInput("go on?");
    return "!";
  });
  const teller = define("teller", async (_, ctx) => ctx.emit("paid", 5, { durable: true }));
  const names = ["all", "sure", "work", "money", "grow", "turn", "met"];
  const renamed = (suffix: string, by: string) => ({
    rename: Object.fromEntries(names.map((name) => [name + suffix, name + by])),
  });
  const world = new EngineWorld([graph((name) => name), child, teller]);
  world.revisions.set(
    "r2",
    graph((name) => `${name}_2`),
  );
  world.revisions.set(
    "r3",
    graph((name) => `${name}_3`),
  );
  const taskId = await world.submit("flow");
  await world.advance(0);
  const token = await world.token(taskId);
  const [childTaskId = ""] = await world.children(taskId);
  const checkpoint = (await world.head(taskId))?.checkpointSeq ?? 0;
  const carried = (await world.log(taskId)).find(({ seq }) => seq === checkpoint);
  expect(carried?.type === "checkpoint.created" && carried.data.carried?.length).toBeGreaterThan(2);
  expect(await world.migrate(taskId, { revision: "r2", rules: renamed("", "_2") })).toMatchObject({
    outcome: "migrated",
  });
  expect(await world.token(taskId)).toBe(token);
  await world.submit("teller");
  await world.advance(10_000);
  expect(await world.migrate(taskId, { revision: "r3", rules: renamed("_2", "_3") })).toMatchObject({
    outcome: "migrated",
  });
  await world.say(childTaskId, "yes");
  expect(await world.inbox()).toMatchObject([{ path: "approval:approval[all_3.ask/sure_3]" }]);
  await world.decide(taskId, { token, choice: "approve" });
  await world.advance(0);
  expect(outputOf(await world.last(taskId))).toBe("approve!");
  expect(await world.children(taskId)).toEqual([childTaskId]);
  // A fresh history was begun between the moves: names of then are in it.
  const told = (await world.log(taskId)).flatMap((event) =>
    event.type === "checkpoint.created" ? [event.data.migrated?.length ?? 0] : [],
  );
  expect(told).toContain(1);
});

test("a run whose own revision is gone moves all the same, by rules for its names", async () => {
  let isGone = false;
  const after = workflow(loan({ score: "rate", sure: "approve" }), { functions: FUNCTIONS });
  const world = new EngineWorld([workflow(loan(), { functions: FUNCTIONS })], {
    wrapLoad: (load) => (agent) => (isGone && agent.revision === "r1" ? null : load(agent)),
  });
  world.revisions.set("r2", after);
  const taskId = await world.submit("flow");
  const token = await world.token(taskId);
  isGone = true;
  const { service } = await world.alive();
  const decided = service.decide(SCOPE, taskId, { token, choice: "approve" }).catch((error: unknown) => error);
  await world.advance(60_000);
  await decided;
  expect(await world.state(taskId)).toBe("parked");
  await expect(world.migrate(taskId, { revision: "r2", rules: { drop: ["score"] } })).rejects.toThrow(
    /cannot be loaded/,
  );
  expect(await world.migrate(taskId, MOVE)).toMatchObject({ outcome: "migrated" });
  await world.advance(0);
  expect(outputOf(await world.last(taskId))).toEqual({ paid: 7 });
});

test("what people answered under another name of the node counts when it has its first name again", async () => {
  const graph = (name: string): WorkflowGraph => ({
    start: name,
    nodes: {
      [name]: { type: "approval", prompt: "Pay it?", approvers: ["bob", "eve"], fourEyes: 2, next: "end" },
      end: { type: "end" },
    },
  });
  const world = worldOf(graph("sure"), graph("approve"));
  world.revisions.set("r3", workflow(graph("sure")));
  const [bob, eve] = ["bob", "eve"].map((caller) => ({ ...SCOPE, caller }));
  const taskId = await world.submit("flow");
  await world.migrate(taskId, { revision: "r2", rules: { rename: { sure: "approve" } } });
  await world.decide(taskId, { token: await world.token(taskId, bob), choice: "approve" }, bob);
  expect(await world.migrate(taskId, { revision: "r3", rules: { rename: { approve: "sure" } } })).toMatchObject({
    outcome: "migrated",
  });
  await world.decide(taskId, { token: await world.token(taskId, eve), choice: "approve" }, eve);
  expect((await world.last(taskId))?.type).toBe("task.completed");
});

test("a move that is asked for while a checkpoint is written is made after it", async () => {
  let onCheckpoint = (): void => {};
  const agent = define("agent", async ({ continuedFrom }, ctx) => {
    await ctx.sleep(1_000);
    if (continuedFrom !== undefined) return "done";
    const never = ctx.continueAs(1);
    onCheckpoint();
    return never;
  });
  const world = new EngineWorld([agent]);
  world.revisions.set("r2", agent);
  const taskId = await world.submit("agent");
  const { tenantId } = SCOPE;
  const { engine } = await world.alive();
  const mail = { taskId, key: "m", kind: "migrate", payload: { to: "r2", by: "olga" }, ifTerminal: "refuse" } as const;
  onCheckpoint = () => {
    onCheckpoint = () => {};
    const execution = engine.residents.get({ tenantId, taskId });
    void world.store.commit([{ tenantId, mail: [mail] }]).then(() => execution?.intake.hint());
  };
  await world.advance(1_500);
  expect((await world.types(taskId)).filter((type) => /checkpoint|migrat/.test(type))).toEqual([
    ...["checkpoint.created", "task.migrated"],
  ]);
  await world.advance(1_000);
  expect(await world.head(taskId)).toMatchObject({ revision: "r2", state: "completed" });
});

test("a breakpoint goes on to hold its node under the new name", async () => {
  const graph = (name: string): WorkflowGraph => ({
    start: "go",
    nodes: {
      go: { type: "wait", signal: "go", next: name },
      [name]: { type: "custom", function: "pay", next: "end" },
      end: { type: "end" },
    },
  });
  for (const pattern of ["pay", "node:pay", "step:pay"]) {
    const world = worldOf(graph("pay"), graph("send"));
    const taskId = await world.submit("flow");
    const { service } = await world.alive();
    const changing = service.changeBreakpoints(SCOPE, taskId, { breakpoints: [pattern] });
    await world.quiet();
    await changing;
    await world.migrate(taskId, { revision: "r2", rules: { rename: { pay: "send" } } });
    await world.signal(taskId, "go");
    const { held, breakpoints } = await service.debugging(SCOPE, taskId);
    expect(held).toMatchObject([{ path: "step:send" }]);
    expect(breakpoints).toEqual([pattern.replace("pay", "send")]);
  }
});

test("a fork of a moved run knows nothing of names of before: another node that has one has keys of its own", async () => {
  const keys: string[] = [];
  const functions: Functions = { work: (_, { idempotencyKey }: Step) => keys.push(idempotencyKey) };
  const graph = (first: string, second?: string): WorkflowGraph => ({
    start: "each",
    nodes: {
      each: { type: "loop", maxTurns: 12, body: "rest", next: "end" },
      rest: { type: "wait", duration: 1000, next: first },
      [first]: { type: "custom", function: "work", next: second ?? "each" },
      ...(second === undefined ? {} : { [second]: { type: "custom", function: "work", next: "each" } }),
      end: { type: "end" },
    },
  });
  const world = new EngineWorld([workflow(graph("score"), { functions, checkpointAfter: 8 })]);
  world.revisions.set("r2", workflow(graph("rate"), { functions, checkpointAfter: 8 }));
  world.revisions.set("r3", workflow(graph("rate", "score"), { functions }));
  const taskId = await world.submit("flow");
  await world.advance(2_500);
  await world.migrate(taskId, { revision: "r2", rules: { rename: { score: "rate" } } });
  await world.advance(2_500);
  const checkpoint = (await world.log(taskId)).findLast(({ type }) => type === "checkpoint.created");
  expect(checkpoint?.data).toMatchObject({ migrated: [{ rename: { score: "rate" } }] });
  const { service } = await world.alive();
  const forking = service.fork(SCOPE, taskId, { revision: "r3", at: checkpoint?.seq });
  await world.cancel(taskId);
  const { taskId: forked } = await forking;
  keys.length = 0;
  await world.advance(20_000);
  expect((await world.last(forked))?.type).toBe("task.completed");
  expect(new Set(keys).size).toBe(keys.length);
});

test("what is let go while the run is about to move goes on under its new name", async () => {
  const { opened, open } = gate();
  const graph = (name: string): WorkflowGraph => ({
    start: "fan",
    nodes: {
      fan: { type: "parallel", branches: { slow: "slow", paid: name }, join: "both" },
      slow: { type: "custom", function: "slow", next: "both" },
      [name]: { type: "custom", function: "pay", next: "both" },
      both: { type: "join", next: "end" },
      end: { type: "end" },
    },
  });
  const functions: Functions = { ...FUNCTIONS, slow: () => opened };
  const world = new EngineWorld([workflow(graph("pay"), { functions })]);
  world.revisions.set("r2", workflow(graph("send"), { functions }));
  const { service } = await world.alive();
  const begun = service.submit(OPERATOR, { target: { agent: "flow" }, breakpoints: ["pay"] });
  await world.quiet();
  const { taskId } = await begun;
  const moving = service.migrate(OPERATOR, taskId, { revision: "r2", rules: { rename: { pay: "send" } } });
  await world.quiet();
  await service.release(OPERATOR, taskId, { action: "continue" });
  await world.quiet();
  open();
  await world.advance(0);
  expect((await moving).outcome).toBe("migrated");
  expect((await world.last(taskId))?.type).toBe("task.completed");
});

import {
  type AgentDefinition,
  agent,
  type Context,
  ERROR_TOPIC,
  LOG_TOPIC,
  MEASURE_TOPIC,
  PlatformError,
  type TaskInput,
} from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { errorKeeperAgent } from "../error-keeper/error-keeper.ts";
import { logKeeperAgent } from "../log-keeper/log-keeper.ts";
import { monitorAgent } from "../monitor/monitor.ts";
import { DENIAL_TOPIC, securityAgent } from "../security/security.ts";
import { type Collected, collect } from "./collect.ts";
import { EMPTY_RING } from "./ring.ts";
import { NO_TALLY, type Tally } from "./tally.ts";
import type { ToldEvent } from "./told-event.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A call of the memory that fails: before it has acted or after, with a code that may pass or one that will not. */
interface Fault {
  readonly isDone: boolean;
  readonly mayPass: boolean;
}

type Memory = Context["memory"];

/** `faultOf`: of the nth call of the memory. */
const withMemory = (
  ctx: Context,
  faultOf: (call: "get" | "set" | "delete", value?: unknown) => Fault | null,
): Context => {
  const failing =
    <Args extends unknown[], Result>(call: "get" | "set" | "delete", act: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const fault = faultOf(call, args[1]);
      const result = fault === null || fault.isDone ? await act(...args) : undefined;
      if (fault !== null) throw new PlatformError(fault.mayPass ? "STORE_UNAVAILABLE" : "TOO_LARGE", `no ${call}`);
      return result as Result;
    };
  const { memory } = ctx;
  const faulty: Memory = {
    ...memory,
    get: failing("get", memory.get),
    set: failing("set", memory.set),
    delete: failing("delete", memory.delete),
  };
  return Object.create(ctx, { memory: { value: faulty } }) as Context;
};

/** The keeper as it is, and what it is told comes by hand. */
const under = (
  keeper: AgentDefinition,
  faultsOf: (ctx: Context) => Parameters<typeof withMemory>[1],
): AgentDefinition => ({
  ...keeper,
  run: (task: TaskInput<unknown>, ctx) =>
    task.continuedFrom === undefined && typeof task.input === "string"
      ? ctx.query({ agent: keeper.name }, JSON.parse(task.input))
      : keeper.run?.({ ...task, caller: "event:test" }, withMemory(ctx, faultsOf(ctx))),
});

const told = (n: number): ToldEvent => ({
  id: `e${n}`,
  topic: LOG_TOPIC,
  source: "a",
  payload: { entries: [{ at: n, level: "info", message: `line ${n}` }] },
});

interface Answer {
  readonly written: number;
  readonly lost: number;
  readonly entries: readonly { readonly message: string }[];
}

const play = async (
  keeper: AgentDefinition,
  events: readonly unknown[],
  pauses: ReadonlySet<number> = new Set(),
  crashAt?: number,
) => {
  const world = await testAgent([keeper], crashAt === undefined ? {} : { crashAt });
  const [first, ...others] = events;
  const run = await world.run(first);
  for (const [index, event] of others.entries()) {
    await run.signal(LOG_TOPIC, event);
    if (pauses.has(index)) await world.advance(3_000);
  }
  for (let days = 0; days < 9 && run.state === "working"; days++) await world.advance(DAY_MS);
  const { commits } = world;
  const answer = (await world.run(JSON.stringify({ find: { limit: 500 } }))).output as Answer;
  await world.close();
  return { state: run.state, output: run.output as Collected, answer, commits };
};

test("however its memory fails, each event is kept once or said to be lost, and those of failures that pass are kept", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 3 }),
      fc.array(fc.option(fc.record({ isDone: fc.boolean(), mayPass: fc.boolean() }), { freq: 2 }), { maxLength: 60 }),
      async (count, pauses, faults) => {
        // By the log's own random numbers: a replay has the same.
        const faultsOf = (ctx: Context) => () => faults[Math.floor(ctx.random() * 60)] ?? null;
        const events = Array.from({ length: count }, (_, n) => told(n));
        const { state, output, answer } = await play(under(logKeeperAgent(), faultsOf), events, new Set(pauses));
        expect([state, output.events, output.refused]).toEqual(["completed", count, 0]);
        const messages = answer.entries.map(({ message }) => message);
        expect(new Set(messages).size).toBe(messages.length);
        expect(messages.toReversed()).toEqual(
          events.map((_, n) => `line ${n}`).filter((line) => messages.includes(line)),
        );
        expect(answer.written).toBe(messages.length);
        // The task may know of more: whose very count could not be kept.
        expect(messages.length + output.lost).toBe(count);
        expect(answer.lost).toBeLessThanOrEqual(output.lost);
        if (faults.every((fault) => fault?.mayPass !== false)) expect(messages).toHaveLength(count);
      },
    ),
    { numRuns: 60 },
  );
});

test("one event that cannot be kept takes no other with it, and is counted", async () => {
  const isBad = (value: unknown): boolean => JSON.stringify(value ?? null).includes('"line 137"');
  const faultsOf = () => (call: string, value?: unknown) =>
    call === "set" && isBad(value) ? { isDone: false, mayPass: false } : null;
  const { output, answer } = await play(
    under(logKeeperAgent(), faultsOf),
    Array.from({ length: 200 }, (_, n) => told(n)),
  );
  expect(output).toMatchObject({ events: 200, refused: 0, lost: 1 });
  expect(answer).toMatchObject({ written: 199, lost: 1 });
  expect(answer.entries.some(isBad)).toBe(false);
});

test("wherever its process dies while it finds what cannot be kept, each event is kept once or lost", async () => {
  const faultsOf = () => {
    let sets = 0;
    return (call: string, value?: unknown) => {
      if (call !== "set") return null;
      if (JSON.stringify(value).includes('"line 3"')) return { isDone: false, mayPass: false };
      return ++sets === 3 ? { isDone: true, mayPass: true } : null;
    };
  };
  const events = Array.from({ length: 6 }, (_, n) => told(n));
  const { output, answer, commits } = await play(under(logKeeperAgent(), faultsOf), events);
  expect(output).toMatchObject({ events: 6, lost: 1 });
  expect(answer).toMatchObject({ written: 5, lost: 1 });
  expect(commits).toBeGreaterThan(10);
  for (let at = 1; at <= commits; at++) {
    const crashed = await play(under(logKeeperAgent(), faultsOf), events, new Set(), at);
    expect([at, crashed.output, crashed.answer]).toEqual([at, output, answer]);
  }
});

test("what its code throws upon loses that event alone", async () => {
  interface State {
    readonly all: unknown[];
    tally: Tally;
  }
  const keeper = agent({
    name: "keeper",
    description: "Keeps, with a fault",
    answer: (_, ctx) => ctx.memory.get("all"),
    run: (task, ctx) =>
      typeof task.input === "string"
        ? ctx.query({ agent: "keeper" }, null)
        : collect<State>(task, ctx, {
            topic: LOG_TOPIC,
            load: async () => ((await ctx.memory.get("all")) ?? { all: [], tally: NO_TALLY }) as State,
            take({ all }, { payload }) {
              all.push(payload);
              if (payload === 3) throw new TypeError("three is no number");
              return true;
            },
            save: (_, state) => ctx.memory.set("all", state),
          }),
  });
  const world = await testAgent([keeper]);
  const event = (payload: number): ToldEvent => ({ id: `e${payload}`, topic: LOG_TOPIC, source: "a", payload });
  const run = await world.run(event(1));
  for (const n of [2, 3, 4, 5]) await run.signal(LOG_TOPIC, event(n));
  await world.advance(MINUTE_MS);
  expect(run.output).toMatchObject({ events: 5, lost: 1 });
  expect((await world.run("asked")).output).toMatchObject({ all: [1, 2, 4, 5], tally: { lost: 1 } });
  await world.close();
});

test("a memory that is away for an hour costs nothing but the time", async () => {
  const faultsOf = (ctx: Context) => {
    const begun = ctx.now();
    return () => (ctx.now() - begun < 60 * MINUTE_MS ? { isDone: false, mayPass: true } : null);
  };
  const { output, answer } = await play(
    under(logKeeperAgent(), faultsOf),
    Array.from({ length: 20 }, (_, n) => told(n)),
  );
  expect(output).toMatchObject({ events: 20, lost: 0 });
  expect(answer).toMatchObject({ written: 20, lost: 0 });
});

test("a memory that never comes back ends the task all the same, which says how many are lost", async () => {
  const world = await testAgent([under(logKeeperAgent(), () => () => ({ isDone: false, mayPass: true }))]);
  const run = await world.run(told(0));
  for (const n of [1, 2, 3]) await run.signal(LOG_TOPIC, told(n));
  await world.advance(DAY_MS);
  expect(run.state).toBe("completed");
  expect(run.output).toMatchObject({ events: 4, lost: 4 });
  await world.close();
});

test("what was lost while nothing could be kept is counted once something can", async () => {
  let isAway = true;
  const world = await testAgent([
    under(securityAgent(), () => () => (isAway ? { isDone: false, mayPass: false } : null)),
  ]);
  const denial = (n: number): ToldEvent => ({
    id: `e${n}`,
    topic: "security.denied",
    source: "a",
    payload: { denials: [{ at: n, action: "read", reason: "no" }] },
  });
  const run = await world.run(denial(0));
  await run.signal("security.denied", denial(1));
  await world.advance(3_000);
  isAway = false;
  await run.signal("security.denied", denial(2));
  await world.advance(MINUTE_MS);
  expect(run.output).toMatchObject({ events: 3, lost: 2 });
  expect((await world.run(JSON.stringify({ denials: {} }))).output).toMatchObject({ kept: 1, lost: 2 });
  await world.close();
});

test("what it tells of is told once, though the save that it stands in failed as it answered", async () => {
  const alerts: unknown[] = [];
  const listener = agent({
    name: "listener",
    description: "Hears alerts",
    subscribes: ["alert.raised"],
    run: (task) => void alerts.push(task.input),
  });
  const failed = new Set<string>();
  // The first write of the head is done and fails, each time that the code runs.
  const faultsOf = (ctx: Context) => {
    let sets = 0;
    return (call: string) => {
      if (call !== "set" || ++sets !== 2) return null;
      failed.add(String(ctx.now()));
      return { isDone: true, mayPass: true };
    };
  };
  const world = await testAgent([under(errorKeeperAgent(), faultsOf), listener]);
  const run = await world.run({
    id: "e1",
    topic: "error.raised",
    source: "a",
    payload: { errors: [{ at: 1, code: "INTERNAL", message: "broken", retryable: false }] },
  });
  await world.advance(MINUTE_MS);
  expect(failed.size).toBeGreaterThan(0);
  expect(run.output).toMatchObject({ events: 1, lost: 0 });
  expect(alerts).toHaveLength(1);
  const { output } = await world.run(JSON.stringify({ list: {} }));
  expect(output).toMatchObject({ kept: 1, lost: 0, groups: [{ count: 1 }] });
  await world.close();
});

test.each([
  {
    ...{ keeper: logKeeperAgent(), topic: LOG_TOPIC },
    ...{ head: "log", kept: { ring: EMPTY_RING, dropped: 2 }, asked: { find: {} } },
    ...{ told: { entries: [{ at: 1, level: "info", message: "line" }] }, answer: { written: 1, dropped: 2, lost: 0 } },
  },
  {
    ...{ keeper: errorKeeperAgent(), topic: ERROR_TOPIC },
    ...{ head: "errors", kept: { ring: EMPTY_RING, groups: [], dropped: 2 }, asked: { list: {} } },
    told: { errors: [{ at: 1, code: "INTERNAL", message: "broken", retryable: false }] },
    answer: { kept: 1, dropped: 2, lost: 0 },
  },
  {
    ...{ keeper: monitorAgent(), topic: MEASURE_TOPIC },
    ...{ head: "numbers", kept: { series: [], alerts: [], dropped: 2, at: 0 }, asked: { show: {} } },
    ...{ told: { measures: [{ at: 1, name: "m", value: 1 }] }, answer: { matching: 1, dropped: 2, lost: 0 } },
  },
  {
    ...{ keeper: securityAgent(), topic: DENIAL_TOPIC },
    ...{ head: "denials", kept: { ...EMPTY_RING, added: 7 }, asked: { denials: {} } },
    told: { denials: [{ at: 1, action: "read", reason: "no" }] },
    answer: { told: 8, lost: 0 },
  },
])("what a version kept that counted nothing that it lost is gone on with: $head", async (each) => {
  const { keeper, topic, head, kept, asked, told: payload, answer } = each;
  const followed: AgentDefinition = {
    ...keeper,
    async run(task: TaskInput<unknown>, ctx) {
      if (typeof task.input === "string") return ctx.query({ agent: keeper.name }, JSON.parse(task.input));
      if (task.continuedFrom !== undefined) return keeper.run?.({ ...task, caller: "event:test" }, ctx);
      await ctx.memory.set(head, kept);
      // As that version handed over to a fresh log.
      return ctx.continueAs({ events: 3, refused: 0, batches: 1 });
    },
  };
  const world = await testAgent([followed]);
  const run = await world.run({ topic });
  await run.signal(topic, { id: "e1", topic, source: "a", payload });
  await world.advance(MINUTE_MS);
  expect(run.output).toMatchObject({ refused: 0, lost: 0 });
  expect((await world.run(JSON.stringify(asked))).output).toMatchObject(answer);
  await world.close();
});

test("a task that a version before left in the middle of a batch, with what is kept looked at first, goes on", async () => {
  let isBefore = true;
  const keeper = logKeeperAgent();
  const upgraded: AgentDefinition = {
    ...keeper,
    async run(task: TaskInput<unknown>, ctx) {
      if (typeof task.input === "string") return ctx.query({ agent: keeper.name }, JSON.parse(task.input));
      if (!isBefore) return keeper.run?.({ ...task, caller: "event:test" }, ctx);
      await ctx.memory.get("log");
      return ctx.waitForSignal(LOG_TOPIC, { timeoutMs: MINUTE_MS });
    },
  };
  const world = await testAgent([upgraded]);
  const run = await world.run(told(0));
  isBefore = false;
  await run.signal(LOG_TOPIC, told(1));
  await world.advance(2 * MINUTE_MS);
  expect([run.state, run.output]).toMatchObject(["completed", { events: 2, lost: 0 }]);
  expect((await world.run(JSON.stringify({ find: {} }))).output).toMatchObject({ written: 2, lost: 0 });
  await world.close();
});

test("however much of a save is written before it fails, the log has room for it", async () => {
  const keeper = agent({
    name: "keeper",
    description: "Writes much, and fails",
    run: (task, ctx) =>
      collect<{ tally: Tally }>(task, ctx, {
        topic: LOG_TOPIC,
        load: async () => ({ tally: NO_TALLY }),
        take: () => true,
        async save(memory) {
          for (let piece = 0; piece < 600; piece++) await memory.set(`all/${piece}`, piece);
          throw new PlatformError("STORE_UNAVAILABLE", "away");
        },
      }),
  });
  const world = await testAgent([keeper]);
  const run = await world.run({ id: "e1", topic: LOG_TOPIC, source: "a", payload: 1 });
  await world.advance(DAY_MS);
  expect([run.state, run.output]).toEqual(["completed", { events: 1, refused: 0, lost: 1, batches: 1 }]);
  await world.close();
});

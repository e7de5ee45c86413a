import { type NeedTarget, PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import type { Discovery, Finding } from "../discovery/index.ts";
import { type AgentRecord, AgentRegistry, createReplica } from "../registry/index.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { createFnvDigest, createRecordingLogger, createSequentialIds } from "../testing/test-senses.ts";
import {
  type BusOptions,
  type Caller,
  type CallRecord,
  createBus,
  type MessageDraft,
  type QueryDelivery,
} from "./index.ts";

const record = (name: string, more: Partial<AgentRecord> = {}): AgentRecord => ({
  tenantId: "acme",
  name,
  revision: "1",
  description: "",
  skills: [{ id: "score", name: "Score", description: "", tags: [] }],
  labels: { team: "risk" },
  subscribes: [],
  idempotent: true,
  replicas: [createReplica(`${name}-1`, "node-1")],
  ...more,
});

type Handler = (...args: Parameters<QueryDelivery>) => unknown;

const setup = (
  handlers: Readonly<Record<string, Handler>>,
  options: Partial<BusOptions> = {},
  records?: readonly AgentRecord[],
) => {
  const clock = new ManualClock();
  const logger = createRecordingLogger();
  const registry = new AgentRegistry({ clock, heartbeatTimeoutMs: 1e9 });
  for (const one of records ?? Object.keys(handlers).map((name) => record(name))) registry.register(one);
  const calls: CallRecord[] = [];
  const served: string[] = [];
  const bus = createBus({
    registry,
    senses: { clock, logger, ids: createSequentialIds(), digest: createFnvDigest() },
    deliver: {
      query: async (...args) => {
        served.push(args[0].name);
        return handlers[args[0].name]?.(...args);
      },
    },
    onCall: (call) => calls.push(call),
    random: () => 0.5,
    ...options,
  });
  return { clock, registry, bus, calls, served, logger };
};

const caller: Caller = { caller: "agent:asker", tenantId: "acme" };
const to = (target: MessageDraft["target"], more: Partial<MessageDraft> = {}): MessageDraft => ({
  tenantId: "acme",
  source: "agent:asker",
  target,
  payload: { n: 1 },
  ...more,
});
const fails = (): never => {
  throw new PlatformError("UPSTREAM_FAILED", "bureau is down");
};
const never = (): Promise<never> => new Promise(() => undefined);
/** The outcome as data, with its rejection handled from the start. */
const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (PlatformError.is(error) ? error.code : error));

test("a query reaches its agent with a whole envelope, and its answer comes back", async () => {
  let seen: unknown;
  const { bus, calls } = setup({
    a: (_record, replica, message) => ((seen = { ...message, replica: replica.id }), { ok: true }),
  });
  expect(await bus.query(to({ agent: "a" }), { caller })).toEqual({ ok: true });
  expect(seen).toMatchObject({
    type: "query",
    target: "agent:a",
    tenantId: "acme",
    auth: { caller: "agent:asker" },
    priority: "normal",
    schemaVersion: "1.0",
    replica: "a-1",
  });
  expect(seen).toMatchObject({
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    deadline: 1_750_000_030_000,
  });
  expect(calls).toMatchObject([
    {
      tenantId: "acme",
      type: "query",
      agent: "a",
      outcome: "ok",
      attempts: 1,
      decision: { choice: { record: { name: "a" } } },
    },
  ]);
});

test("a valid traceparent is kept and an invalid one is replaced", async () => {
  const { bus, calls } = setup({ a: () => 1 });
  const kept = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await bus.query(to("agent:a", { traceparent: kept }), { caller });
  await bus.query(to("agent:a", { traceparent: "00-0-0-0" }), { caller });
  expect(calls[0]?.traceparent).toBe(kept);
  expect(calls[1]?.traceparent).toMatch(/^00-[0-9a-f]{32}-/);
});

test("A fails its first try and all retries after 100, 200 and 400 ms, then B answers", async () => {
  const { bus, clock, served, calls } = setup({ a: fails, b: () => "from b" });
  const answer = bus.query(to({ capability: "score" }), { caller });
  for (const [ms, tries] of [
    [99, 1],
    [1, 2],
    [199, 2],
    [1, 3],
    [399, 3],
  ] as const) {
    await clock.advance(ms);
    expect(served).toHaveLength(tries);
  }
  await clock.advance(1);
  expect(await answer).toBe("from b");
  expect(served).toEqual(["a", "a", "a", "a", "b"]);
  expect(calls).toMatchObject([{ agent: "b", outcome: "ok", attempts: 5, durationMs: 700 }]);
  expect(calls[0]?.decision?.reasons).toContain("a has failed this call already");
});

test("a final error is neither retried nor failed over, and says nothing about the agent's health when it is the caller's fault", async () => {
  const { bus, served, registry } = setup({
    a: () => Promise.reject(new PlatformError("INVALID_ARGUMENT", "n is too small")),
    b: () => 1,
  });
  for (let i = 0; i < 9; i++) expect(await outcome(bus.query(to("agent:a"), { caller }))).toBe("INVALID_ARGUMENT");
  expect(served).toHaveLength(9);
  expect(registry.byName("acme", "a")?.replicas[0]?.failures).toBe(0);
});

test("retryAfterMs is honoured above the documented wait", async () => {
  let tries = 0;
  const { bus, clock } = setup({
    a: () =>
      ++tries === 1 ? Promise.reject(new PlatformError("OVERLOADED", "wait", { retryAfterMs: 5_000 })) : "late",
  });
  const answer = bus.query(to("agent:a"), { caller });
  await clock.advance(4_999);
  expect(tries).toBe(1);
  await clock.advance(1);
  expect(await answer).toBe("late");
});

test("an open breaker is skipped with its reason, alone it answers CIRCUIT_OPEN, and half-open it lets one probe through", async () => {
  let well = false;
  let release: (value: unknown) => void = () => undefined;
  const { bus, clock, calls, served, registry } = setup({
    a: () => (well ? new Promise((resolve) => (release = resolve)) : Promise.reject(new Error("bug"))),
  });
  for (let i = 0; i < 5; i++) expect(await outcome(bus.query(to("agent:a"), { caller }))).toBe("AGENT_FAILED");
  await expect(bus.query(to("agent:a"), { caller })).rejects.toMatchObject({
    code: "CIRCUIT_OPEN",
    retryAfterMs: 60_000,
  });
  expect(served).toHaveLength(5);
  registry.register(record("b"));
  expect(await bus.query(to({ capability: "score" }), { caller })).toBeUndefined();
  expect(calls.at(-1)).toMatchObject({ agent: "b" });
  expect(calls.at(-1)?.decision?.reasons.join()).toMatch(/a its circuit breaker is open for another 60000 ms/);
  await clock.advance(60_000);
  well = true;
  const probe = bus.query(to("agent:a"), { caller });
  expect(await outcome(bus.query(to("agent:a"), { caller }))).toBe("CIRCUIT_OPEN");
  await clock.turn();
  release("well again");
  expect(await probe).toBe("well again");
  well = false;
  expect(await outcome(bus.query(to("agent:a"), { caller }))).toBe("AGENT_FAILED");
});

test("at the deadline the caller hears DEADLINE_EXCEEDED once, the handler's signal aborts, and the slot stays taken until it ends", async () => {
  let signal: AbortSignal | undefined;
  let end: (value: unknown) => void = () => undefined;
  const handlers = {
    a: (_r: unknown, _p: unknown, _m: unknown, given: AbortSignal) => (
      (signal = given), new Promise((resolve) => (end = resolve))
    ),
  };
  const { bus, clock, registry } = setup(handlers, {}, [record("a", { limits: { maxConcurrent: 1, maxQueued: 0 } })]);
  const answer = outcome(bus.query(to("agent:a"), { caller, timeoutMs: 50 }));
  await clock.advance(49);
  expect(signal?.aborted).toBe(false);
  await clock.advance(1);
  expect(await answer).toBe("DEADLINE_EXCEEDED");
  expect(signal?.aborted).toBe(true);
  expect(registry.byName("acme", "a")?.replicas[0]?.inflight).toBe(1);
  const second = outcome(bus.query(to("agent:a"), { caller, timeoutMs: 50 }));
  await clock.advance(50);
  expect(await second).toBe("BULKHEAD_FULL");
  end("too late");
  await clock.turn();
  expect(registry.byName("acme", "a")?.replicas[0]?.inflight).toBe(0);
});

test("deadlines of many calls fire each at its own time, whatever the order they were made in", async () => {
  const { bus, clock } = setup({ a: never });
  const ended: number[] = [];
  for (const ms of [300, 100, 200, 100])
    void outcome(bus.query(to("agent:a"), { caller, timeoutMs: ms })).then(() => ended.push(ms));
  await clock.advance(100);
  expect(ended).toEqual([100, 100]);
  await clock.advance(200);
  expect(ended).toEqual([100, 100, 200, 300]);
});

test("a deadline that has passed is answered without delivery", async () => {
  const { bus, clock, served } = setup({ a: () => 1 });
  expect(await outcome(bus.query(to("agent:a", { deadline: clock.now() - 1 }), { caller }))).toBe("DEADLINE_EXCEEDED");
  expect(served).toEqual([]);
});

test("a cancel reaches caller and handler, and gives up a place in the queue", async () => {
  const { bus, clock, served } = setup({ a: never }, {}, [record("a", { limits: { maxConcurrent: 1 } })]);
  const [first, second] = [new AbortController(), new AbortController()];
  const one = outcome(bus.query(to("agent:a"), { caller, signal: first.signal }));
  const two = outcome(bus.query(to("agent:a"), { caller, signal: second.signal }));
  await clock.turn();
  second.abort();
  first.abort();
  expect([await one, await two]).toEqual(["CANCELED", "CANCELED"]);
  expect(served).toEqual(["a"]);
});

test("G2, G3: who is canceled in the very turn its slot comes free neither runs nor keeps the slot", async () => {
  let end: (value: unknown) => void = () => undefined;
  const { bus, clock, registry, served } = setup({ a: () => new Promise((resolve) => (end = resolve)) }, {}, [
    record("a", { limits: { maxConcurrent: 1 } }),
  ]);
  const second = new AbortController();
  const settle = registry.settle.bind(registry);
  const first = bus.query(to("agent:a"), { caller });
  const two = outcome(bus.query(to("agent:a"), { caller, signal: second.signal }));
  await clock.turn();
  // The slot has been handed on, and whoever waited for it has not yet run.
  registry.settle = (...args) => (second.abort(), settle(...args));
  end("first");
  expect([await first, await two]).toEqual(["first", "CANCELED"]);
  const third = bus.query(to("agent:a"), { caller });
  await clock.turn();
  end("third");
  expect(await third).toBe("third");
  expect(served).toEqual(["a", "a"]);
});

test("queries over the limit wait in order and run when a slot is free", async () => {
  const ends: ((value: unknown) => void)[] = [];
  const { bus, clock, served } = setup({ a: () => new Promise((resolve) => ends.push(resolve)) }, {}, [
    record("a", { limits: { maxConcurrent: 1, maxQueued: 2 } }),
  ]);
  const answers = [1, 2, 3].map(() => bus.query(to("agent:a"), { caller }));
  for (let i = 0; i < 3; i++) {
    await clock.turn();
    expect(served).toHaveLength(i + 1);
    ends[i]?.(i);
  }
  expect(await Promise.all(answers)).toEqual([0, 1, 2]);
});

test("a caller above its rate is refused with the time to wait, and others are not", async () => {
  const { bus, clock } = setup({ a: () => 1 }, { limits: { ratePerSecond: 10, burst: 2 } });
  await bus.query(to("agent:a"), { caller });
  await bus.query(to("agent:a"), { caller });
  await expect(bus.query(to("agent:a"), { caller })).rejects.toMatchObject({ code: "OVERLOADED", retryAfterMs: 100 });
  expect(await bus.query(to("agent:a"), { caller: { ...caller, caller: "other" } })).toBe(1);
  await clock.advance(100);
  expect(await bus.query(to("agent:a"), { caller })).toBe(1);
});

test("labels reach every matching agent once, and one failure spoils no other answer", async () => {
  const { bus, calls } = setup({ a: () => 1, b: () => Promise.reject(new Error("bug")) });
  expect(await bus.query(to({ labels: { team: "risk" } }), { caller })).toMatchObject([
    { agent: "a", status: "fulfilled", value: 1 },
    { agent: "b", status: "rejected", error: { code: "AGENT_FAILED" } },
  ]);
  expect(calls.map(({ agent, outcome: result }) => [agent, result])).toEqual([
    ["a", "ok"],
    ["b", "AGENT_FAILED"],
    [undefined, "ok"],
  ]);
});

test("a command is routed and handed to the task engine, also while its agent is away", async () => {
  const accepted: string[] = [];
  const commands = {
    accept: async (message: { id: string }, choice: { record: AgentRecord }) => (
      accepted.push(`${message.id} ${choice.record.name}`), { taskId: `task-${choice.record.name}` }
    ),
  };
  const { bus, registry } = setup({}, { deliver: { query: never, commands } }, [record("a"), record("b")]);
  registry.heartbeat("acme", "a", "a-1", { healthy: false });
  expect(await bus.command(to("agent:a", { id: "m1" }), { caller })).toEqual({ taskId: "task-a" });
  expect(await bus.command(to("capability:score", { id: "m2" }), { caller })).toEqual({ taskId: "task-b" });
  expect(accepted).toEqual(["m1 a", "m2 b"]);
});

test("a command to labels, a meaning or a topic reaches nobody, and no refusal advises what another refuses", async () => {
  const accepted: string[] = [];
  const commands = { accept: async ({ id }: { id: string }) => (accepted.push(id), { taskId: id }) };
  const { bus } = setup({}, { deliver: { query: never, commands } }, [record("a"), record("b")]);
  for (const target of ["labels:team=risk", "need:score a loan", "topic:loan.decided"]) {
    const refusal: unknown = await bus.command(to(target), { caller }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "TARGET_UNSUPPORTED" });
    const { message } = refusal as PlatformError;
    expect(message).toContain(target);
    expect(message).toContain("agent:…");
    expect(message).toContain("capability:…");
    expect(message).not.toMatch(/labels:(…|k=v)|need:…/);
  }
  expect(accepted).toEqual([]);
});

test("events reach the subscribers of their topic, and one that fails harms nobody", async () => {
  const { bus, clock, logger } = setup({});
  const heard: string[] = [];
  bus.subscribe("acme", "loan.*", (event) => void heard.push(`all ${event.target}`));
  bus.subscribe("acme", "loan.decided", () => Promise.reject(new Error("bug")));
  const stop = bus.subscribe("acme", "*", () => {
    throw new Error("bug");
  });
  expect(await bus.emit(to({ topic: "loan.decided" }), { caller })).toBe(3);
  stop();
  expect(await bus.emit(to({ topic: "loan.opened" }), { caller })).toBe(1);
  await clock.turn();
  expect(heard).toEqual(["all topic:loan.decided", "all topic:loan.opened"]);
  expect(logger.records.map(({ message }) => message)).toEqual(["a subscriber failed", "a subscriber failed"]);
});

test("targets nobody can take are refused with what is there", async () => {
  const { bus, registry } = setup({ a: () => 1 });
  const error = (target: string) => bus.query(to(target), { caller }).catch((thrown: unknown) => String(thrown));
  expect(await error("agent:nobody")).toMatch(/no agent "nobody"; there are: a/);
  expect(await error("capability:dance")).toMatch(/no agent matches capability:dance; there are: score/);
  expect(await error("need:somebody who scores")).toMatch(/nobody here finds agents by what they can do/);
  expect(await error("topic:a.b")).toMatch(/no target of a query; name who answers, with agent:…/);
  expect(await error("nonsense")).toMatch(/target is not valid/);
  registry.heartbeat("acme", "a", "a-1", { healthy: false });
  expect(await outcome(bus.query(to("agent:a"), { caller }))).toBe("UNAVAILABLE");
});

test("a need goes to whoever can do it within its limits, never to who asks; nobody is NO_CANDIDATE with who comes nearest", async () => {
  const found = (...names: readonly string[]): Finding => ({
    candidates: names.map((name, index) => ({
      record: registry.byName("acme", name) as AgentRecord,
      similarity: 1 - index / 10,
      why: `says ${name}`,
    })),
    how: ["by words"],
    nearest: names.length > 0 ? [] : [{ agent: "b", why: "says loan" }],
    isPartial: false,
  });
  let finding = (): Finding => found("asker", "a", "b");
  const discovery: Discovery = { find: async () => finding() };
  const records = [record("asker"), record("a", { cost: 0.5, labels: { region: "eu" } }), record("b", { cost: 0.001 })];
  const { bus, registry, served } = setup({ a: () => "a", b: () => "b" }, { discovery }, records);
  const ask = (need: Partial<NeedTarget> = {}) => bus.query(to({ need: "score a loan", ...need }), { caller });
  expect(await ask()).toBe("b");
  expect(await ask({ maxCostUsd: 0.01 })).toBe("b");
  expect(await ask({ selector: { region: "eu" } })).toBe("a");
  expect(String(await ask({ maxCostUsd: 0.01, selector: { region: "eu" } }).catch((error: unknown) => error))).toMatch(
    /nobody matches need:"score a loan" .*asker is the one that asks; a costs \$0.5, above \$0.01; b lacks the label region=eu/,
  );
  const { decision, ranked } = await bus.find(to({ need: "score a loan" }), { caller });
  expect(ranked.map(({ agent }) => agent)).toEqual(["b", "a"]);
  expect(decision.reasons).toEqual([
    expect.stringMatching(/^b scores highest for need:score a loan/),
    "by words",
    "b: says b",
    expect.stringMatching(/^a scores lower: .*; says a$/),
    "asker is the one that asks",
  ]);
  expect(served).toEqual(["b", "b", "a"]);
  finding = () => found();
  await expect(ask()).rejects.toMatchObject({
    code: "NO_CANDIDATE",
    message: "no agent can do what need:score a loan asks for; nearest are b (says loan); searched by words",
    details: { nearest: [{ agent: "b", why: "says loan" }] },
  });
  finding = () => ({ ...found(), isPartial: true });
  expect(await outcome(ask())).toBe("UNAVAILABLE");
  expect(await bus.find(to({ need: "score a loan" }), { caller })).toMatchObject({
    ranked: [],
    nearest: [{ agent: "b" }],
  });
});

test("a model that decides is shown those alone that may have the work, well or ill, and told whose call it is", async () => {
  const admitted: string[][] = [];
  const askers: unknown[] = [];
  const discovery: Discovery = {
    async find(_tenantId, _target, options) {
      admitted.push(
        registry.list("acme").flatMap((one) => (options?.deciding?.admits(one) === true ? [one.name] : [])),
      );
      askers.push(options?.deciding?.asker);
      const chosen = registry.byName("acme", "ill") as AgentRecord;
      return { candidates: [{ record: chosen, similarity: 0.1 }], how: [], nearest: [], isPartial: false };
    },
  };
  const authoriser = {
    authorise: () => undefined,
    refuse: (_caller: unknown, { name }: AgentRecord) => (name === "secret" ? "asks for more" : undefined),
  };
  const records = ["asker", "secret", "tried", "ill", "well"].map((name) => record(name, { cost: 0.001 }));
  const { bus, registry } = setup({}, { discovery, authoriser }, [
    ...records,
    record("dear", { cost: 1 }),
    record("far", { cost: 0.001, labels: { region: "us" } }),
  ]);
  registry.heartbeat("acme", "ill", "ill-1", { healthy: false });
  const need = { need: "score a loan", maxCostUsd: 0.01 };
  const draft = { ...to(need), source: "agent:asker", taskId: "t1", priority: "high" } as const;
  const constraints = { exclude: ["tried"] };
  const { decision } = await bus.find(draft, { caller, constraints });
  expect(admitted).toEqual([["ill", "well", "far"]]);
  expect(askers).toEqual([
    { caller: caller.caller, agent: "asker", taskId: "t1", priority: "high", traceparent: undefined },
  ]);
  // As of any other: a command waits for it.
  expect({ agent: decision.choice?.record.name, waits: decision.waits }).toEqual({ agent: "ill", waits: true });
});

test("a need of which a model could not be asked is told when to come again", async () => {
  const finding: Finding = { candidates: [], how: ["m was busy"], nearest: [], isPartial: true, retryAfterMs: 7_000 };
  const { bus } = setup({}, { discovery: { find: async () => finding } });
  await expect(bus.query(to({ need: "score a loan" }), { caller })).rejects.toMatchObject({
    ...{ code: "UNAVAILABLE", retryAfterMs: 7_000 },
    message: expect.stringContaining("m was busy"),
  });
});

test("a cached route never outlives a change of the registry", async () => {
  const { bus, registry } = setup({ a: () => "a", b: () => "b" }, {}, [record("a")]);
  expect(await bus.query(to("capability:score"), { caller })).toBe("a");
  registry.remove("acme", "a");
  expect(await outcome(bus.query(to("capability:score"), { caller }))).toBe("NO_CANDIDATE");
  registry.register(record("b"));
  expect(await bus.query(to("capability:score"), { caller })).toBe("b");
});

test("a closed bus refuses work and keeps no timer", async () => {
  const { bus, clock } = setup({ a: () => 1 });
  await bus.query(to("agent:a"), { caller });
  bus.close();
  expect(clock.nextTimerAt()).toBeNull();
  expect(await outcome(bus.query(to("agent:a"), { caller }))).toBe("UNAVAILABLE");
});

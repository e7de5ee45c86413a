/** Schedules on nodes that start, die, take over from each other, and whose clocks are set. */
import {
  PlatformError,
  type ScheduleManifest,
  type ScheduleSpec,
  ScheduleManifest as Schema,
} from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { KeyValue } from "@agentcore/core/ports";
import type { CallerScope, SubmitRequest } from "@agentcore/core/tasks";
import { createFnvDigest, createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createNodeTurns } from "../turns/node-turns.ts";
import { DeclaredSchedules } from "./declared-schedules.ts";
import { ScheduleLoop } from "./schedule-loop.ts";
import { ScheduleStates } from "./schedule-states.ts";

const START = Date.parse("2026-01-01T08:59:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// Else it is loaded while the clock of the first test runs away.
beforeAll(async () => void (await import("croner")));

/** As the task service knows them. */
class Tasks {
  readonly begun: { readonly at: string; readonly scope: CallerScope; readonly request: SubmitRequest }[] = [];
  readonly ended = new Set<string>();
  readonly removed = new Set<string>();
  refuses: PlatformError | null = null;
  /** The task is durable, and the node dies before it hears of that. */
  diesAfter = false;
  private readonly byKey = new Map<string, string>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  get times(): readonly (string | undefined)[] {
    return this.begun.map(({ request }) => /\d\d:\d\d:\d\d/.exec(request.idempotencyKey ?? "")?.[0]);
  }

  async submit(scope: CallerScope, request: SubmitRequest) {
    if (this.refuses !== null) throw this.refuses;
    const key = `${scope.tenantId}/${scope.caller}/${request.idempotencyKey}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return { taskId: known, contextId: "c", existing: true };
    const taskId = `t${this.begun.length + 1}`;
    this.byKey.set(key, taskId);
    this.begun.push({ at: new Date(this.now()).toISOString(), scope, request });
    if (this.diesAfter) throw new PlatformError("STORE_UNAVAILABLE", "it is not known whether it was written");
    return { taskId, contextId: "c", existing: false };
  }

  async head(_scope: CallerScope, taskId: string): Promise<never> {
    if (this.removed.has(taskId)) throw new PlatformError("TASK_NOT_FOUND", "gone");
    return { state: this.ended.has(taskId) ? "completed" : "working" } as never;
  }
}

class World {
  readonly clock = new ManualClock({ now: START, macrotask: turn });
  readonly keyValue = createMemoryKeyValue({ clock: this.clock });
  readonly states = new ScheduleStates(this.keyValue);
  readonly tasks = new Tasks(() => this.clock.now());
  readonly logger = createRecordingLogger();
  private readonly manifests = new Map<string, ScheduleManifest>();
  private readonly nodes = new Set<{ readonly declared: DeclaredSchedules }>();
  areDrained = false;
  /** To whose turn the store gives no answer. */
  away = "";
  private lives = 0;

  apply(name: string, spec: Partial<ScheduleSpec>, tenantId = "acme"): void {
    const manifest = Schema.parse({
      apiVersion: "agentcore.dev/v1",
      kind: "Schedule",
      metadata: { name },
      spec: { target: { agent: "reporter" }, overlap: "allow", ...spec },
    });
    this.manifests.set(`${tenantId}/${name}`, manifest);
    for (const { declared } of this.nodes) declared.set(tenantId, manifest);
  }

  /** As one node hears of it, and no other. */
  delete(name: string, tenantId = "acme"): void {
    this.manifests.delete(`${tenantId}/${name}`);
  }

  start(node = "n1"): { readonly stop: () => Promise<void>; readonly die: () => void } {
    const declared = new DeclaredSchedules();
    for (const [key, manifest] of this.manifests) declared.set(key.split("/")[0] ?? "", manifest);
    let isDead = false;
    const clock = {
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      turn: () => this.clock.turn(),
      after: (ms: number, callback: () => void) => this.clock.after(ms, () => isDead || callback()),
    };
    const { logger } = this;
    const keyValue = Object.create(this.keyValue, {
      put: {
        value: async (...given: Parameters<KeyValue["put"]>) => {
          if (this.away === node) throw new PlatformError("STORE_UNAVAILABLE", "it is away");
          return this.keyValue.put(...given);
        },
      },
    }) as KeyValue;
    const loop = new ScheduleLoop({
      declared,
      states: this.states,
      tasks: this.tasks,
      specOf: async (tenantId, name) => this.manifests.get(`${tenantId}/${name}`)?.spec ?? null,
      senses: { clock, digest: createFnvDigest(), logger },
    });
    this.lives += 1;
    const turn = createNodeTurns({
      ...{ keyValue, senses: { clock, logger }, node, life: `l${this.lives}`, random: () => 0, isShared: true },
      isLeaving: () => this.areDrained,
    })({
      ...{ key: "schedules", does: "begins the tasks of schedules" },
      isWanted: () => declared.all.size > 0,
      round: (signal) => (isDead ? new Promise(() => {}) : loop.round(signal)),
      end: async () => loop.forget(),
    });
    declared.onChange(() => turn.wake());
    const entry = { declared };
    this.nodes.add(entry);
    turn.start();
    const stop = async (): Promise<void> => {
      this.nodes.delete(entry);
      if (!isDead) await turn.close();
    };
    onTestFinished(stop);
    return {
      stop,
      die: () => {
        isDead = true;
        this.nodes.delete(entry);
      },
    };
  }

  async quiet(): Promise<void> {
    for (let count = 0; count < 8; count++) await turn();
  }

  async advance(ms: number): Promise<void> {
    await this.quiet();
    const target = this.clock.now() + ms;
    for (;;) {
      const next = this.clock.nextTimerAt();
      if (next === null || next > target) break;
      await this.clock.advance(Math.max(0, next - this.clock.now()));
      await this.quiet();
    }
    await this.clock.advance(Math.max(0, target - this.clock.now()));
    await this.quiet();
  }

  async state(name = "report", tenantId = "acme") {
    return (await this.states.get(tenantId, name))?.state;
  }
}

test("each time begins one task, on time, with what the manifest says", async () => {
  const world = new World();
  world.start();
  world.apply("report", { cron: "*/5 * * * *", input: { of: "yesterday" }, skill: "daily", deadline: "10m" });
  await world.advance(11 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:05:00", "09:10:00"]);
  const [first] = world.tasks.begun;
  expect(first).toMatchObject({
    at: "2026-01-01T09:00:00.000Z",
    scope: { tenantId: "acme", caller: "schedule:report" },
    request: {
      ...{ target: { agent: "reporter" }, input: { of: "yesterday" }, skill: "daily" },
      idempotencyKey: "schedule/report/2026-01-01T09:00:00.000Z",
      deadline: START + 11 * MINUTE,
      metadata: { schedule: { name: "report", time: "2026-01-01T09:00:00.000Z" } },
    },
  });
  expect(await world.state()).toMatchObject({ started: 3, skipped: 0, missed: 0, last: { taskId: "t3" } });
});

test("a node without schedules asks nobody for anything, and has no timer", async () => {
  const world = new World();
  world.start();
  await world.advance(HOUR);
  expect(world.clock.nextTimerAt()).toBeNull();
  expect(await world.keyValue.list({ tenantId: "system", namespace: "turns" })).toEqual([]);
});

test("of two nodes one does it, and the other goes on when it dies", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *" });
  const first = world.start("n1");
  await world.quiet();
  world.start("n2");
  await world.advance(2 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:01:00"]);
  first.die();
  await world.advance(2 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:01:00", "09:02:00", "09:03:00"]);
  expect(await world.state()).toMatchObject({ started: 4, missed: 0 });
});

test("one that has its turn again goes on from where the other came to", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *", overlap: "skip" });
  world.start("n1");
  await world.quiet();
  const second = world.start("n2");
  await world.advance(MINUTE + 1_000);
  world.away = "n1";
  await world.advance(MINUTE);
  expect(await world.state()).toMatchObject({ started: 1, skipped: 1 });
  world.away = "";
  world.tasks.ended.add("t1");
  await second.stop();
  await world.advance(30_000);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  await world.advance(30_000);
  expect(world.tasks.times).toEqual(["09:00:00", "09:02:00"]);
});

test("where all nodes are drained no time is missed before one does it all the same", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * * *", catchUp: "none" });
  for (const node of ["n1", "n2"]) world.start(node);
  await world.advance(7_500);
  world.areDrained = true;
  await world.advance(MINUTE);
  expect(await world.state()).toMatchObject({ started: 67, missed: 0 });
});

test("one that stops in order hands over at once", async () => {
  const world = new World();
  world.apply("report", { every: "1m" });
  const first = world.start("n1");
  await world.advance(30_000);
  world.start("n2");
  await first.stop();
  await world.advance(MINUTE);
  expect(world.tasks.begun.map(({ at }) => at)).toEqual(["2026-01-01T09:00:00.000Z"]);
});

test("a node that dies when the task is durable and nothing says so does not do it again", async () => {
  const world = new World();
  world.apply("report", { cron: "0 * * * *" });
  const first = world.start();
  world.tasks.diesAfter = true;
  await world.advance(MINUTE);
  first.die();
  world.tasks.diesAfter = false;
  world.start();
  await world.advance(MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  expect(await world.state()).toMatchObject({ started: 1, last: { taskId: "t1" } });
});

for (const [catchUp, expected, missed] of [
  ["none", [], 4],
  ["last", ["12:00:00"], 3],
  ["all", ["09:00:00", "10:00:00", "11:00:00", "12:00:00"], 0],
] as const)
  test(`after four times without a node, catchUp ${catchUp} does ${expected.length} of them`, async () => {
    const world = new World();
    world.apply("report", { cron: "0 * * * *", catchUp });
    const first = world.start();
    await world.quiet();
    await first.stop();
    await world.advance(3 * HOUR + 20 * MINUTE);
    world.start();
    await world.advance(MINUTE);
    expect(world.tasks.times).toEqual(expected);
    expect(await world.state()).toMatchObject({ started: expected.length, missed });
    await world.advance(HOUR);
    expect(world.tasks.times).toEqual([...expected, "13:00:00"]);
  });

test("a month of seconds is neither made up for nor counted out", async () => {
  for (const [catchUp, begun] of [
    ["all", 100],
    ["last", 0],
  ] as const) {
    const world = new World();
    world.apply("report", { cron: "* * * * * *", catchUp });
    const first = world.start();
    await world.quiet();
    await first.stop();
    world.clock.stall(30 * 24 * HOUR);
    world.start();
    await world.quiet();
    for (let count = 0; count < 200; count++) await turn();
    // Those of the last minute are on time.
    expect(world.tasks.begun).toHaveLength(begun + 60);
    expect(world.tasks.times.at(-1)).toBe("08:59:00");
  }
});

test("while the task of the time before is open a time is left out, and counted", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *", overlap: "skip" });
  world.start();
  await world.advance(3 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  world.tasks.ended.add("t1");
  await world.advance(MINUTE);
  world.tasks.removed.add("t2");
  await world.advance(MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:03:00", "09:04:00"]);
  expect(await world.state()).toMatchObject({ started: 3, skipped: 2 });
});

test("work that is refused for now is tried again, and for good is recorded", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *" });
  world.start();
  world.tasks.refuses = new PlatformError("OVERLOADED", "too much", { retryAfterMs: 2_000 });
  await world.advance(MINUTE + 10_000);
  world.tasks.refuses = null;
  await world.advance(5_000);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  world.tasks.refuses = new PlatformError("AGENT_NOT_FOUND", "there is no agent reporter");
  await world.advance(MINUTE);
  expect(await world.state()).toMatchObject({ started: 1, failed: 1, failure: { code: "AGENT_NOT_FOUND" } });
  world.tasks.refuses = null;
  await world.advance(MINUTE);
  expect(await world.state()).toMatchObject({ started: 2, failed: 1 });
  expect((await world.state())?.failure).toBeUndefined();
});

test("one that cannot be done keeps no other waiting", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *" });
  world.start();
  await world.quiet();
  world.apply("other", { cron: "* * * * *" });
  const submit = world.tasks.submit.bind(world.tasks);
  world.tasks.submit = async (scope, request) => {
    if (scope.caller === "schedule:report") throw new Error("broken");
    return submit(scope, request);
  };
  await world.advance(2 * MINUTE);
  expect(world.tasks.begun.map(({ scope }) => scope.caller)).toEqual(["schedule:other", "schedule:other"]);
});

test("a change begins with itself: times of the new pattern that have passed are none", async () => {
  const world = new World();
  world.apply("report", { cron: "0 9 * * *" });
  world.start();
  await world.advance(2 * HOUR + 30 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  world.apply("report", { cron: "0 * * * *" });
  await world.advance(MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  await world.advance(HOUR);
  expect(world.tasks.times).toEqual(["09:00:00", "12:00:00"]);
  expect(await world.state()).toMatchObject({ started: 2, missed: 0 });
});

test("a suspended one does nothing, and what passed meanwhile is not made up for", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *" });
  world.start();
  await world.advance(MINUTE);
  world.apply("report", { cron: "* * * * *", suspend: true });
  await world.advance(10 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  world.apply("report", { cron: "* * * * *" });
  await world.advance(MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:11:00"]);
});

test("one that was deleted does nothing more, also on a node that has not heard of it", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *" });
  world.start();
  await world.advance(MINUTE);
  world.delete("report");
  await world.states.delete("acme", "report");
  await world.advance(10 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00"]);
  expect(await world.state()).toBeUndefined();
});

test("tenants have schedules of the same name apart", async () => {
  const world = new World();
  world.apply("report", { cron: "* * * * *" });
  world.apply("report", { cron: "0 * * * *" }, "other");
  world.start();
  await world.advance(2 * MINUTE);
  expect(world.tasks.begun.map(({ scope }) => scope.tenantId).sort()).toEqual(["acme", "acme", "other"]);
});

test("a clock that is set back repeats nothing, and one that is set forward makes up for what it passed", async () => {
  const world = new World();
  world.apply("report", { cron: "*/10 * * * *" });
  world.start();
  await world.advance(12 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:10:00"]);
  world.clock.jump(-15 * MINUTE);
  await world.advance(16 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:10:00"]);
  await world.advance(8 * MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:10:00", "09:20:00"]);
  world.clock.jump(HOUR);
  await world.advance(MINUTE);
  expect(world.tasks.times).toEqual(["09:00:00", "09:10:00", "09:20:00", "10:20:00"]);
});

test("jitter delays each time by the same on every node, within its bound", async () => {
  const begun = async (node: string): Promise<readonly string[]> => {
    const world = new World();
    world.apply("report", { every: "10m", jitter: "5m" });
    world.start(node);
    await world.advance(66 * MINUTE);
    expect(world.tasks.times).toHaveLength(7);
    return world.tasks.begun.map(({ at }) => at);
  };
  const times = await begun("n1");
  const delays = times.map((at, index) => Date.parse(at) - Date.parse("2026-01-01T09:00:00Z") - index * 10 * MINUTE);
  expect(new Set(delays).size).toBeGreaterThan(4);
  for (const delay of delays) {
    expect(delay).toBeGreaterThanOrEqual(0);
    expect(delay).toBeLessThan(5 * MINUTE + 5);
  }
  expect(await begun("n2")).toEqual(times);
});

/**
 * Runs agents as the platform does, in memory and in no time: the real engine, bus and store format, a clock that moves
 * by hand, ids that repeat, and a process that may die at any commit. Needs no test runner.
 */
import { isTerminal, PlatformError, PolicySpec, parseInput } from "@agentcore/contract";
import type { AgentDefinition, Priority, Target, Tool } from "@agentcore/contract/authoring";
import {
  createMemoryKeyValue,
  createMemoryTaskStore,
  createMemoryVectorIndex,
  type MemoryTaskStore,
} from "@agentcore/core/inprocess";
import { createFnvDigest, createRecordingLogger, createSequentialIds, type LogRecord } from "@agentcore/core/testing";
import { CrashBook, type CrashPoint } from "./crash-store.ts";
import { openModels, type TestModels } from "./open-models.ts";
import { createPeers, type Peers, type Queries } from "./peers.ts";
import type { ModelScript } from "./scripted-model.ts";
import { macrotask, TestTime } from "./test-clock.ts";
import type { TestMemoryOptions } from "./test-memory.ts";
import { startProcess, TENANT, type TestProcess, type TestWorld } from "./test-process.ts";
import { TestRun } from "./test-run.ts";
import { createTestToolProvider } from "./test-tool-provider.ts";

export interface TestAgentOptions {
  /** Agents reached by commands: `{ name: (input) => output }` or a whole agent. */
  readonly peers?: Peers;
  /** Agents that answer queries: `{ name: (payload) => answer }`. */
  readonly queries?: Queries;
  /** Behind `declaredTools()` and `ctx.tools`: the tools of each Tool manifest, by its name; made by `tool()`. @default none */
  readonly tools?: Readonly<Record<string, readonly Tool[]>>;
  /** Answers of the model: in order, or by a function of the request. Without it `ctx.model` throws MODEL_NOT_CONFIGURED. */
  readonly model?: ModelScript;
  /**
   * In place of `model`: asks the models that agents name (`provider/model`, with keys and addresses of the environment) and records their answers into
   * this folder, which should be new or empty.
   */
  readonly record?: string;
  /** In place of `model`: answers from what was recorded in this folder; needs no key. What was not recorded fails with RECORDING_MISSING. */
  readonly replay?: string;
  /** Where the process dies and a new one goes on with what was durable; each point once. Default: before the commit is written. */
  readonly crashAt?: CrashPoint | readonly CrashPoint[];
  /** Policies about tools, as their manifests say. @default none */
  readonly policies?: readonly { readonly name: string; readonly spec: PolicySpec }[];
  /** What `ctx.memory.remember` and `recall` work with: MemoryPools, an embedder. @default agents' own pools, and words alone */
  readonly memory?: TestMemoryOptions;
  /** `ctx.env`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Tasks of one agent in memory at once. @default 100 */
  readonly concurrency?: number;
}

/** @default all that was recorded before the run ended, unchanged */
export interface ForkOptions {
  /** Number of the last event that is taken over. */
  readonly at?: number;
  readonly input?: unknown;
  /** Results of calls, by their path, in place of those recorded. */
  readonly set?: Readonly<Record<string, unknown>>;
  readonly breakpoints?: readonly string[];
}

export interface RunOptions {
  /** @default the first agent given to testAgent */
  readonly target?: Target;
  readonly skill?: string;
  readonly contextId?: string;
  /** @default "normal" */
  readonly priority?: Priority;
  /** Milliseconds from now. */
  readonly timeoutMs?: number;
  /** Scopes of whoever asks, which tools may ask for. @default an operator asks, who passes all */
  readonly permissions?: readonly string[];
  /** Where it is held from its start on, as with `agentcore run --break`. @default none */
  readonly breakpoints?: readonly string[];
}

// Turns of the event loop without any sign of life after which nothing more will happen by itself.
const QUIET_TURNS = 4;
// Real milliseconds that code which seems to wait outside ctx gets before the engine's clock is moved to judge it.
const REAL_PATIENCE_MS = 50;
// One round of the engine's look at stalled tasks (500 ms) and a bit.
const STALL_CHECK_MS = 501;

// An operator: what an urgent task may do is to be tested too.
const CALLER = { tenantId: TENANT, caller: "test", operator: true };

export class AgentTest {
  private readonly world: TestWorld;
  private readonly models: TestModels;
  private readonly main: AgentDefinition;
  private readonly runs: TestRun[] = [];
  private store: MemoryTaskStore;
  private process: TestProcess | null = null;
  private readonly logs: { readonly records: readonly LogRecord[] };

  constructor(agents: readonly AgentDefinition[], options: TestAgentOptions) {
    const [main] = agents;
    if (main === undefined) throw new PlatformError("INVALID_ARGUMENT", "testAgent: expected at least one agent");
    const all = [...agents, ...createPeers(options.peers ?? {}, options.queries ?? {})];
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) < index)
        throw new PlatformError("INVALID_ARGUMENT", `testAgent: two agents are named "${name}"`);
    }
    const { crashAt = [] } = options;
    const points = (Array.isArray(crashAt) ? crashAt : [crashAt]) as readonly CrashPoint[];
    const time = new TestTime();
    const now = { now: () => time.now };
    const digest = createFnvDigest();
    const logger = createRecordingLogger();
    this.logs = logger;
    this.main = main;
    this.models = openModels(options);
    this.store = createMemoryTaskStore({ clock: now });
    this.world = {
      ...{
        time,
        digest,
        logger,
        ids: createSequentialIds("id"),
        keyValue: createMemoryKeyValue({ clock: now }),
        vectorIndex: createMemoryVectorIndex(),
        memory: options.memory ?? {},
        book: new CrashBook(digest, points),
      },
      policies: (options.policies ?? []).map(({ name, spec }) => ({
        name,
        spec: parseInput(PolicySpec, spec, `policy ${name}`),
      })),
      ...{
        agents: all,
        env: options.env ?? {},
        concurrency: options.concurrency ?? 100,
        effects: [],
        keys: new Map(),
        breaches: [],
      },
      tools: createTestToolProvider(options.tools ?? {}),
    };
  }

  /** Milliseconds since 1970 of the test's clock. */
  get now(): number {
    return this.world.time.now;
  }

  /** Commits until now: `crashAt` takes numbers from 1 to this. */
  get commits(): number {
    return this.world.book.commits;
  }

  /** Bodies of author code that ran, in order of their start: `step:fetch`, `tool:search`, `model:…`, `answer:…`. */
  get effects(): readonly string[] {
    return this.world.effects;
  }

  /** Different calls of each body: those of one idempotency key are one. By the names of `effects`. */
  get calls(): ReadonlyMap<string, number> {
    return new Map([...this.world.keys].map(([name, keys]) => [name, keys.size]));
  }

  /** Tasks that hold memory now; one that waits for a person or for time holds none. */
  get resident(): number {
    return this.process?.engine.resident ?? 0;
  }

  /** What `ctx.log` and the platform wrote. */
  get logged(): readonly LogRecord[] {
    return this.logs.records;
  }

  /**
   * Hands in work and resolves when nothing more happens by itself: ended, waiting for an answer or for time, or parked.
   * Rejects when the work is refused: INVALID_ARGUMENT (input), AGENT_NOT_FOUND, NO_CANDIDATE.
   */
  async run(input?: unknown, options: RunOptions = {}): Promise<TestRun> {
    const idempotencyKey = this.world.ids.next();
    const request = {
      target: options.target ?? { agent: this.main.name },
      ...{ input, idempotencyKey, skill: options.skill, contextId: options.contextId, priority: options.priority },
      breakpoints: options.breakpoints,
      deadline: options.timeoutMs === undefined ? undefined : this.now + options.timeoutMs,
    };
    const { permissions } = options;
    const scope = permissions === undefined ? CALLER : { ...CALLER, operator: false, permissions };
    let taskId: string | null = null;
    while (taskId === null) {
      // A caller whose process died before the answer asks again under the same key.
      const process = await this.alive();
      let outcome: { readonly taskId: string } | { readonly error: unknown } | null = null;
      process.tasks.submit(scope, request).then(
        (submitted) => {
          outcome = submitted;
        },
        (error: unknown) => {
          outcome = { error };
        },
      );
      await this.quiet();
      const settled = outcome as { readonly taskId: string } | { readonly error: unknown } | null;
      if (settled === null) {
        if (this.process === process)
          throw new PlatformError("INTERNAL", "testAgent: the work was neither accepted nor refused");
        continue;
      }
      if ("error" in settled) throw settled.error;
      taskId = settled.taskId;
    }
    return this.follow(taskId);
  }

  private async follow(taskId: string): Promise<TestRun> {
    const run = new TestRun(taskId, {
      act: (action) => this.act(action),
      advance: (ms) => this.advance(ms),
      nextId: () => this.world.ids.next(),
    });
    this.runs.push(run);
    await this.settle();
    return run;
  }

  /**
   * A new run that begins where that one was after event `at`, as `agentcore fork` makes one. Rejects with REPLAY_DIFFERS when the code does
   * not come there with what is changed.
   */
  async fork(run: TestRun, request: ForkOptions = {}): Promise<TestRun> {
    const { taskId } = await this.act((tasks, scope) => tasks.fork(scope, run.taskId, request));
    return this.follow(taskId);
  }

  /** Moves the clock: sleeps end, retries start, deadlines strike, each in its order. */
  async advance(ms: number): Promise<void> {
    const { time } = this.world;
    const target = time.now + ms;
    await this.settle();
    for (;;) {
      // What is due in the store and still there waits for something else than time; a timer that is due has yet to fire.
      const stored = (await this.store.nextDue()) ?? 0;
      const timer = time.nextAt() ?? Number.POSITIVE_INFINITY;
      const next = Math.min(timer, stored > time.now ? stored : Number.POSITIVE_INFINITY);
      if (next > target) break;
      time.jumpTo(next);
      await this.settle();
      // What the store alone knows of is found by the engine's sweep, and that is a heartbeat.
      if ((await this.store.nextDue()) === next) this.process?.engine.claims.wake();
      await this.settle();
    }
    time.jumpTo(target);
    await this.settle();
  }

  /** The process dies now, with everything that is not durable; a new one goes on from the store. */
  async crash(): Promise<void> {
    this.process?.crash();
    await this.settle();
  }

  /** Ends the test. Throws when a `crashAt` point was never reached: a test that did not crash proved nothing. */
  async close(): Promise<void> {
    this.process?.crash();
    const { missed } = this.world.book;
    if (missed.length > 0)
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `testAgent: crashAt ${missed.join(", ")} was never reached; there were ${this.commits} commits`,
      );
  }

  private async act<T>(action: (tasks: TestProcess["tasks"], scope: typeof CALLER) => Promise<T>): Promise<T> {
    for (;;) {
      const process = await this.alive();
      let outcome: { readonly value: T } | { readonly error: unknown } | null = null;
      action(process.tasks, CALLER).then(
        (value) => {
          outcome = { value };
        },
        (error: unknown) => {
          outcome = { error };
        },
      );
      await this.quiet();
      const settled = outcome as { readonly value: T } | { readonly error: unknown } | null;
      if (settled === null && this.process !== process) continue;
      await this.settle();
      if (settled === null) throw new PlatformError("INTERNAL", "testAgent: the call was not answered");
      if ("error" in settled) throw settled.error;
      return settled.value;
    }
  }

  /** The process that lives now; a new one over the same store after a crash. */
  private async alive(): Promise<TestProcess> {
    if (this.process !== null) return this.process;
    const models = await this.models(this.world.book.modelAnswers);
    const started = await startProcess(this.world, this.store, models, () => {
      this.process = null;
      this.store = this.store.reopen();
    });
    this.process = started;
    return started;
  }

  /** Waits until nothing moves without time, starting a new process after each crash. */
  private async quiet(): Promise<void> {
    const { time, book } = this.world;
    let process = await this.alive();
    let seen = -1;
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      if (this.process !== process) process = await this.alive();
      const activity = time.activity + book.commits + this.world.effects.length;
      if (process.busy() || activity !== seen) turns = 0;
      seen = activity;
      await macrotask();
    }
  }

  private async settle(): Promise<void> {
    await this.quiet();
    if (await this.waitsOutside()) {
      // Real time first: perhaps it is only slow.
      await new Promise<void>((resolve) => setTimeout(resolve, REAL_PATIENCE_MS));
      await this.quiet();
      if (await this.waitsOutside()) {
        this.world.time.jumpTo(this.now + STALL_CHECK_MS);
        await this.quiet();
        this.world.time.jumpTo(this.now + STALL_CHECK_MS);
        await this.quiet();
      }
    }
    for (const run of this.runs) await this.refresh(run);
    const breach = this.world.breaches[0];
    if (breach !== undefined) throw breach;
  }

  /** A task that works although nothing is under way and its log waits for nothing. */
  private async waitsOutside(): Promise<boolean> {
    for (const { taskId } of this.runs) {
      const key = { tenantId: TENANT, taskId };
      const head = await this.store.head(key);
      if (head === null || head.state !== "working" || head.dueAt === null) continue;
      const open = new Set<string>();
      for (const event of await this.store.readLog(key)) {
        if (
          event.type === "step.started" ||
          event.type === "task.inputRequired" ||
          event.type === "task.authRequired" ||
          (event.type === "step.failed" && event.data.retryAt !== undefined)
        )
          open.add(event.data.path);
        else if (event.type === "step.completed" || event.type === "step.failed") open.delete(event.data.path);
      }
      if (open.size === 0) return true;
    }
    return false;
  }

  private async refresh(run: TestRun): Promise<void> {
    const key = { tenantId: TENANT, taskId: run.taskId };
    const head = await this.store.head(key);
    if (head === null || (run.head !== null && isTerminal(run.head.state))) return;
    run.update(head, await this.store.readLog(key));
  }
}

/**
 * Starts a test of one agent, or of several that work together (the first is the one `run` addresses).
 *
 * ```ts
 * const test = await testAgent(greeter, { peers: { translator: (text) => `¡${text}!` } });
 * const run = await test.run("hello");
 * run.output; // "¡hello!"
 * ```
 */
export const testAgent = async (
  agents: AnyAgent | readonly AnyAgent[],
  options: TestAgentOptions = {},
): Promise<AgentTest> =>
  new AgentTest((Array.isArray(agents) ? agents : [agents]) as readonly AgentDefinition[], options);

// What an agent takes is checked by its schema when it runs; here every agent will do.
// oxlint-disable-next-line typescript/no-explicit-any -- a definition's input type stands in a parameter, so `unknown` would refuse typed agents
export type AnyAgent = AgentDefinition<any, any>;

/** The engine's world in tests: a store that outlives processes, processes that die at a commit, time moved by hand. */
import type { AuthorizationDecision, DecisionAnswer, TaskEvent } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { createMemoryKeyValue, createMemoryTaskStore, type MemoryTaskStore } from "../src/inprocess/index.ts";
import type { Clock, ModelProvider, TaskHead, TaskStore } from "../src/ports/index.ts";
import {
  type AgentHost,
  type CallerScope,
  createTaskService,
  type DecisionMade,
  type EngineOptions,
  type InboxItem,
  type InboxRequest,
  type MigrateRequest,
  type SubmitRequest,
  type Subscriber,
  TaskEngine,
  type TaskMigration,
  type TaskRouter,
  type TaskService,
  type TenantPolicy,
} from "../src/tasks/index.ts";
import { createFnvDigest, createRecordingLogger, createSequentialIds, ManualClock } from "../src/testing/index.ts";
import { wrapWholeStore } from "./wrap-store.ts";

export const SCOPE = { tenantId: "acme", caller: "ann" };
export type Run = NonNullable<AgentDefinition["run"]>;

export const define = (name: string, run: Run, more: Partial<AgentDefinition> = {}): AgentDefinition => ({
  ...{
    name,
    description: name,
    version: "1",
    skills: [],
    labels: {},
    tools: [],
    idempotent: false,
    subscribes: [],
    run,
  },
  ...more,
});

export interface Crash {
  /** Counts from 1, over all lives. */
  readonly commit: number;
  readonly when: "before" | "after";
}

export interface WorldOptions {
  readonly crashes?: readonly Crash[];
  readonly concurrency?: number;
  /** Stands between engine and store, for stores that hold back or fail. */
  readonly wrap?: (store: TaskStore) => TaskStore;
  /** Stands between engine and host, for code that takes its time to load. */
  readonly wrapLoad?: (load: AgentHost["load"]) => AgentHost["load"];
  readonly limits?: Pick<EngineOptions, "maxResident" | "maxBacklog">;
  readonly models?: ModelProvider;
  readonly tools?: Pick<EngineOptions, "budgets" | "policies" | "tools">;
  readonly onFailure?: EngineOptions["onFailure"];
  /** Of manifests, by the topic itself. */
  readonly triggers?: readonly { readonly agent: string; readonly trigger: NonNullable<Subscriber["trigger"]> }[];
}

interface Life {
  readonly engine: TaskEngine;
  readonly service: TaskService;
  readonly die: () => void;
}

/** Something that happens when the test says so. */
export const gate = (): { readonly open: () => void; readonly opened: Promise<void> } => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

/** Holds up the first that passes after it was armed; everything else goes through. */
export class Pause {
  private armed = false;
  private held: (() => void) | null = null;

  get isHolding(): boolean {
    return this.held !== null;
  }

  arm(): void {
    this.armed = true;
  }

  async pass<T>(what: T): Promise<T> {
    if (!this.armed) return what;
    this.armed = false;
    await new Promise<void>((resolve) => {
      this.held = resolve;
    });
    return what;
  }

  /** Lets it go on. Throws when nothing came: the test would show nothing. */
  open(): void {
    if (this.held === null) throw new Error("nothing is held up here");
    this.held();
    this.held = null;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class EngineWorld {
  readonly clock = new ManualClock({ macrotask: turn });
  readonly logger = createRecordingLogger();
  readonly keyValue = createMemoryKeyValue({ clock: this.clock });
  store: MemoryTaskStore = createMemoryTaskStore({ clock: this.clock });
  /** As the node's manifests say; agents that are not in it have what their code says. */
  readonly capacities = new Map<string, number>();
  /** Over all nodes, by `tenant/agent`. */
  readonly maxRunning = new Map<string, number>();
  readonly tenants = new Map<string, TenantPolicy>();
  /** Code by revision, where it is not what the agents say. */
  readonly revisions = new Map<string, AgentDefinition>();
  commits = 0;
  private readonly agents: Map<string, AgentDefinition>;
  private readonly options: WorldOptions;
  private readonly crashes: Crash[];
  private readonly ids = createSequentialIds("id");
  private activity = 0;
  private life: Life | null = null;
  private starting: Promise<Life> | null = null;

  constructor(agents: readonly AgentDefinition[], options: WorldOptions = {}) {
    this.agents = new Map(agents.map((agent) => [agent.name, agent]));
    this.options = options;
    this.crashes = [...(options.crashes ?? [])];
  }

  /** From the next load on: as if the code had been changed under running tasks. */
  change(agent: AgentDefinition): void {
    this.agents.set(agent.name, agent);
  }

  remove(name: string): void {
    this.agents.delete(name);
  }

  /** The process that lives now, or a new one over the same store. */
  async alive(): Promise<Life> {
    if (this.life !== null) return this.life;
    this.starting ??= this.start().finally(() => {
      this.starting = null;
    });
    return this.starting;
  }

  /** Dies with everything that is not durable. */
  crash(): void {
    this.life?.die();
  }

  /** Until nothing moves without time. */
  async quiet(): Promise<void> {
    for (let turns = 0, seen = -1; turns < 4; turns++) {
      await this.alive();
      if (this.activity !== seen || this.life?.engine.eventWaits.conditions.isLoading === true) turns = 0;
      seen = this.activity;
      await turn();
    }
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
    await this.clock.advance(target - this.clock.now());
    await this.quiet();
  }

  /** Submits as a caller who asks again when the process died before it answered. */
  async submit(
    agent: string,
    input?: unknown,
    more: Pick<SubmitRequest, "deadline" | "contextId"> = {},
    scope: CallerScope = SCOPE,
  ): Promise<string> {
    const idempotencyKey = this.ids.next();
    for (;;) {
      const { service } = await this.alive();
      let outcome: { taskId: string } | { error: unknown } | null = null;
      service.submit(scope, { target: { agent }, input, idempotencyKey, ...more }).then(
        (submitted) => (outcome = submitted),
        (error: unknown) => (outcome = { error }),
      );
      await this.quiet();
      const settled = outcome as { taskId: string } | { error: unknown } | null;
      if (settled === null) continue;
      if ("error" in settled) throw settled.error;
      return settled.taskId;
    }
  }

  async say(taskId: string, value: unknown, messageId = this.ids.next()): Promise<void> {
    const parts = [typeof value === "string" ? { text: value } : { data: value }];
    await this.ask((service) => service.send(SCOPE, taskId, { messageId, role: "ROLE_USER", parts }));
  }

  async authorize(taskId: string, decision: AuthorizationDecision = {}, scope: CallerScope = SCOPE): Promise<void> {
    await this.ask((service) => service.authorize(scope, taskId, decision));
  }

  async cancel(taskId: string): Promise<void> {
    await this.ask((service) => service.cancel(SCOPE, taskId, "enough"));
  }

  /** As an operator who asks again when the process died before it answered. */
  async migrate(taskId: string, request: MigrateRequest = {}): Promise<TaskMigration> {
    for (;;) {
      const { service } = await this.alive();
      let outcome: { readonly told: TaskMigration } | { readonly refused: unknown } | null = null;
      service.migrate({ ...SCOPE, caller: "olga", operator: true }, taskId, request).then(
        (told) => (outcome = { told }),
        (refused: unknown) => (outcome = { refused }),
      );
      await this.advance(0);
      const settled = outcome as { readonly told: TaskMigration } | { readonly refused: unknown } | null;
      if (settled === null) continue;
      if ("refused" in settled) throw settled.refused;
      return settled.told;
    }
  }

  /** As a caller who asks again when the process died before it answered. */
  private async ask(what: (service: TaskService) => Promise<unknown>): Promise<void> {
    for (;;) {
      const { service } = await this.alive();
      let outcome: { refused?: unknown } | null = null;
      what(service).then(
        () => (outcome = {}),
        (refused: unknown) => (outcome = { refused }),
      );
      await this.quiet();
      const settled = outcome as { refused?: unknown } | null;
      if (settled === null) continue;
      if ("refused" in settled) throw settled.refused;
      return;
    }
  }

  /** As a caller who asks again, under the same id, when the process died before it answered. */
  async decide(taskId: string, answer: DecisionAnswer, scope: CallerScope = SCOPE): Promise<DecisionMade> {
    const same = { id: this.ids.next(), ...answer };
    for (;;) {
      const { service } = await this.alive();
      let outcome: { readonly made: DecisionMade } | { readonly refused: unknown } | null = null;
      service.decide(scope, taskId, same).then(
        (made) => (outcome = { made }),
        (refused: unknown) => (outcome = { refused }),
      );
      await this.quiet();
      const settled = outcome as { readonly made: DecisionMade } | { readonly refused: unknown } | null;
      if (settled === null) continue;
      if ("refused" in settled) throw settled.refused;
      return settled.made;
    }
  }

  async inbox(scope: CallerScope = SCOPE, request: InboxRequest = {}): Promise<readonly InboxItem[]> {
    const { service } = await this.alive();
    const { items } = await service.inbox(scope, request);
    return items;
  }

  /** What the caller would answer a task's one decision with. */
  async token(taskId: string, scope: CallerScope = SCOPE): Promise<string> {
    const item = (await this.inbox(scope)).find((each) => each.taskId === taskId && each.kind === "approval");
    if (item?.approval?.token === undefined) throw new Error(`${scope.caller} is not asked`);
    return item.approval.token;
  }

  /** As a caller who asks again when the process died before it answered. */
  async signal(taskId: string, name: string, payload?: unknown, id = this.ids.next()): Promise<string> {
    for (;;) {
      const { service } = await this.alive();
      let outcome: { said: string } | { refused: unknown } | null = null;
      service.signal(SCOPE, taskId, { name, payload, id }).then(
        (said) => (outcome = { said }),
        (refused: unknown) => (outcome = { refused }),
      );
      await this.quiet();
      const settled = outcome as { said: string } | { refused: unknown } | null;
      if (settled === null) continue;
      if ("refused" in settled) throw settled.refused;
      return settled.said;
    }
  }

  async retry(taskId: string): Promise<void> {
    await (await this.alive()).service.retry(SCOPE, taskId);
    await this.quiet();
  }

  log(taskId: string): Promise<readonly TaskEvent[]> {
    return this.store.readLog({ tenantId: SCOPE.tenantId, taskId });
  }

  async types(taskId: string): Promise<string[]> {
    return (await this.log(taskId)).map(({ type }) => type);
  }

  head(taskId: string): Promise<TaskHead | null> {
    return this.store.head({ tenantId: SCOPE.tenantId, taskId });
  }

  /** Every task there is. */
  async heads(): Promise<readonly TaskHead[]> {
    return (await this.store.list({ tenantId: SCOPE.tenantId, limit: 1000 })).heads;
  }

  async state(taskId: string): Promise<string | undefined> {
    return (await this.head(taskId))?.state;
  }

  async last(taskId: string): Promise<TaskEvent | undefined> {
    return (await this.log(taskId)).at(-1);
  }

  async children(taskId: string): Promise<readonly string[]> {
    const { heads } = await this.store.list({ tenantId: SCOPE.tenantId, parentTaskId: taskId, limit: 100 });
    return heads.map((head) => head.taskId);
  }

  async close(): Promise<void> {
    this.crash();
  }

  private async start(): Promise<Life> {
    let dead = false;
    const never = new Promise<never>(() => {});
    const clock: Clock = {
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      after: (ms, callback) => this.clock.after(ms, () => dead || (this.activity++, callback())),
      turn: () => (this.activity++, turn().then(() => (this.activity++, dead ? never : undefined))),
    };
    const die = (): void => {
      if (dead) return;
      dead = true;
      this.life = null;
      this.store = this.store.reopen();
    };
    const { store } = this;
    const watched = wrapWholeStore(store, async (name, ask) => {
      if (dead) return never;
      this.activity++;
      const answer = name === "commit" ? await this.commit(ask, die) : await ask();
      this.activity++;
      return dead ? never : answer;
    });
    const router: TaskRouter = {
      command: async (draft, accept) => {
        const { target } = draft;
        const found = [...this.agents.values()].find(
          ({ name, skills }) =>
            ("agent" in target
              ? name === target.agent
              : "capability" in target && skills.some(({ id }) => id === target.capability)) &&
            draft.exclude?.includes(name) !== true,
        );
        if (found === undefined) throw new PlatformError("NO_CANDIDATE", `nobody for ${JSON.stringify(target)}`);
        return accept({ agent: found.name, revision: "r1", scores: [], reasons: ["first that fits"] });
      },
      query: async ({ target, payload }) =>
        this.agents
          .get("agent" in target ? target.agent : "")
          ?.answer?.({ tenantId: SCOPE.tenantId, payload }, {} as never),
      emit: () => {},
      subscribers: () => (topic) => [
        ...[...this.agents.values()]
          .filter(({ subscribes }) => subscribes.includes(topic))
          .map(({ name }) => ({ agent: name, revision: "r1" })),
        ...(this.options.triggers ?? [])
          .filter(({ trigger }) => trigger.topic === topic)
          .map((each) => ({ ...each, revision: "r1" })),
      ],
      revisionOf: () => "r1",
      reportEnd: () => {},
    };
    const load: AgentHost["load"] = ({ agent, revision }) => {
      const definition = this.revisions.get(revision) ?? this.agents.get(agent);
      return definition?.name !== agent ? null : { definition, env: {}, concurrency: this.options.concurrency ?? 100 };
    };
    const engine = new TaskEngine({
      ...this.options.limits,
      ...this.options.tools,
      onFailure: this.options.onFailure,
      tenants: this.tenants,
      ...{
        store: this.options.wrap?.(watched) ?? watched,
        keyValue: this.keyValue,
        models: this.options.models ?? null,
        router,
        node: "n1",
      },
      host: {
        capacities: this.capacities,
        maxRunning: this.maxRunning,
        load: this.options.wrapLoad?.(load) ?? load,
      },
      senses: { clock, ids: this.ids, digest: createFnvDigest(), logger: this.logger },
    });
    const life: Life = { engine, service: createTaskService(engine), die };
    this.life = life;
    await engine.start();
    return life;
  }

  private async commit(write: () => Promise<unknown>, die: () => void): Promise<unknown> {
    this.commits++;
    const index = this.crashes.findIndex(({ commit }) => commit === this.commits);
    const crash = index < 0 ? undefined : this.crashes.splice(index, 1)[0];
    if (crash?.when === "before") return die();
    const outcomes = await write();
    if (crash !== undefined) die();
    return outcomes;
  }
}

export const outputOf = (event: TaskEvent | undefined): unknown =>
  event?.type === "task.completed" ? event.data.output : event;
export const codeOf = (event: TaskEvent | undefined): unknown =>
  event?.type === "task.failed" || event?.type === "task.parked" ? event.data.error.code : event?.type;

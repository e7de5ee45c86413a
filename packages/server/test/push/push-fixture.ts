/** A dispatcher on a store in memory and logs in arrays, with a clock that a test moves and webhooks that a test answers for. */
import type { A2ATask, TaskEvent, TaskState } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { KeyValue, TaskHead, TaskKey } from "@agentcore/core/ports";
import { type CallerScope, stateAfter } from "@agentcore/core/tasks";
import { createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import type { PushRegistration } from "../../src/gateway/deps/push-config-service.ts";
import { Metrics } from "../../src/metrics.ts";
import { createPushConfigs } from "../../src/push/push-configs.ts";
import { PushDispatcher, type PushDispatcherOptions } from "../../src/push/push-dispatcher.ts";
import { type PushRecord, PushStore } from "../../src/push/push-store.ts";
import { eventIdOf, type Notification, type SendOutcome } from "../../src/push/webhook-sender.ts";
import { createIds } from "../../src/system-senses.ts";
import { createNodeTurns } from "../../src/turns/node-turns.ts";

export const SCOPE: CallerScope = { tenantId: "default", caller: "ann" };

interface Log {
  readonly events: TaskEvent[];
  state: TaskState;
  readonly listeners: Set<() => void>;
}

export interface Sent {
  /** Number of the event, and which of its notifications. */
  readonly at: string;
  readonly url: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly time: number;
}

const CALL = { path: "p", kind: "progress" as const };

export class PushFixture {
  readonly clock = new ManualClock({ macrotask: () => new Promise((resolve) => setImmediate(resolve)) });
  readonly keyValue = createMemoryKeyValue({ clock: this.clock });
  readonly logger = createRecordingLogger();
  readonly store = new PushStore(this.keyValue, this.logger);
  readonly configs = createPushConfigs({ store: this.store, clock: this.clock, ids: createIds() });
  readonly metrics = new Metrics();
  readonly sent: Sent[] = [];
  /** What webhooks answer. */
  answer: (notification: Notification) => SendOutcome | Promise<SendOutcome> = () => ({ taken: true });
  /** False: who listens to logs is told nothing. */
  tellsOfLogs = true;
  /** Called when a reader has found the end of a log, before it is told. */
  onEndOfLog = (): void => {};
  private readonly logs = new Map<string, Log>();
  private readonly dispatchers: PushDispatcher[] = [];
  private lives = 0;

  task(taskId: string, tenantId = "default"): void {
    this.logs.set(`${tenantId}/${taskId}`, { events: [], state: "submitted", listeners: new Set() });
    const data = {
      agent: "a",
      revision: "r",
      contextId: `context-${taskId}`,
      caller: "ann",
      priority: "normal",
      input: 1,
    };
    this.append(taskId, { type: "task.submitted", data }, tenantId);
    this.append(taskId, { type: "task.started", data: {} }, tenantId);
  }

  append(
    taskId: string,
    event: { readonly type: TaskEvent["type"]; readonly data: object },
    tenantId = "default",
  ): void {
    const log = this.logOf({ tenantId, taskId });
    if (log === undefined) throw new Error(`no task ${taskId}`);
    log.events.push({ ...event, seq: (log.events.at(-1)?.seq ?? 0) + 1, at: this.clock.now() } as TaskEvent);
    log.state = stateAfter(event) ?? log.state;
    if (this.tellsOfLogs) for (const listener of log.listeners) listener();
  }

  progress(taskId: string, message: string, tenantId = "default"): void {
    this.append(taskId, { type: "task.progressed", data: { ...CALL, message } }, tenantId);
  }

  /** One event, two notifications. */
  complete(taskId: string, tenantId = "default"): void {
    this.append(taskId, { type: "task.completed", data: { output: "done" } }, tenantId);
  }

  /** Folds the events up to `seq` into one. */
  compact(taskId: string, seq: number, task: A2ATask): void {
    const log = this.logOf({ tenantId: "default", taskId });
    const [first] = log?.events ?? [];
    const submitted = first?.type === "task.submitted" ? { at: first.at, data: first.data } : undefined;
    const data = { submitted, state: "working", task };
    log?.events.splice(0, seq, { seq, at: this.clock.now(), type: "log.compacted", data } as unknown as TaskEvent);
  }

  remove(taskId: string): void {
    this.logs.delete(`default/${taskId}`);
  }

  register(
    taskId: string,
    config: Partial<PushRegistration["config"]> = {},
    more: Partial<PushRegistration> & { readonly scope?: CallerScope } = {},
  ) {
    const { scope = SCOPE, ...registration } = more;
    const full = { taskId, id: "c", url: "https://hook.example/", ...config };
    return this.configs.register(scope, { config: full, version: "1.0", from: 1, ...registration });
  }

  async record(taskId: string, configId = "c", tenantId = "default"): Promise<PushRecord | undefined> {
    return (await this.store.get({ tenantId, taskId, configId }))?.record;
  }

  start(
    options: Partial<PushDispatcherOptions> & { readonly node?: string; readonly leases?: KeyValue } = {},
  ): PushDispatcher {
    const { node = "n1", leases = this.keyValue, ...more } = options;
    this.lives += 1;
    const turns = createNodeTurns({
      ...{ keyValue: leases, isShared: true, senses: this, node, life: `l${this.lives}` },
      ...{ random: () => 0, isLeaving: () => false },
    });
    const dispatcher = new PushDispatcher({
      ...{ store: this.store, clock: this.clock, logger: this.logger, metrics: this.metrics },
      ...{ turns, random: () => 0 },
      toLegacyTask: async ({ id, status }) => ({ kind: "task", id, state: status.state }),
      log: {
        head: async (key) => this.headOf(key),
        read: async (key, after) => {
          const page = this.logOf(key)?.events.filter(({ seq }) => seq > after) ?? [];
          if (page.length === 0) this.onEndOfLog();
          return page.slice(0, 3);
        },
        listen: (key, listener) => {
          const listeners = this.logOf(key)?.listeners;
          listeners?.add(listener);
          return () => void listeners?.delete(listener);
        },
      },
      send: async (notification, signal) => {
        const { record, body, seq, frame } = notification;
        const sent = { at: `${seq}.${frame}`, url: record.config.url, body, time: this.clock.now() };
        this.sent.push(sent);
        if (!eventIdOf(notification).endsWith(`/${sent.at}`)) throw new Error("another event id");
        const outcome = await this.answer(notification);
        signal.throwIfAborted();
        return outcome;
      },
      ...more,
    });
    this.dispatchers.push(dispatcher);
    dispatcher.start();
    return dispatcher;
  }

  /** Everything that can happen without time passing. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) await this.clock.turn();
  }

  /** Of what was sent, the events. */
  get events(): readonly string[] {
    return this.sent.map(({ at }) => at);
  }

  get listeners(): number {
    return [...this.logs.values()].reduce((sum, { listeners }) => sum + listeners.size, 0);
  }

  async close(): Promise<void> {
    for (const dispatcher of this.dispatchers.splice(0)) await dispatcher.close();
  }

  private logOf({ tenantId, taskId }: TaskKey): Log | undefined {
    return this.logs.get(`${tenantId}/${taskId}`);
  }

  private headOf(key: TaskKey): TaskHead | null {
    const log = this.logOf(key);
    if (log === undefined) return null;
    const { tenantId, taskId } = key;
    const head = {
      tenantId,
      taskId,
      contextId: `context-${taskId}`,
      state: log.state,
      seq: log.events.at(-1)?.seq ?? 0,
    };
    return head as TaskHead;
  }
}

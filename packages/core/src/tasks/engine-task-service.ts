/** TaskService on the engine: scoping, cursors, following logs. */
import {
  type A2AMessage,
  type A2ATask,
  DecisionAnswer,
  formatTarget,
  type HeldCall,
  isTerminal,
  PlatformError,
  parseInput,
  type Signal,
  SignalName,
  submissionOf,
  type TaskEvent,
  type TaskEventOf,
} from "@agentcore/contract";
import { isoTime } from "../iso-time.ts";
import { sizeOf } from "../payloads/json-size.ts";
import type { LogPage, TaskHead, TaskKey } from "../ports/index.ts";
import { TYPES_WITHOUT_QUESTIONS } from "./approvals.ts";
import { authorizeTask } from "./authorize-task.ts";
import { assertHoldable, changeBreakpoints, readAskedDebugging, readDebugging, releaseCalls } from "./debug-task.ts";
import { decideTask } from "./decide-task.ts";
import type { TaskEngine } from "./engine.ts";
import { itemsOf } from "./feed.ts";
import { type Forked, forkHash, forkTask } from "./fork-task.ts";
import { readInbox } from "./inbox.ts";
import { decodeCursor, encodeCursor } from "./list-cursor.ts";
import type { LogListener } from "./log-hub.ts";
import { LogReader, READ_BATCH, READ_BYTES, type ReadableLogs } from "./log-reader.ts";
import { askToMigrate, migrateTask, type TaskMigration } from "./migrate-task.ts";
import { permissionsOf } from "./permissions-of.ts";
import { type OpenTaskReplay, replayOpenTasks } from "./replay-open-tasks.ts";
import { replayTask } from "./replay-task.ts";
import { type RestorePoint, RestorePoints } from "./restore-points.ts";
import { SharedDelay } from "./shared-delay.ts";
import { signalTask } from "./signal-task.ts";
import type {
  CallerScope,
  SubmitRequest,
  Submitted,
  TaskListing,
  TaskService,
  TaskViewOptions,
} from "./task-service.ts";
import { TenantTurns } from "./tenant-turns.ts";
import { TaskView, toA2AState, typesUnseen, VIEW_BOUNDS } from "./view.ts";
import { createWake } from "./wake.ts";

// A hint is missed when the node that wrote is lost before it could tell: readers then go on as late as that node's tasks do.
const FOLLOW_POLL_MS = 10_000;
// With what pages take while they are parsed, below 300 MB; a short log is read in a millisecond.
const READS_AT_ONCE = 8;
const MAX_WAITING_CALLS = 1000;
// More than a node serves, each of which waits for one thing: that they begin together again, or hear of the same, refuses none.
const MAX_WAITING_STREAMS = 20_000;
// Code runs in them, in the one thread that runs tasks.
const REPLAYS_AT_ONCE = 2;
const MAX_WAITING_REPLAYS = 20;
const READ_ALREADY = "the logs that are read already";
// In characters of JSON, as much as an answer of events has.
const MAX_LISTING_SIZE = 16 * 1024 * 1024;
// What is read for one page of a list, whatever it shows of it.
const MAX_LISTING_READ = 64 * 1024 * 1024;

export const createTaskService = (engine: TaskEngine): TaskService => {
  const { store, senses, router, hub, recent } = engine;

  /** For whatever reads events that may be large and keeps little of them. What ended a moment ago is in memory anyhow. */
  const turnsOf =
    (turns: TenantTurns) =>
    <Result>(key: TaskKey, work: () => Promise<Result>): Promise<Result> =>
      recent.get(key) === undefined ? turns.run(key.tenantId, work) : work();
  const inTurn = turnsOf(new TenantTurns({ what: READ_ALREADY, places: READS_AT_ONCE, maxWaiting: MAX_WAITING_CALLS }));

  const replays = new TenantTurns({
    what: "the replays under way",
    places: REPLAYS_AT_ONCE,
    maxWaiting: MAX_WAITING_REPLAYS,
  });

  const findHead = async (scope: CallerScope, taskId: string): Promise<TaskHead> => {
    const key: TaskKey = { tenantId: scope.tenantId, taskId };
    const head = recent.get(key)?.head ?? (await store.head(key));
    // Another caller's task looks exactly like one that does not exist (I7).
    if (head === null || (scope.operator !== true && head.caller !== scope.caller)) {
      throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`, { details: { taskId } });
    }
    return head;
  };

  /** What ended a moment ago is given as it is, also with what is to be left out. */
  const readLog = async (
    key: TaskKey,
    { after = 0, limit, maxBytes, without }: LogPage = {},
  ): Promise<readonly TaskEvent[]> => {
    const known = recent.get(key);
    if (known !== undefined) return known.events.slice(after, limit === undefined ? undefined : after + limit);
    return store.readLog(key, {
      after,
      ...(limit === undefined ? {} : { limit }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(without === undefined ? {} : { without }),
    });
  };

  /** The log after a number, page by page, as far as it goes now. */
  async function* readAll(
    key: TaskKey,
    after: number,
    without: readonly TaskEvent["type"][] = [],
  ): AsyncGenerator<TaskEvent, void> {
    for (let from = after; ; ) {
      const page = await readLog(key, { after: from, limit: READ_BATCH, maxBytes: READ_BYTES, without });
      if (page.length === 0) return;
      yield* page;
      from = page.at(-1)?.seq ?? from;
    }
  }
  const logs: ReadableLogs = {
    hub,
    looks: new SharedDelay(FOLLOW_POLL_MS, senses.clock),
    readLog,
    pageInTurn: turnsOf(turnsOfStreams()),
    foldInTurn: turnsOf(turnsOfStreams()),
    head: (key) => store.head(key),
    textsAfter: (key, after) => engine.residents.get(key)?.textsAfter(after) ?? [],
  };

  const follow: TaskService["follow"] = async (scope, taskId, options) => {
    const reader = new LogReader(logs, { tenantId: scope.tenantId, taskId }, options);
    try {
      reader.hear(await findHead(scope, taskId));
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
  };

  const readSubmitted = (key: TaskKey): Promise<SubmittedTask> =>
    inTurn(key, async () => {
      const [first] = await readLog(key, { limit: 1 });
      const submitted = submissionOf(first);
      if (submitted === null) throw new PlatformError("INTERNAL", `task ${key.taskId} has no submission`);
      const { agent, contextId, requestHash, forkedFrom } = submitted.data;
      return { taskId: key.taskId, agent, contextId, requestHash, forkedFrom };
    });

  /** The task that a caller made with that key. */
  const findSubmitted = async (
    { tenantId, caller }: CallerScope,
    idempotencyKey: string | undefined,
  ): Promise<SubmittedTask | null> => {
    if (idempotencyKey === undefined) return null;
    const taskId = await store.findByIdempotencyKey({ tenantId, caller, idempotencyKey });
    return taskId === null ? null : readSubmitted({ tenantId, taskId });
  };

  /** The view of a log of any length, read page by page, as far at least as the head says; `read` counts what was read for it. */
  const project = async (head: TaskHead, options: TaskViewOptions = {}): Promise<Projected> => {
    const view = new TaskView(head.taskId, "", { ...options, bounds: VIEW_BOUNDS });
    const known = recent.get(head);
    if (known !== undefined) {
      for (const event of known.events) view.apply(event);
      return { task: view.snapshot(), size: view.size, read: 0 };
    }
    const without = typesUnseen(options);
    const fold = async (): Promise<Projected> => {
      let read = 0;
      // By the number read last, not by how many: what is below the floor of a compacted log is one event.
      for (let after = 0; ; ) {
        const page = await readLog(head, { after, limit: READ_BATCH, maxBytes: READ_BYTES, without });
        for (const event of page) {
          view.apply(event);
          read += sizeOf(event.data);
        }
        after = page.at(-1)?.seq ?? after;
        // A short page may have been a large one, and what was left out of it the last of the log.
        if (page.length === 0 || (page.length < READ_BATCH && after >= head.seq))
          return { task: view.snapshot(), size: view.size, read };
      }
    };
    return inTurn(head, fold);
  };

  /** Over what was asked, before anything is filled in: a repeat brings just that. A message is known by its id. */
  const hashOf = (request: SubmitRequest): string | undefined => {
    const { idempotencyKey, target, skill, contextId, message, input, priority = "normal", breakpoints = [] } = request;
    if (idempotencyKey === undefined || message !== undefined) return undefined;
    const asked = [
      formatTarget(target),
      skill,
      contextId,
      input,
      ...(priority === "normal" ? [] : [priority]),
      ...(breakpoints.length === 0 ? [] : [breakpoints]),
    ];
    return senses.digest.sha256(JSON.stringify(asked));
  };

  /** One log that cannot be read does not hide the other tasks: its task is shown as the index knows it. */
  const projectListed = async (head: TaskHead, options: TaskViewOptions): Promise<Projected> => {
    try {
      return await project(head, options);
    } catch (thrown) {
      const { tenantId, taskId, contextId, state } = head;
      const error = PlatformError.from(thrown);
      if (error.code === "OVERLOADED") throw error;
      // What has too many artifacts to show them is in order.
      if (error.code !== "TOO_LARGE")
        senses.logger.log("error", `cannot read the log: ${error.message}`, { tenantId, taskId });
      const status = { state: toA2AState(state), timestamp: isoTime(head.updatedAt) };
      return { task: { id: taskId, contextId, status }, size: 0, read: 0 };
    }
  };

  /** As many of the first as an answer holds, one at least: task after task, so that no more is in memory. */
  const projectPage = async (heads: readonly TaskHead[], options: TaskViewOptions): Promise<readonly A2ATask[]> => {
    const tasks: A2ATask[] = [];
    let [size, read] = [0, 0];
    for (const head of heads) {
      const projected = await projectListed(head, options);
      size += projected.size;
      if (size > MAX_LISTING_SIZE && tasks.length > 0) break;
      tasks.push(projected.task);
      read += projected.read;
      if (read > MAX_LISTING_READ) break;
    }
    return tasks;
  };

  /** Whether the log has taken the message in. An ended task's keys are forgotten, so its log is looked through. */
  const hasTaken = async (head: TaskHead, messageId: string): Promise<boolean> => {
    const isIt = (message: A2AMessage | undefined) => message?.messageId === messageId;
    const isIn = (event: TaskEvent): boolean =>
      event.type === "log.compacted"
        ? (event.data.task.history?.some(isIt) ?? false)
        : (event.type === "message.added" || event.type === "task.submitted") && isIt(event.data.message);
    const key = { tenantId: head.tenantId, taskId: head.taskId };
    if (!isTerminal(head.state)) {
      if (await store.hasTaken(key, mailKeyOf(messageId))) return true;
      // What the task began with came by no mailbox.
      return inTurn(key, async () => (await readLog(key, { limit: 1 })).some(isIn));
    }
    return inTurn(key, async () => {
      for await (const event of readAll(key, 0, typesUnseen({ artifacts: false }))) if (isIn(event)) return true;
      return false;
    });
  };

  const decide: TaskService["decide"] = async (scope, taskId, answer, { signal } = {}) => {
    const key: TaskKey = { tenantId: scope.tenantId, taskId };
    return decideTask(engine, scope, key, answer, {
      signal,
      head: async () => recent.get(key)?.head ?? (await store.head(key)),
      readLog: (after) => readAll(key, after, TYPES_WITHOUT_QUESTIONS),
      inTurn: (work) => inTurn(key, work),
    });
  };

  const post = async (
    scope: CallerScope,
    taskId: string,
    mail: { key: string; kind: "message" | "cancel" | "retry"; payload: unknown },
  ) => engine.mail.post(scope.tenantId, { taskId, ...mail, ifTerminal: "refuse" });

  return {
    async submit(scope: CallerScope, request: SubmitRequest): Promise<Submitted> {
      // Urgent work passes everybody else's: not for whoever asks (design: Fairness).
      if (request.priority === "urgent" && scope.operator !== true)
        throw new PlatformError("PERMISSION_DENIED", "priority: urgent needs the operator role; use high", {
          violations: [{ field: "priority", description: "expected low, normal or high" }],
        });
      const { breakpoints = [] } = request;
      if (breakpoints.length > 0 && scope.operator !== true)
        throw new PlatformError(
          "PERMISSION_DENIED",
          "breakpoints: holding a task before calls needs the operator role",
          {
            violations: [{ field: "breakpoints", description: "expected none" }],
          },
        );
      const statedContext = request.contextId ?? request.message?.contextId;
      const contextId = statedContext ?? senses.ids.next();
      const input =
        request.input === undefined && request.message !== undefined ? inputOf(request.message) : request.input;
      const requestHash = hashOf(request);
      const repeated = { requestHash, contextId: statedContext };
      const before = async (): Promise<Submitted | null> => {
        const known = await findSubmitted(scope, request.idempotencyKey);
        return known === null ? null : acceptedBefore(known, repeated);
      };
      // Looked up before routing, which may choose somebody else today. A named agent is chosen again anyhow, and the
      // key is then found by the write itself, or, when the agent has gone or changed its input, after the refusal.
      const isNamed = "agent" in request.target;
      const known = isNamed ? null : await before();
      if (known !== null) return known;
      const { tenantId, caller, passes } = scope;
      const permissions = passes === undefined ? scope.permissions : [...(scope.permissions ?? []), ...passes];
      const { target, skill, priority, deadline, traceparent } = request;
      const draft = {
        ...{ tenantId, caller, permissions, source: "gateway", target, payload: input },
        ...{ skill, priority, deadline, traceparent, contextId },
      };
      try {
        const birth = await router.command(draft, (choice) =>
          engine.admission.create(choice, {
            ...request,
            tenantId,
            caller,
            contextId,
            input,
            requestHash,
            permissions: permissionsOf(scope),
          }),
        );
        if (!birth.existing) return { ...birth, contextId };
        return acceptedBefore(await readSubmitted({ tenantId, taskId: birth.taskId }), repeated);
      } catch (error) {
        const accepted = isNamed ? await before() : null;
        if (accepted !== null) return accepted;
        throw error;
      }
    },

    async send(scope, taskId, message) {
      const head = await findHead(scope, taskId);
      if (message.contextId !== undefined && message.contextId !== head.contextId) {
        throw new PlatformError("INVALID_ARGUMENT", `task ${taskId} belongs to another context`, {
          violations: [{ field: "message.contextId", description: `expected ${head.contextId} or nothing` }],
        });
      }
      // A decision is no message: it is judged apart, and its token stands in no history.
      const answer = decisionIn(message);
      if (answer !== null) {
        await decide(scope, taskId, answer);
        return "decided";
      }
      if (!isTerminal(head.state)) {
        if (await hasTaken(head, message.messageId)) return "repeated";
        await engine.mail.assertRoom(head);
        const mail = { key: mailKeyOf(message.messageId), kind: "message", payload: message } as const;
        if ((await post(scope, taskId, mail)) === "accepted") return "accepted";
      }
      // Somebody whose answer was lost asks again: the message was taken in, and the task has ended since.
      const ended = await findHead(scope, taskId);
      if (await hasTaken(ended, message.messageId)) return "repeated";
      throw new PlatformError(
        "TASK_TERMINAL",
        `task ${taskId} has ended (${ended.state}); start a new one in context ${ended.contextId}`,
        { details: { taskId, contextId: ended.contextId } },
      );
    },

    async cancel(scope, taskId, reason) {
      const head = await findHead(scope, taskId);
      if (head.state === "canceled") return;
      const payload = { by: scope.caller, ...(reason === undefined ? {} : { reason }) };
      // A task can be parked after a cancel was taken in, in its clean-up: another ends it, at a time of its own.
      const key = head.state === "parked" ? `cancel:${head.seq}:${senses.clock.now()}` : "cancel";
      const accepted = isTerminal(head.state)
        ? "terminal"
        : await post(scope, taskId, { key, kind: "cancel", payload });
      if (accepted === "accepted") return;
      const now = await findHead(scope, taskId);
      if (now.state !== "canceled")
        throw new PlatformError("TASK_NOT_CANCELABLE", `task ${taskId} is ${now.state} already`, {
          details: { taskId, state: now.state },
        });
    },

    async authorize(scope, taskId, decision) {
      const head = await findHead(scope, taskId);
      await authorizeTask(engine, head, scope.caller, decision, {
        readLog: (after) => readAll(head, after),
        inTurn: (work) => inTurn(head, work),
      });
    },

    decide,

    inbox: (scope, request = {}) =>
      readInbox(engine, scope, request, {
        readLog: (key, after) => readAll(key, after, TYPES_WITHOUT_QUESTIONS),
        inTurn,
      }),

    async signal(scope, taskId, { name, payload, id = senses.ids.next() }) {
      parseInput(SignalName, name, "the name of the signal");
      const head = await findHead(scope, taskId);
      const signal: Signal = { id, name, by: scope.caller, ...(payload === undefined ? {} : { payload }) };
      return signalTask(engine, head, signal, {
        readLog: (after, without) => readAll(head, after, without),
        inTurn: (work) => inTurn(head, work),
      });
    },

    async retry(scope, taskId) {
      const head = await findHead(scope, taskId);
      if (head.state !== "parked")
        throw new PlatformError(
          "TASK_NOT_RETRIABLE",
          `task ${taskId} is ${head.state}; only a parked task can be retried`,
          { details: { taskId, state: head.state } },
        );
      const mail = { key: `retry:${head.seq}`, kind: "retry", payload: { by: scope.caller } } as const;
      if ((await post(scope, taskId, mail)) === "terminal")
        throw new PlatformError("TASK_NOT_RETRIABLE", `task ${taskId} has ended meanwhile`, { details: { taskId } });
    },

    async replay(scope, taskId, request = {}) {
      const head = await findHead(scope, taskId);
      return replays.run(head.tenantId, () => replayTask(engine, head, request));
    },

    async replayOpen(scope, agent, request = {}) {
      assertOperator(scope, "all open tasks of an agent");
      const { tenantId } = scope;
      return replayOpenTasks(engine, { tenantId, agent }, request, (work) => replays.run(tenantId, work));
    },

    async migrate(scope, taskId, request = {}, { signal } = {}) {
      assertOperator(scope, "moving tasks to another revision");
      const head = await findHead(scope, taskId);
      return migrateTask(engine, head, {
        ...{ by: scope.caller, request, signal },
        readLog: (after) => readAll(head, after),
        inTurn: (work) => replays.run(head.tenantId, work),
      });
    },

    async migrateOpen(scope, agent, { dryRun, ...request } = {}, { signal } = {}) {
      assertOperator(scope, "moving tasks to another revision");
      const { tenantId, caller: by } = scope;
      const report = await replayOpenTasks(engine, { tenantId, agent }, request, (work) => replays.run(tenantId, work));
      const { revision } = report;
      const move = async (replay: OpenTaskReplay): Promise<TaskMigration> => {
        const head = await store.head({ tenantId, taskId: replay.taskId });
        const asked = { ...replay, to: revision, outcome: "refused" as const, reason: "it has ended meanwhile" };
        if (head === null || isTerminal(head.state)) return asked;
        try {
          return await askToMigrate(engine, head, replay, {
            ...{ by, request: { revision, rules: request.rules, dryRun }, signal },
            readLog: (after) => readAll(head, after),
          });
        } catch (error) {
          // One that ends meanwhile does not hide the others.
          if (PlatformError.is(error) && error.code === "TASK_TERMINAL") return asked;
          throw error;
        }
      };
      return { ...report, tasks: await Promise.all(report.tasks.map(move)) };
    },

    async fork(scope, taskId, request = {}) {
      const head = await findHead(scope, taskId);
      const requestHash = forkHash(senses.digest, taskId, request);
      const before = async (): Promise<Forked | null> => {
        const known = await findSubmitted(scope, request.idempotencyKey);
        if (known === null) return null;
        return { ...acceptedBefore(known, { requestHash, contextId: undefined }), at: known.forkedFrom?.seq ?? 1 };
      };
      const known = await before();
      if (known !== null) return known;
      const forked = await replays.run(head.tenantId, () => forkTask(engine, scope, head, request));
      // Another call with the key was first.
      return forked.existing ? ((await before()) ?? forked) : forked;
    },

    async restorePoints(scope, taskId, { after = 0, limit = 100, ...policy } = {}) {
      const head = await findHead(scope, taskId);
      return inTurn(head, async () => {
        const chosen = new RestorePoints(policy, senses.digest);
        const points: RestorePoint[] = [];
        for await (const event of readAll(head, 0, TYPES_UNRESTORED)) {
          if (event.seq > head.seq) break;
          const point = chosen.take(event);
          if (point === null || point.seq <= after) continue;
          if (points.length === limit) return { points, nextAfter: points.at(-1)?.seq ?? null };
          points.push(point);
        }
        return { points, nextAfter: null };
      });
    },

    async debugging(scope, taskId) {
      const head = await findHead(scope, taskId);
      return inTurn(head, () => readAskedDebugging(engine, head));
    },

    async changeBreakpoints(scope, taskId, request) {
      const head = await findHead(scope, taskId);
      assertHoldable(head);
      if (!isTerminal(head.state) && (request.breakpoints.length > 0 || request.next === true))
        await engine.debugged.add(head);
      await changeBreakpoints(engine, head, scope.caller, request);
    },

    async held(tenantId, tasks) {
      const held = new Map<string, readonly HeldCall[]>();
      for (const head of await engine.debugged.among(tenantId, tasks)) {
        const debugging = await inTurn(head, () => readDebugging(engine, head)).catch((error: unknown) => {
          // What has recorded too much to look into is listed all the same.
          if (PlatformError.is(error) && error.code === "TOO_LARGE") return null;
          throw error;
        });
        if (debugging !== null && debugging.held.length > 0) held.set(head.taskId, debugging.held);
      }
      return held;
    },

    async release(scope, taskId, request) {
      const head = await findHead(scope, taskId);
      await inTurn(head, () => releaseCalls(engine, head, scope.caller, request));
    },

    head: findHead,

    async view(scope, taskId, options) {
      return (await project(await findHead(scope, taskId), options)).task;
    },

    async log(scope, taskId, options = {}) {
      const head = await findHead(scope, taskId);
      return inTurn(head, () => readLog(head, options));
    },

    async list(scope, request): Promise<TaskListing> {
      const limit = request.pageSize ?? 50;
      const { heads, total } = await store.list({
        tenantId: scope.tenantId,
        caller: scope.operator === true ? undefined : scope.caller,
        contextId: request.contextId,
        agent: request.agent,
        parentTaskId: request.parentTaskId,
        states: request.states,
        updatedSince: request.updatedSince,
        limit: limit + 1,
        after:
          request.pageToken === undefined || request.pageToken === "" ? undefined : decodeCursor(request.pageToken),
      });
      const asked = heads.slice(0, limit);
      const tasks = request.views === undefined ? [] : await projectPage(asked, request.views);
      const page = request.views === undefined ? asked : asked.slice(0, tasks.length);
      const last = page.at(-1);
      return {
        tasks,
        heads: page,
        nextPageToken: heads.length > page.length && last !== undefined ? encodeCursor(last) : "",
        totalSize: total,
      };
    },

    follow,

    async *events(scope, taskId, { after, signal } = {}) {
      const log = await follow(scope, taskId, { after });
      const close = () => log.close();
      signal?.addEventListener("abort", close, { once: true });
      if (signal?.aborted === true) close();
      try {
        for await (const event of itemsOf(log)) {
          if (signal?.aborted === true) return;
          yield event;
        }
      } finally {
        signal?.removeEventListener("abort", close);
      }
    },

    async settled(scope, taskId, options = {}) {
      const key = { tenantId: scope.tenantId, taskId };
      // All that it takes to wait is dear beside a task that was written in one unit.
      if (recent.get(key) !== undefined) return findHead(scope, taskId);
      const { signal } = options;
      const wake = createWake();
      const listener: LogListener = {
        hear: (hint) => {
          if (hint === null || (hint.state !== "submitted" && hint.state !== "working")) wake.ring();
        },
      };
      hub.listen(key, listener);
      const onAbort = (): void => wake.ring();
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        for (;;) {
          const head = await findHead(scope, taskId);
          if ((head.state !== "submitted" && head.state !== "working") || signal?.aborted === true) return head;
          const timer = senses.clock.after(FOLLOW_POLL_MS, () => wake.ring());
          await wake.rung();
          timer.cancel();
        }
      } finally {
        hub.unlisten(key, listener);
        signal?.removeEventListener("abort", onAbort);
      }
    },
  };
};

/** Nothing to go back to, and not to be read. */
const TYPES_UNRESTORED = [
  ...(["task.assigned", "task.started", "task.progressed", "task.resumed", "decision.made", "step.started"] as const),
  ...(["artifact.appended", "message.added", "task.inputRequired", "task.authRequired", "call.held"] as const),
];

const assertOperator = ({ operator }: CallerScope, what: string): void => {
  if (operator !== true) throw new PlatformError("PERMISSION_DENIED", `${what} is for the operator role`);
};

const turnsOfStreams = (): TenantTurns =>
  new TenantTurns({ what: READ_ALREADY, places: READS_AT_ONCE, maxWaiting: MAX_WAITING_STREAMS });

interface Projected {
  readonly task: A2ATask;
  readonly size: number;
  readonly read: number;
}

/** A message comes in once. */
const mailKeyOf = (messageId: string): string => `message:${messageId}`;

/** Nothing of what was asked, which may be large. */
interface SubmittedTask
  extends Pick<TaskEventOf<"task.submitted">["data"], "agent" | "contextId" | "requestHash" | "forkedFrom"> {
  readonly taskId: string;
}

/** Throws CONFLICT when the key stood for something else: A2A asks that a client's context is kept or refused, never replaced. */
const acceptedBefore = (
  { taskId, ...before }: SubmittedTask,
  { requestHash, contextId }: { readonly requestHash: string | undefined; readonly contextId: string | undefined },
): Submitted => {
  // Older tasks have no hash to compare.
  if (before.requestHash !== undefined && before.requestHash !== requestHash)
    throw new PlatformError(
      "CONFLICT",
      `the idempotency key was used for task ${taskId} of agent ${before.agent}, which was asked for something else; use a key of its own for each request`,
      { details: { taskId } },
    );
  if (contextId !== undefined && contextId !== before.contextId)
    throw new PlatformError(
      "CONFLICT",
      `the same message or key began task ${taskId} in context ${before.contextId}; send it in that context, or with an id of its own in another`,
      { details: { taskId, contextId: before.contextId } },
    );
  return { taskId, existing: true, contextId: before.contextId };
};

/** What `run` gets from a message that states no input of its own: its data, else its text. */
const inputOf = (message: A2AMessage): unknown => {
  const texts: string[] = [];
  for (const { data, text } of message.parts) {
    if (data !== undefined) return data;
    if (text !== undefined) texts.push(text);
  }
  return texts.length === message.parts.length ? texts.join("\n") : { parts: message.parts };
};

/** What a message says about a decision: `{ approval: { token, … } }` in one of its parts. Throws INVALID_ARGUMENT. */
const decisionIn = ({ parts, messageId }: A2AMessage): DecisionAnswer | null => {
  for (const { data } of parts) {
    const approval = (data as { readonly approval?: { readonly token?: unknown } | null } | null | undefined)?.approval;
    if (typeof approval?.token !== "string") continue;
    return parseInput(DecisionAnswer, { ...approval, id: messageId }, "the decision in the message");
  }
  return null;
};

/** TaskService on the engine: whose task it is, and which part of the engine does what is asked. */
import { type HeldCall, isTerminal, PlatformError, parseInput, type Signal, SignalName } from "@agentcore/contract";
import type { TaskHead, TaskKey } from "../ports/index.ts";
import { TYPES_WITHOUT_QUESTIONS } from "./approvals.ts";
import { authorizeTask } from "./authorize-task.ts";
import { assertHoldable, changeBreakpoints, readAskedDebugging, readDebugging, releaseCalls } from "./debug-task.ts";
import { decideTask } from "./decide-task.ts";
import type { TaskEngine } from "./engine.ts";
import { itemsOf } from "./feed.ts";
import { type Forked, forkHash, forkTask } from "./fork-task.ts";
import { readInbox } from "./inbox.ts";
import { decodeCursor, encodeCursor } from "./list-cursor.ts";
import { LogReader } from "./log-reader.ts";
import { migrateOpenTasks } from "./migrate-open-tasks.ts";
import { migrateTask } from "./migrate-task.ts";
import { replayOpenTasks } from "./replay-open-tasks.ts";
import { replayTask } from "./replay-task.ts";
import { type RestorePoint, RestorePoints } from "./restore-points.ts";
import { sendToTask } from "./send-to-task.ts";
import { signalTask } from "./signal-task.ts";
import { acceptedBefore, createSubmissions } from "./submissions.ts";
import { createTaskLogs } from "./task-logs.ts";
import type { CallerScope, TaskListing, TaskService } from "./task-service.ts";
import { createTaskViews } from "./task-views.ts";
import { TenantTurns } from "./tenant-turns.ts";
import { waitUntilSettled } from "./wait-until-settled.ts";

// Code runs in them, in the one thread that runs tasks.
const REPLAYS_AT_ONCE = 2;
const MAX_WAITING_REPLAYS = 20;

export const createTaskService = (engine: TaskEngine): TaskService => {
  const { store, senses, recent } = engine;
  const logs = createTaskLogs(engine);
  const { readAll, inTurn } = logs;
  const views = createTaskViews(engine, logs);
  const submissions = createSubmissions(engine, logs);

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

  const follow: TaskService["follow"] = async (scope, taskId, options) => {
    const reader = new LogReader(logs.readable, { tenantId: scope.tenantId, taskId }, options);
    try {
      reader.hear(await findHead(scope, taskId));
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
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
    mail: { key: string; kind: "cancel" | "retry"; payload: unknown },
  ) => engine.mail.post(scope.tenantId, { taskId, ...mail, ifTerminal: "refuse" });

  return {
    submit: submissions.submit,

    send: (scope, taskId, message) =>
      sendToTask(engine, logs, message, {
        findHead: () => findHead(scope, taskId),
        decide: (answer) => decide(scope, taskId, answer),
      }),

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

    async migrateOpen(scope, agent, request = {}, { signal } = {}) {
      assertOperator(scope, "moving tasks to another revision");
      const { tenantId, caller: by } = scope;
      const inTurnOfReplays = <Result>(work: () => Promise<Result>) => replays.run(tenantId, work);
      return migrateOpenTasks(engine, logs, { tenantId, agent, by }, request, { inTurn: inTurnOfReplays, signal });
    },

    async fork(scope, taskId, request = {}) {
      const head = await findHead(scope, taskId);
      const requestHash = forkHash(senses.digest, taskId, request);
      const before = async (): Promise<Forked | null> => {
        const known = await submissions.find(scope, request.idempotencyKey);
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
      return views.show(await findHead(scope, taskId), options);
    },

    async log(scope, taskId, options = {}) {
      const head = await findHead(scope, taskId);
      return inTurn(head, () => logs.read(head, options));
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
      const tasks = request.views === undefined ? [] : await views.showPage(asked, request.views);
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

    async settled(scope, taskId, { signal } = {}) {
      const key = { tenantId: scope.tenantId, taskId };
      // All that it takes to wait is dear beside a task that was written in one unit.
      if (recent.get(key) !== undefined) return findHead(scope, taskId);
      return waitUntilSettled(engine, key, () => findHead(scope, taskId), signal);
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

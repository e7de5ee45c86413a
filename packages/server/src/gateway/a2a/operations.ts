/** A2A's operations on the TaskService, the same for every binding. Params are validated by then. */
import type {
  A2AVersion,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTasksRequest,
  SendMessageRequest,
  SubscribeToTaskRequest,
  TaskPushNotificationConfig,
} from "@agentcore/contract";
import {
  type A2ATask,
  type A2ATaskState,
  type AgentCard,
  isTerminal,
  PlatformError,
  type Priority,
  type TaskState,
} from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { z } from "zod";
import { digestId } from "../../digest-id.ts";
import { hopsOf } from "../../remote/hops.ts";
import type { AgentDescription } from "../deps/agents.ts";
import type { GatewaySettings } from "../deps/gateway-deps.ts";
import type { PushConfigService, RegisteredConfig } from "../deps/push-config-service.ts";
import type { Client, OpenCall, OpenCalls } from "../http/open-calls.ts";
import { OpenStream } from "../http/open-stream.ts";
import type { PendingAnswers } from "../http/pending-answers.ts";
import type { LastEventId } from "../http/server-sent-events.ts";
import { StreamRoom } from "../http/stream-room.ts";
import { checkMediaTypes, checkOutputModes } from "./check-media-types.ts";
import { RESUMABLE_STREAMS } from "./extensions.ts";
import { messageAnswered, taskEnded } from "./follow-up.ts";
import { projectTask } from "./project-task.ts";
import { type TaskFrame, TaskStream, type TaskStreamOptions } from "./task-stream.ts";

export interface A2ACall {
  readonly scope: CallerScope;
  readonly agent: AgentDescription;
  /** Aborts when the client goes away, which never cancels a task. */
  readonly client: Client;
  readonly lastEventId: LastEventId | null;
  /** URIs of the extensions that both sides speak. @default none */
  readonly extensions?: readonly string[] | undefined;
  readonly traceparent?: string | undefined;
  /** Of the protocol that the client speaks. @default "1.0" */
  readonly version?: A2AVersion | undefined;
  /** Of a task that is begun. @default "normal" */
  readonly priority?: Priority | undefined;
}

export interface A2AOperationsDeps {
  readonly tasks: TaskService;
  readonly push: PushConfigService;
  readonly settings: GatewaySettings;
  readonly streams: OpenCalls;
  readonly waits: OpenCalls;
  readonly answers: PendingAnswers;
  /** Throws UNSUPPORTED_OPERATION. */
  readonly extendedCard: (call: A2ACall) => Promise<AgentCard>;
}

type Params<Schema extends z.ZodType> = z.output<Schema>;

/** A message that has come to its task. */
interface Delivery {
  readonly taskId: string;
  /** The task before it; null when the message begins it. */
  readonly before: TaskHead | null;
  readonly isRepeat: boolean;
  /** The log has taken it in when it is answered, and no message of it comes. */
  readonly isDecision: boolean;
}

export const createA2AOperations = ({
  tasks,
  push,
  settings,
  streams,
  waits,
  answers,
  extendedCard,
}: A2AOperationsDeps) => {
  const cancelWaitMs = settings.cancelWaitMs ?? 5000;

  const ownHead = async (call: A2ACall, taskId: string): Promise<TaskHead> => {
    const head = await tasks.head(call.scope, taskId);
    // Each agent is an A2A server of its own: at its address there are its tasks only.
    if (head.agent !== call.agent.name)
      throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`, { details: { taskId } });
    return head;
  };

  /** Refused before the work is begun, when as many wait as may. */
  const waiting = async <T>(call: A2ACall, work: (open: OpenCall) => Promise<T>): Promise<T> => {
    const open = waits.begin(call.scope, call.client);
    try {
      return await work(open);
    } finally {
      open.end();
    }
  };

  const submit = (call: A2ACall, { message, metadata }: SendMessageRequest) =>
    tasks.submit(call.scope, {
      target: { agent: call.agent.name },
      message,
      contextId: message.contextId,
      priority: call.priority,
      // One message may go to several agents.
      idempotencyKey: `${call.agent.name}/${message.messageId}`,
      traceparent: call.traceparent,
      hops: hopsOf(message),
      metadata,
    });

  const check = (call: A2ACall, params: SendMessageRequest): void => {
    checkMediaTypes(call.agent, params.message);
    checkOutputModes(call.agent, params.configuration?.acceptedOutputModes);
  };

  const register = (call: A2ACall, config: TaskPushNotificationConfig, from: number): Promise<RegisteredConfig> =>
    push.register(call.scope, { config, version: call.version ?? "1.0", from });

  const inlineConfig = ({ message, configuration }: SendMessageRequest) => {
    const config = configuration?.taskPushNotificationConfig;
    if (config === undefined) return null;
    return { ...config, id: config.id ?? digestId(message.messageId) };
  };

  /** Before work is begun whose configuration would be refused. */
  const assertInlineRoom = async (call: A2ACall, params: SendMessageRequest, taskId?: string): Promise<void> => {
    const config = inlineConfig(params);
    if (config === null) return;
    await push.assertRoom(call.scope, taskId === undefined ? undefined : { taskId, id: config.id });
  };

  /**
   * What a message brings along. Registered once its task is there, for what the task did from event `from` on: its log has it all. Null, when
   * the task was there before: from now on, beginning with the task as a whole. The same message again finds its configuration, and makes it
   * when the node died in between.
   */
  const registerInline = async (
    call: A2ACall,
    params: SendMessageRequest,
    taskId: string,
    from: number | null,
  ): Promise<void> => {
    const config = inlineConfig(params);
    if (config !== null) await register(call, { ...config, taskId }, from ?? (await ownHead(call, taskId)).seq);
  };

  /** Brings a message to its task, or begins one with it; what it brings along is registered then. */
  const deliver = async (call: A2ACall, params: SendMessageRequest): Promise<Delivery> => {
    const { message } = params;
    const before = message.taskId === undefined ? null : await ownHead(call, message.taskId);
    await assertInlineRoom(call, params, before?.taskId);
    if (before === null) {
      const { taskId, existing } = await submit(call, params);
      await registerInline(call, params, taskId, existing ? null : 1);
      return { taskId, before, isRepeat: existing, isDecision: false };
    }
    const { taskId, seq } = before;
    // The caller may repeat a call whose answer got lost.
    const outcome = await tasks.send(call.scope, taskId, message);
    await registerInline(call, params, taskId, seq);
    return { taskId, before, isRepeat: outcome === "repeated", isDecision: outcome === "decided" };
  };

  /** Waits for what comes of it. */
  const answered = async (
    call: A2ACall,
    { taskId, before, isRepeat, isDecision }: Delivery,
    messageId: string,
    open: OpenCall,
  ): Promise<void> => {
    if (before === null || isRepeat || isDecision) await tasks.settled(call.scope, taskId, open);
    else await messageAnswered(tasks, call.scope, before, messageId, open.signal);
  };

  /** Place and room are there before `prepare` stores anything; the place is given back when that fails. Afterwards nothing is refused. */
  const openStream = async (
    call: A2ACall,
    prepare: () => Promise<TaskStreamOptions & { readonly taskId: string }>,
  ): Promise<OpenStream<TaskFrame>> => {
    // A stream keeps what it is given for as long as it is open: not the call, which has its whole request.
    const { scope } = call;
    answers.assertRoom(scope);
    const open = streams.begin(scope, call.client);
    try {
      const { taskId, ...prepared } = await prepare();
      const numbered = call.extensions?.includes(RESUMABLE_STREAMS);
      const room = new StreamRoom(answers, scope);
      const openLog = (live: boolean) => tasks.follow(scope, taskId, { hasRoom: room.hasRoom, live });
      const log = await openLog(numbered !== true);
      const stream = new TaskStream(taskId, log, { ...prepared, numbered }, () => openLog(false));
      return new OpenStream(stream, open, room);
    } catch (error) {
      open.end();
      throw error;
    }
  };

  return {
    async sendMessage(call: A2ACall, params: SendMessageRequest): Promise<{ task: A2ATask }> {
      check(call, params);
      const { message, configuration } = params;
      const work = async (open?: OpenCall): Promise<string> => {
        const delivery = await deliver(call, params);
        if (open !== undefined) await answered(call, delivery, message.messageId, open);
        return delivery.taskId;
      };
      const taskId = configuration?.returnImmediately === true ? await work() : await waiting(call, work);
      const shown = { historyLength: configuration?.historyLength };
      return { task: projectTask(await tasks.view(call.scope, taskId, shown), shown) };
    },

    async sendStreamingMessage(call: A2ACall, params: SendMessageRequest): Promise<OpenStream<TaskFrame>> {
      check(call, params);
      const { message, configuration } = params;
      return openStream(call, async () => {
        const { taskId, before, isRepeat, isDecision } = await deliver(call, params);
        const historyLength = configuration?.historyLength;
        const options = { taskId, snapshot: true, endAtInputRequired: true, historyLength };
        if (isDecision)
          return { ...options, from: (await ownHead(call, taskId)).seq, endAtSnapshotOfInputRequired: true };
        if (before !== null)
          return {
            ...options,
            from: before.seq,
            answerTo: message.messageId,
            endAtSnapshotOfInputRequired: isRepeat,
          };
        // The snapshot of a new task is its first event; whatever it did since then follows as updates.
        if (!isRepeat) return { ...options, from: 1 };
        const { seq } = await ownHead(call, taskId);
        const seen = call.lastEventId;
        if (seen !== null && seen.seq < seq) return { ...options, from: seen.seq, snapshot: seen.isAhead };
        return { ...options, from: seq, endAtSnapshotOfInputRequired: true };
      });
    },

    subscribeToTask(call: A2ACall, { id }: Params<typeof SubscribeToTaskRequest>): Promise<OpenStream<TaskFrame>> {
      return openStream(call, async () => {
        const head = await ownHead(call, id);
        const seen = call.lastEventId;
        const resumes = seen !== null && seen.seq < head.seq;
        if (isTerminal(head.state) && !resumes) {
          throw new PlatformError(
            "UNSUPPORTED_OPERATION",
            `task ${id} has ended (${head.state}): read it with GetTask`,
            { details: { taskId: id } },
          );
        }
        const from = resumes ? seen.seq : head.seq;
        // Of the text that a client has beyond the log nobody knows how much: the task as of that number takes its place.
        return { taskId: id, from, snapshot: !resumes || seen.isAhead, endAtInputRequired: false };
      });
    },

    async getTask(call: A2ACall, { id, historyLength }: Params<typeof GetTaskRequest>): Promise<A2ATask> {
      await ownHead(call, id);
      return projectTask(await tasks.view(call.scope, id, { historyLength }), { historyLength });
    },

    async listTasks(call: A2ACall, params: ListTasksRequest) {
      const pageSize = params.pageSize ?? 50;
      const projection = { historyLength: params.historyLength, artifacts: params.includeArtifacts === true };
      const listing = await tasks.list(call.scope, {
        agent: call.agent.name,
        views: projection,
        contextId: params.contextId,
        states: params.status === undefined ? undefined : STATES[params.status],
        updatedSince: params.statusTimestampAfter === undefined ? undefined : Date.parse(params.statusTimestampAfter),
        pageSize,
        pageToken: params.pageToken,
      });
      return {
        tasks: listing.tasks.map((task) => projectTask(task, projection)),
        nextPageToken: listing.nextPageToken,
        pageSize,
        totalSize: listing.totalSize,
      };
    },

    async cancelTask(call: A2ACall, { id }: Params<typeof CancelTaskRequest>): Promise<A2ATask> {
      const head = await ownHead(call, id);
      await tasks.cancel(call.scope, id);
      // Stopping work is never refused for want of a place to wait.
      if (head.state !== "canceled" && !waits.isFull(call.scope))
        await waiting(call, ({ signal }) =>
          withTimeout(signal, cancelWaitMs, (limited) => taskEnded(tasks, call.scope, head, limited)),
        );
      const task = await tasks.view(call.scope, id);
      const { state } = task.status;
      // The cancel was accepted, but the task's end was committed first (I2).
      if (state === "TASK_STATE_COMPLETED" || state === "TASK_STATE_FAILED" || state === "TASK_STATE_REJECTED") {
        throw new PlatformError("TASK_NOT_CANCELABLE", `task ${id} ended before the cancel reached it`, {
          details: { taskId: id, state },
        });
      }
      return projectTask(task);
    },

    async createPushConfig(call: A2ACall, config: TaskPushNotificationConfig): Promise<RegisteredConfig> {
      const { seq } = await ownHead(call, config.taskId);
      return register(call, config, seq);
    },

    async getPushConfig(
      call: A2ACall,
      { taskId, id }: Params<typeof GetTaskPushNotificationConfigRequest>,
    ): Promise<RegisteredConfig> {
      await ownHead(call, taskId);
      return push.get(call.scope, taskId, id);
    },

    async listPushConfigs(
      call: A2ACall,
      { taskId, pageSize, pageToken }: Params<typeof ListTaskPushNotificationConfigsRequest>,
    ) {
      await ownHead(call, taskId);
      return push.list(call.scope, taskId, { pageSize: pageSize || 50, pageToken });
    },

    async deletePushConfig(
      call: A2ACall,
      { taskId, id }: Params<typeof DeleteTaskPushNotificationConfigRequest>,
    ): Promise<Record<string, never>> {
      await ownHead(call, taskId);
      await push.delete(call.scope, taskId, id);
      return {};
    },

    extendedAgentCard: extendedCard,
  };
};

export type A2AOperations = ReturnType<typeof createA2AOperations>;

/** Parked tasks show as INPUT_REQUIRED, so they are found there. */
const STATES: Readonly<Record<A2ATaskState, readonly TaskState[]>> = {
  TASK_STATE_SUBMITTED: ["submitted"],
  TASK_STATE_WORKING: ["working"],
  TASK_STATE_INPUT_REQUIRED: ["input-required", "parked"],
  TASK_STATE_AUTH_REQUIRED: ["auth-required"],
  TASK_STATE_COMPLETED: ["completed"],
  TASK_STATE_FAILED: ["failed"],
  TASK_STATE_CANCELED: ["canceled"],
  TASK_STATE_REJECTED: ["rejected"],
};

const withTimeout = async (
  signal: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
};

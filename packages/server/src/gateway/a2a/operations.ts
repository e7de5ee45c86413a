/** A2A's operations on the TaskService, the same for every binding. Params are validated by then. */
import type {
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  SendMessageRequest,
  SubscribeToTaskRequest,
} from "@agentcore/contract";
import { type A2ATask, type A2ATaskState, isTerminal, PlatformError, type TaskState } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { z } from "zod";
import type { AgentDescription, GatewaySettings } from "../deps.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { checkMediaTypes, checkOutputModes } from "./check-media-types.ts";
import { messageAnswered, taskEnded } from "./follow-up.ts";
import { projectTask } from "./project-task.ts";
import { streamTask, type TaskFrame } from "./task-stream.ts";

export interface A2ACall {
  readonly scope: CallerScope;
  readonly agent: AgentDescription;
  /** Aborts when the client goes away, which never cancels a task. */
  readonly client: AbortSignal;
  readonly lastEventId: number | null;
  readonly traceparent?: string | undefined;
}

export interface OpenStream {
  readonly frames: AsyncIterator<TaskFrame>;
  release(): void;
}

export interface A2AOperationsDeps {
  readonly tasks: TaskService;
  readonly settings: GatewaySettings;
  readonly streams: OpenCalls;
  readonly waits: OpenCalls;
}

type Params<Schema extends z.ZodType> = z.output<Schema>;

export const createA2AOperations = ({ tasks, settings, streams, waits }: A2AOperationsDeps) => {
  const cancelWaitMs = settings.cancelWaitMs ?? 5000;

  const ownHead = async (call: A2ACall, taskId: string): Promise<TaskHead> => {
    const head = await tasks.head(call.scope, taskId);
    // Each agent is an A2A server of its own: at its address there are its tasks only.
    if (head.agent !== call.agent.name)
      throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`, { details: { taskId } });
    return head;
  };

  const waiting = async (call: A2ACall, wait: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    const open = waits.begin(call.client);
    try {
      await wait(open.signal);
    } finally {
      open.end();
    }
  };

  const submit = (call: A2ACall, { message, metadata }: SendMessageRequest) =>
    tasks.submit(call.scope, {
      target: { agent: call.agent.name },
      message,
      contextId: message.contextId,
      // One message may go to several agents.
      idempotencyKey: `${call.agent.name}/${message.messageId}`,
      traceparent: call.traceparent,
      metadata,
    });

  const check = (call: A2ACall, params: SendMessageRequest): void => {
    checkMediaTypes(call.agent, params.message);
    checkOutputModes(call.agent, params.configuration?.acceptedOutputModes);
    if (params.configuration?.taskPushNotificationConfig !== undefined) throw pushNotSupported(call.agent.name);
  };

  /** True when the task's log has the message already: the caller repeats a call whose answer got lost. */
  const isRepeat = async (call: A2ACall, taskId: string, messageId: string): Promise<boolean> => {
    const { history } = await tasks.view(call.scope, taskId);
    return history?.some((message) => message.messageId === messageId && message.role === "ROLE_USER") === true;
  };

  const followUp = async (call: A2ACall, params: SendMessageRequest, taskId: string): Promise<void> => {
    const { message, configuration } = params;
    const head = await ownHead(call, taskId);
    const repeat = await isRepeat(call, taskId, message.messageId);
    if (!repeat) await tasks.send(call.scope, taskId, message);
    if (configuration?.returnImmediately === true) return;
    await waiting(call, (signal) =>
      repeat
        ? tasks.settled(call.scope, taskId, { signal })
        : messageAnswered(tasks, call.scope, head, message.messageId, signal),
    );
  };

  const openStream = (call: A2ACall, taskId: string, options: Parameters<typeof streamTask>[2]): OpenStream => {
    const open = streams.begin(call.client);
    return {
      frames: streamTask(taskId, tasks.events(call.scope, taskId, { after: 0, signal: open.signal }), options),
      release: () => open.abort(),
    };
  };

  return {
    async sendMessage(call: A2ACall, params: SendMessageRequest): Promise<{ task: A2ATask }> {
      check(call, params);
      const { message, configuration } = params;
      let taskId = message.taskId;
      if (taskId !== undefined) await followUp(call, params, taskId);
      else {
        const submitted = await submit(call, params);
        taskId = submitted.taskId;
        const id = taskId;
        if (configuration?.returnImmediately !== true)
          await waiting(call, (signal) => tasks.settled(call.scope, id, { signal }));
      }
      return {
        task: projectTask(await tasks.view(call.scope, taskId), { historyLength: configuration?.historyLength }),
      };
    },

    async sendStreamingMessage(call: A2ACall, params: SendMessageRequest): Promise<OpenStream> {
      check(call, params);
      const { message, configuration } = params;
      const historyLength = configuration?.historyLength;
      const options = { snapshot: true, endAtInputRequired: true, historyLength };
      // Refused before anything is stored, not after.
      streams.begin(call.client).end();
      if (message.taskId !== undefined) {
        const head = await ownHead(call, message.taskId);
        const repeat = await isRepeat(call, message.taskId, message.messageId);
        if (!repeat) await tasks.send(call.scope, message.taskId, message);
        return openStream(call, message.taskId, { ...options, from: head.seq, endAtSnapshotOfInputRequired: repeat });
      }
      const { taskId, existing } = await submit(call, params);
      // The snapshot of a new task is its first event; whatever it did since then follows as updates.
      if (!existing) return openStream(call, taskId, { ...options, from: 1 });
      const { seq } = await ownHead(call, taskId);
      const seen = call.lastEventId;
      if (seen !== null && seen < seq) return openStream(call, taskId, { ...options, from: seen, snapshot: false });
      return openStream(call, taskId, { ...options, from: seq, endAtSnapshotOfInputRequired: true });
    },

    async subscribeToTask(call: A2ACall, { id }: Params<typeof SubscribeToTaskRequest>): Promise<OpenStream> {
      const head = await ownHead(call, id);
      const seen = call.lastEventId;
      const resumes = seen !== null && seen < head.seq;
      if (isTerminal(head.state) && !resumes) {
        throw new PlatformError("UNSUPPORTED_OPERATION", `task ${id} has ended (${head.state}): read it with GetTask`, {
          details: { taskId: id },
        });
      }
      return openStream(call, id, { from: resumes ? seen : head.seq, snapshot: !resumes, endAtInputRequired: false });
    },

    async getTask(call: A2ACall, { id, historyLength }: Params<typeof GetTaskRequest>): Promise<A2ATask> {
      await ownHead(call, id);
      return projectTask(await tasks.view(call.scope, id), { historyLength });
    },

    async listTasks(call: A2ACall, params: ListTasksRequest) {
      const pageSize = params.pageSize ?? 50;
      const listing = await tasks.list(call.scope, {
        agent: call.agent.name,
        views: true,
        contextId: params.contextId,
        states: params.status === undefined ? undefined : STATES[params.status],
        updatedSince: params.statusTimestampAfter === undefined ? undefined : Date.parse(params.statusTimestampAfter),
        pageSize,
        pageToken: params.pageToken === "" ? undefined : params.pageToken,
      });
      const projection = { historyLength: params.historyLength, artifacts: params.includeArtifacts === true };
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
      if (head.state !== "canceled")
        await waiting(call, (signal) =>
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

    pushNotifications(call: A2ACall): never {
      throw pushNotSupported(call.agent.name);
    },

    extendedAgentCard(call: A2ACall): never {
      throw new PlatformError("UNSUPPORTED_OPERATION", `agent "${call.agent.name}" declares no extended card`);
    },
  };
};

export type A2AOperations = ReturnType<typeof createA2AOperations>;

const pushNotSupported = (agent: string) =>
  new PlatformError(
    "PUSH_NOTIFICATION_NOT_SUPPORTED",
    `agent "${agent}" declares no push notifications; use a stream or SubscribeToTask`,
  );

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

/** The SDK's handler interface over the operations, for the parts of the SDK that translate protocol 0.3. */
import {
  AgentCard,
  GetTaskRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  SendMessageRequest,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { PlatformError } from "@agentcore/contract";
import { listTasksResponseFromJson, streamResponseFromJson, taskFromJson } from "./null-data.ts";
import type { A2AOperationRunner, OpenStream, StreamFrame, StreamOperation } from "./operations.ts";

export interface RequestHandler extends A2ARequestHandler {
  /** What an operation threw, as it was thrown: the SDK's translation of errors knows neither our codes nor violations. */
  readonly failure: unknown;
  /** Number of the last frame of a stream; a reader of one frame at a time pairs the two. */
  readonly lastSeq: number | string | undefined;
  /** Ends the stream under way, if there is one. */
  release(): void;
}

export interface RequestHandlerOptions {
  /** Awaited before the next frame is read, so that a slow client is not run ahead of. @default at once */
  readonly ready?: (() => Promise<void>) | undefined;
}

/** One handler a call. */
export const createRequestHandler = (
  runner: A2AOperationRunner,
  { ready }: RequestHandlerOptions = {},
): RequestHandler => {
  let failure: unknown;
  let lastSeq: number | string | undefined;
  let open: OpenStream | undefined;

  const noting = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    }
  };

  async function* streamed(operation: StreamOperation, params: unknown) {
    const stream = await noting(runner.stream(operation, params));
    open = stream;
    try {
      for (;;) {
        await ready?.();
        const result: IteratorResult<StreamFrame> = await noting(stream.frames.next());
        if (result.done === true) return;
        lastSeq = result.value.seq;
        yield streamResponseFromJson(result.value.response);
      }
    } finally {
      stream.release();
    }
  }

  const unary = runner.unary.bind(runner);
  return {
    get failure() {
      return failure;
    },
    get lastSeq() {
      return lastSeq;
    },
    release: () => open?.release(),

    // The SDK asks before a stream, and for nothing but the capabilities: whoever runs the operations refuses what is not declared.
    async getAgentCard() {
      return AgentCard.fromJSON({
        capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true },
      });
    },
    async getAuthenticatedExtendedAgentCard() {
      return AgentCard.fromJSON(await noting(unary("GetExtendedAgentCard", {})));
    },
    async sendMessage(params) {
      const answer = await noting(unary("SendMessage", SendMessageRequest.toJSON(params)));
      const { payload } = streamResponseFromJson(answer);
      if (payload?.$case !== "task" && payload?.$case !== "message")
        throw new PlatformError("INTERNAL", "SendMessage answered with neither task nor message");
      return payload.value;
    },
    sendMessageStream: (params) => streamed("SendStreamingMessage", SendMessageRequest.toJSON(params)),
    resubscribe: ({ id }) => streamed("SubscribeToTask", { id }),
    async getTask(params) {
      return taskFromJson(await noting(unary("GetTask", GetTaskRequest.toJSON(params))));
    },
    async listTasks(params) {
      return listTasksResponseFromJson(await noting(unary("ListTasks", ListTasksRequest.toJSON(params))));
    },
    async cancelTask({ id }) {
      return taskFromJson(await noting(unary("CancelTask", { id })));
    },
    async createTaskPushNotificationConfig(params) {
      const config = TaskPushNotificationConfig.toJSON(params);
      return TaskPushNotificationConfig.fromJSON(await noting(unary("CreateTaskPushNotificationConfig", config)));
    },
    async getTaskPushNotificationConfig({ id, taskId }) {
      return TaskPushNotificationConfig.fromJSON(await noting(unary("GetTaskPushNotificationConfig", { id, taskId })));
    },
    async listTaskPushNotificationConfigs({ taskId, pageSize, pageToken }) {
      // proto3: zero and empty are what is unset.
      const params = { taskId, ...(pageSize === 0 ? {} : { pageSize }), ...(pageToken === "" ? {} : { pageToken }) };
      return ListTaskPushNotificationConfigsResponse.fromJSON(
        await noting(unary("ListTaskPushNotificationConfigs", params)),
      );
    },
    async deleteTaskPushNotificationConfig({ id, taskId }) {
      await noting(unary("DeleteTaskPushNotificationConfig", { id, taskId }));
    },
  };
};

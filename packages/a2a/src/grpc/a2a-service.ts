/** lf.a2a.v1.A2AService, the operations of A2A 1.0: the SDK's codecs around what the node does. */
import {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  type ListTasksResponse,
  SendMessageRequest,
  type SendMessageResponse,
  type StreamResponse,
  SubscribeToTaskRequest,
  type Task,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import type { StreamResponse as ResponseJson } from "@agentcore/contract";
import type { handleServerStreamingCall, handleUnaryCall, Metadata, UntypedServiceImplementation } from "@grpc/grpc-js";
import {
  listTasksResponseFromJson,
  sendMessageResponseFromJson,
  streamResponseFromJson,
  taskFromJson,
} from "../server/null-data.ts";
import type { StreamOperation, UnaryOperation } from "../server/operations.ts";
import { clientSignal, extensionMetadata, type ServiceDeps, written } from "./call-context.ts";

const EXTENSIONS = "a2a-extensions";

interface Request<Message> {
  toJSON(message: Message): unknown;
}

interface Answer<Message> {
  fromJSON(json: unknown): Message;
}

interface OfTenant {
  readonly tenant: string;
}

const SENT: Answer<SendMessageResponse> = { fromJSON: sendMessageResponseFromJson };
const TASK: Answer<Task> = { fromJSON: taskFromJson };
const LIST: Answer<ListTasksResponse> = { fromJSON: listTasksResponseFromJson };
const EMPTY: Answer<Record<string, never>> = { fromJSON: () => ({}) };

export const createA2AService = ({ admitted, failed, interrupted }: ServiceDeps): UntypedServiceImplementation => {
  const open = (
    call: { readonly metadata: Metadata; sendMetadata(metadata: Metadata): void },
    tenant: string,
    client: AbortSignal,
  ) => {
    const opened = admitted(call.metadata).open(tenant, client);
    const metadata = extensionMetadata(opened, EXTENSIONS);
    if (metadata !== null) call.sendMetadata(metadata);
    return opened.runner;
  };

  const unary =
    <Q extends OfTenant, A>(operation: UnaryOperation, request: Request<Q>, answer: Answer<A>): handleUnaryCall<Q, A> =>
    async (call, callback) => {
      try {
        const runner = open(call, call.request.tenant, clientSignal(call));
        callback(null, answer.fromJSON(await runner.unary(operation, paramsOf(request, call.request))));
      } catch (thrown) {
        callback(failed(thrown));
      }
    };

  const stream =
    <Q extends OfTenant>(
      operation: StreamOperation,
      request: Request<Q>,
    ): handleServerStreamingCall<Q, StreamResponse> =>
    async (call) => {
      const client = clientSignal(call);
      try {
        const runner = open(call, call.request.tenant, client);
        const { frames, release } = await runner.stream(operation, paramsOf(request, call.request));
        let ended = false;
        try {
          for (;;) {
            const next = await frames.next();
            if (next.done === true || client.aborted) break;
            const response = streamResponseFromJson(next.value.response);
            ended = mayBeLast(operation, next.value.response);
            await written(call, response, client);
          }
        } finally {
          release();
        }
        // OK would tell the client that the task has nothing more to say.
        const cause = interrupted();
        if (!ended && cause !== null) throw cause;
        call.end();
      } catch (thrown) {
        call.emit("error", failed(thrown));
      }
    };

  return {
    sendMessage: unary("SendMessage", SendMessageRequest, SENT),
    sendStreamingMessage: stream("SendStreamingMessage", SendMessageRequest),
    getTask: unary("GetTask", GetTaskRequest, TASK),
    listTasks: unary("ListTasks", ListTasksRequest, LIST),
    cancelTask: unary("CancelTask", CancelTaskRequest, TASK),
    subscribeToTask: stream("SubscribeToTask", SubscribeToTaskRequest),
    createTaskPushNotificationConfig: unary(
      "CreateTaskPushNotificationConfig",
      TaskPushNotificationConfig,
      TaskPushNotificationConfig,
    ),
    getTaskPushNotificationConfig: unary(
      "GetTaskPushNotificationConfig",
      GetTaskPushNotificationConfigRequest,
      TaskPushNotificationConfig,
    ),
    listTaskPushNotificationConfigs: unary(
      "ListTaskPushNotificationConfigs",
      ListTaskPushNotificationConfigsRequest,
      ListTaskPushNotificationConfigsResponse,
    ),
    deleteTaskPushNotificationConfig: unary(
      "DeleteTaskPushNotificationConfig",
      DeleteTaskPushNotificationConfigRequest,
      EMPTY,
    ),
    getExtendedAgentCard: unary("GetExtendedAgentCard", GetExtendedAgentCardRequest, AgentCard),
  };
};

/** The tenant has named the agent, and is no part of what the agent is asked. */
const paramsOf = <Q extends OfTenant>(request: Request<Q>, message: Q): unknown =>
  request.toJSON({ ...message, tenant: "" });

const TERMINAL = /_(COMPLETED|FAILED|CANCELED|REJECTED)$/;

/** Whether a stream may end of its own accord after this. */
const mayBeLast = (operation: StreamOperation, response: ResponseJson): boolean => {
  if ("message" in response) return true;
  if ("artifactUpdate" in response) return false;
  const { state } = ("task" in response ? response.task : response.statusUpdate).status;
  // A question ends the stream of the call that sent the message only.
  return TERMINAL.test(state) || (operation === "SendStreamingMessage" && state === "TASK_STATE_INPUT_REQUIRED");
};

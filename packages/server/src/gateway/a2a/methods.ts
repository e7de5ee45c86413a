/** The operations by name, with the schema of their params: one table for both bindings. */
import {
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTasksRequest,
  parseInput,
  readProtoJson,
  SendMessageRequest,
  SubscribeToTaskRequest,
  TaskPushNotificationConfig,
} from "@agentcore/contract";
import type { OpenStream } from "../http/open-stream.ts";
import { assertScopes } from "../http/required-scopes.ts";
import type { A2ACall, A2AOperations } from "./operations.ts";
import type { TaskFrame } from "./task-stream.ts";
import { assertAddressed } from "./tenant-address.ts";

export interface UnaryMethod {
  readonly kind: "unary";
  run(operations: A2AOperations, call: A2ACall, params: unknown): Promise<unknown>;
}

export interface StreamMethod {
  readonly kind: "stream";
  run(operations: A2AOperations, call: A2ACall, params: unknown): Promise<OpenStream<TaskFrame>>;
}

type Schema = Parameters<typeof parseInput>[0];

const parse = <T extends Schema>(schema: T, call: A2ACall, params: unknown, what: string) => {
  const parsed = parseInput(schema, readProtoJson(params), what);
  const { tenant, configuration } = parsed as Tenanted;
  const pushConfig = configuration?.taskPushNotificationConfig;
  assertAddressed(call, tenant, "tenant");
  assertAddressed(call, pushConfig?.tenant, "configuration.taskPushNotificationConfig.tenant");
  return parsed;
};

interface Tenanted {
  readonly tenant?: string;
  readonly configuration?: { readonly taskPushNotificationConfig?: { readonly tenant?: string } };
}

type Run<T extends Schema, Result> = (
  operations: A2AOperations,
  call: A2ACall,
  params: ReturnType<typeof parse<T>>,
) => Promise<Result>;

const checked =
  <T extends Schema, Result>(name: string, schema: T, run: Run<T, Result>) =>
  async (operations: A2AOperations, call: A2ACall, params: unknown): Promise<Result> => {
    assertScopes(call.scope, call.agent);
    return run(operations, call, parse(schema, call, params, name));
  };

const unary = <T extends Schema>(name: string, schema: T, run: Run<T, unknown>): UnaryMethod => ({
  kind: "unary",
  run: checked(name, schema, run),
});

const stream = <T extends Schema>(name: string, schema: T, run: Run<T, OpenStream<TaskFrame>>): StreamMethod => ({
  kind: "stream",
  run: checked(name, schema, run),
});

export const A2A_METHODS = {
  SendMessage: unary("SendMessage", SendMessageRequest, (operations, call, params) =>
    operations.sendMessage(call, params),
  ),
  SendStreamingMessage: stream("SendStreamingMessage", SendMessageRequest, (operations, call, params) =>
    operations.sendStreamingMessage(call, params),
  ),
  GetTask: unary("GetTask", GetTaskRequest, (operations, call, params) => operations.getTask(call, params)),
  ListTasks: unary("ListTasks", ListTasksRequest, (operations, call, params) => operations.listTasks(call, params)),
  CancelTask: unary("CancelTask", CancelTaskRequest, (operations, call, params) => operations.cancelTask(call, params)),
  SubscribeToTask: stream("SubscribeToTask", SubscribeToTaskRequest, (operations, call, params) =>
    operations.subscribeToTask(call, params),
  ),
  CreateTaskPushNotificationConfig: unary(
    "CreateTaskPushNotificationConfig",
    TaskPushNotificationConfig,
    (operations, call, params) => operations.createPushConfig(call, params),
  ),
  GetTaskPushNotificationConfig: unary(
    "GetTaskPushNotificationConfig",
    GetTaskPushNotificationConfigRequest,
    (operations, call, params) => operations.getPushConfig(call, params),
  ),
  ListTaskPushNotificationConfigs: unary(
    "ListTaskPushNotificationConfigs",
    ListTaskPushNotificationConfigsRequest,
    (operations, call, params) => operations.listPushConfigs(call, params),
  ),
  DeleteTaskPushNotificationConfig: unary(
    "DeleteTaskPushNotificationConfig",
    DeleteTaskPushNotificationConfigRequest,
    (operations, call, params) => operations.deletePushConfig(call, params),
  ),
  GetExtendedAgentCard: unary("GetExtendedAgentCard", GetExtendedAgentCardRequest, (operations, call) =>
    operations.extendedAgentCard(call),
  ),
} as const;

export type A2AMethodName = keyof typeof A2A_METHODS;

export const findMethod = (name: string): UnaryMethod | StreamMethod | null =>
  Object.hasOwn(A2A_METHODS, name) ? A2A_METHODS[name as A2AMethodName] : null;

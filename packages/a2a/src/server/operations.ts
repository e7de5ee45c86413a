/**
 * What every binding of every protocol version comes down to: operations of A2A 1.0 by name, with params and results in their
 * JSON form. A node fills it for one caller at one agent; bindings translate to it and back.
 */
import type { StreamResponse } from "@agentcore/contract";

export const UNARY_OPERATIONS = [
  "SendMessage",
  "GetTask",
  "ListTasks",
  "CancelTask",
  "CreateTaskPushNotificationConfig",
  "GetTaskPushNotificationConfig",
  "ListTaskPushNotificationConfigs",
  "DeleteTaskPushNotificationConfig",
  "GetExtendedAgentCard",
] as const;
export type UnaryOperation = (typeof UNARY_OPERATIONS)[number];

export const STREAM_OPERATIONS = ["SendStreamingMessage", "SubscribeToTask"] as const;
export type StreamOperation = (typeof STREAM_OPERATIONS)[number];

export interface StreamFrame {
  readonly response: StreamResponse;
  /**
   * Number of the task's event that is complete with this frame, `n.k` while the client has text, too, that was not in the log by event n; absent when
   * another frame of the same event follows.
   */
  readonly seq?: number | string | undefined;
}

export interface OpenStream {
  readonly frames: Pick<AsyncIterator<StreamFrame>, "next">;
  /** Ends the source, and the frames with it; to be called once nobody reads any more. Idempotent. */
  release(): void;
}

/** Params are validated by whoever fills it: throws PlatformError, INVALID_ARGUMENT with a violation per refused field. */
export interface A2AOperationRunner {
  unary(operation: UnaryOperation, params: unknown): Promise<unknown>;
  stream(operation: StreamOperation, params: unknown): Promise<OpenStream>;
}

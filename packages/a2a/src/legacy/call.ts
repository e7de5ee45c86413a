/**
 * Calls of protocol 0.3 in their JSON-RPC form, as operations of 1.0. The SDK translates both ways; what it gets wrong is
 * put right here, before and after it.
 */
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { ServerCallContext } from "@a2a-js/sdk/server";
import { PlatformError, parseInput, readProtoJson } from "@agentcore/contract";
import type { z } from "zod";
import type { A2AOperationRunner } from "../server/operations.ts";
import { createRequestHandler, type RequestHandler } from "../server/request-handler.ts";
import { LEGACY_METHODS, type LegacyMethod } from "./methods.ts";
import type { MessageSendParams } from "./params.ts";

export interface LegacyFrame {
  /** A Task, Message, TaskStatusUpdateEvent or TaskArtifactUpdateEvent of 0.3. */
  readonly result: unknown;
  /** As of the frame of 1.0. */
  readonly seq?: number | string | undefined;
}

export interface LegacyStream {
  readonly frames: Pick<AsyncIterator<LegacyFrame>, "next">;
  /** Ends the source, and the frames with it; to be called once nobody reads any more. Idempotent. */
  release(): void;
}

/** Freshly parsed JSON as the params of a method. Throws INVALID_ARGUMENT, with the fields as 0.3 names them. */
export const parseLegacyParams = (method: LegacyMethod, params: unknown): unknown =>
  parseInput(LEGACY_METHODS[method].params, readProtoJson(params), method);

/** Takes parsed params, answers with the `result` of 0.3. Throws what the operation threw. */
export const callLegacy = async (
  runner: A2AOperationRunner,
  method: LegacyMethod,
  params: unknown,
): Promise<unknown> => {
  if (method === "tasks/pushNotificationConfig/get") {
    const { id, pushNotificationConfigId } = params as { readonly id: string; pushNotificationConfigId?: string };
    if (pushNotificationConfigId === undefined) return onlyConfig(runner, id);
  }
  const answer = await translate(createRequestHandler(runner), method, params);
  const { result } = answer as { readonly result: unknown };
  return method === "agent/getAuthenticatedExtendedCard" ? withoutSignatures(result) : result;
};

/** As `callLegacy`, for the methods that stream. Rejects with what the operation threw, before or between frames. */
export const streamLegacy = async (
  runner: A2AOperationRunner,
  method: LegacyMethod,
  params: unknown,
): Promise<LegacyStream> => {
  const handler = createRequestHandler(runner);
  const answer = await translate(handler, method, params);
  const results = answer as AsyncGenerator<{ readonly result: unknown }>;
  return {
    frames: {
      async next() {
        const { done, value } = await results.next();
        if (done === true) return { done: true, value: undefined };
        return { done: false, value: { result: withFinal(method, value.result), seq: handler.lastSeq } };
      },
    },
    release() {
      handler.release();
      // It finishes once the source does; nobody waits for it here.
      results.return(undefined).catch(() => {});
    },
  };
};

const translate = async (handler: RequestHandler, method: LegacyMethod, params: unknown): Promise<unknown> => {
  const request = { jsonrpc: "2.0", id: 0, method, params: forSdk(method, params) };
  const answer = await new LegacyJsonRpcTransportHandler(handler).handle(request, new ServerCallContext());
  if (!("error" in answer)) return answer;
  if (handler.failure !== undefined) return Promise.reject(handler.failure);
  throw new PlatformError("INTERNAL", `${method} cannot be translated: ${answer.error.message}`);
};

/**
 * 0.3 states no default of `blocking`: its servers wait unless told not to (`blocking !== false` in the SDK's 0.3), and
 * clients that leave it out count on an answer. The SDK's translation would wait only when `configuration` is absent too.
 */
const forSdk = (method: LegacyMethod, params: unknown): unknown => {
  if (method === "message/send" || method === "message/stream") {
    const { configuration, ...rest } = params as z.infer<typeof MessageSendParams>;
    const { blocking = true, pushNotificationConfig: config, ...more } = configuration ?? {};
    const push = config === undefined ? {} : { pushNotificationConfig: oneScheme(config) };
    return { ...rest, configuration: { ...more, blocking, ...push } };
  }
  if (method === "tasks/pushNotificationConfig/set") {
    const { taskId, pushNotificationConfig } = params as {
      readonly taskId: string;
      readonly pushNotificationConfig: LegacyConfig;
    };
    return { taskId, pushNotificationConfig: oneScheme(pushNotificationConfig) };
  }
  return params;
};

type LegacyConfig = NonNullable<
  NonNullable<z.infer<typeof MessageSendParams>["configuration"]>["pushNotificationConfig"]
>;

// 1.0 has room for one scheme. The SDK takes the first too, but writes to the console about the others.
const oneScheme = (config: LegacyConfig): LegacyConfig => {
  const { authentication } = config;
  if (authentication === undefined) return config;
  return { ...config, authentication: { ...authentication, schemes: authentication.schemes.slice(0, 1) } };
};

/**
 * 0.3 marks the last event of an exchange: also a question, when the stream ends with it. The SDK marks only what ends a
 * task. A stream of tasks/resubscribe goes on after a question.
 */
const withFinal = (method: LegacyMethod, result: unknown): unknown => {
  const event = result as { readonly kind?: string; readonly status?: { readonly state: string } };
  const asks = event.kind === "status-update" && event.status?.state === "input-required";
  return asks && method === "message/stream" ? { ...event, final: true } : result;
};

/** What was signed is the card in its form of 1.0: no signature of it would verify in this one. */
export const withoutSignatures = (card: unknown): unknown => {
  const { signatures: _, ...unsigned } = card as Readonly<Record<string, unknown>>;
  return unsigned;
};

/** 0.3 may ask for "the" config of a task; 1.0 must name one. */
const onlyConfig = async (runner: A2AOperationRunner, taskId: string): Promise<unknown> => {
  const configs = await callLegacy(runner, "tasks/pushNotificationConfig/list", { id: taskId });
  const [first] = configs as readonly unknown[];
  if (first === undefined) {
    throw new PlatformError("TASK_NOT_FOUND", `task ${taskId} has no push notification config`, {
      details: { taskId },
    });
  }
  return first;
};

/** The methods of protocol 0.3 by their JSON-RPC names. */
import { z } from "zod";
import {
  DeletePushNotificationConfigParams,
  GetPushNotificationConfigParams,
  MessageSendParams,
  TaskIdParams,
  TaskPushNotificationConfig,
  TaskQueryParams,
} from "./params.ts";

export const LEGACY_METHODS = {
  "message/send": { kind: "unary", params: MessageSendParams },
  "message/stream": { kind: "stream", params: MessageSendParams },
  "tasks/get": { kind: "unary", params: TaskQueryParams },
  "tasks/cancel": { kind: "unary", params: TaskIdParams },
  "tasks/resubscribe": { kind: "stream", params: TaskIdParams },
  "tasks/pushNotificationConfig/set": { kind: "unary", params: TaskPushNotificationConfig },
  "tasks/pushNotificationConfig/get": { kind: "unary", params: GetPushNotificationConfigParams },
  "tasks/pushNotificationConfig/list": { kind: "unary", params: TaskIdParams },
  "tasks/pushNotificationConfig/delete": { kind: "unary", params: DeletePushNotificationConfigParams },
  "agent/getAuthenticatedExtendedCard": { kind: "unary", params: z.object({}) },
} as const;

export type LegacyMethod = keyof typeof LEGACY_METHODS;

export const isLegacyMethod = (name: string): name is LegacyMethod => Object.hasOwn(LEGACY_METHODS, name);

/** What every answer to a hostile request must be, whatever was asked. */
import {
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTasksRequest,
  SendMessageRequest,
  SubscribeToTaskRequest,
  TaskPushNotificationConfig,
} from "@agentcore/contract";
import { expect } from "vitest";
import { z } from "zod";
import { type HostileRequest, LEGACY_NAMES, type Operation } from "./requests.ts";

const { LEGACY_METHODS } = await import("@agentcore/a2a/legacy");
// What `agentcore a2a verify` holds servers against.
const { LegacyEventShape, LegacyTaskShape, ProtoEventShape, ProtoTaskShape } = await import(
  "../../../../a2a/src/verify/legacy-shapes.ts"
);
const {
  CardShape,
  ListResultShape,
  PushConfigListShape,
  PushConfigShape,
  SendResultShape,
  StreamResponseShape,
  TaskShape,
} = await import("../../../../a2a/src/verify/wire-shapes.ts");

export interface ReadAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

// ---- shapes of answers

const LegacyConfigShape = z.strictObject({
  taskId: z.string(),
  pushNotificationConfig: z.strictObject({
    ...{ id: z.string(), url: z.string(), token: z.string().optional() },
    authentication: z.strictObject({ schemes: z.array(z.string()), credentials: z.string().optional() }).optional(),
  }),
});

const RESULTS: Readonly<Record<Operation, z.ZodType>> = {
  SendMessage: SendResultShape,
  SendStreamingMessage: StreamResponseShape,
  GetTask: TaskShape,
  ListTasks: ListResultShape,
  CancelTask: TaskShape,
  SubscribeToTask: StreamResponseShape,
  CreateTaskPushNotificationConfig: PushConfigShape,
  GetTaskPushNotificationConfig: PushConfigShape,
  ListTaskPushNotificationConfigs: PushConfigListShape,
  DeleteTaskPushNotificationConfig: z.strictObject({}),
  GetExtendedAgentCard: CardShape,
};

const LEGACY_RESULTS: Readonly<Record<Operation, z.ZodType>> = {
  SendMessage: LegacyTaskShape,
  SendStreamingMessage: LegacyEventShape,
  GetTask: LegacyTaskShape,
  ListTasks: z.never(),
  CancelTask: LegacyTaskShape,
  SubscribeToTask: LegacyEventShape,
  CreateTaskPushNotificationConfig: LegacyConfigShape,
  GetTaskPushNotificationConfig: LegacyConfigShape,
  ListTaskPushNotificationConfigs: z.array(LegacyConfigShape),
  DeleteTaskPushNotificationConfig: z.null(),
  GetExtendedAgentCard: z.looseObject({ name: z.string(), url: z.string() }),
};

const LegacyRestConfig = z.strictObject({
  name: z.string(),
  pushNotificationConfig: LegacyConfigShape.shape.pushNotificationConfig,
});

const LEGACY_REST_RESULTS: Readonly<Record<Operation, z.ZodType>> = {
  SendMessage: ProtoEventShape,
  SendStreamingMessage: ProtoEventShape,
  GetTask: ProtoTaskShape,
  ListTasks: z.never(),
  CancelTask: ProtoTaskShape,
  SubscribeToTask: ProtoEventShape,
  CreateTaskPushNotificationConfig: LegacyRestConfig,
  GetTaskPushNotificationConfig: LegacyRestConfig,
  ListTaskPushNotificationConfigs: z.strictObject({ configs: z.array(LegacyRestConfig) }),
  DeleteTaskPushNotificationConfig: z.never(),
  GetExtendedAgentCard: z.looseObject({ name: z.string(), url: z.string() }),
};

const Violation = z.strictObject({ field: z.string(), description: z.string().min(1).max(1000) });
const Details = z.array(
  z.discriminatedUnion("@type", [
    z.strictObject({
      ...{ "@type": z.literal("type.googleapis.com/google.rpc.ErrorInfo"), reason: z.string().regex(/^[A-Z_]+$/) },
      ...{ domain: z.enum(["a2a-protocol.org", "agentcore.dev"]), metadata: z.record(z.string(), z.string()) },
    }),
    z.strictObject({
      "@type": z.literal("type.googleapis.com/google.rpc.BadRequest"),
      fieldViolations: z.array(Violation).min(1).max(20),
    }),
    z.strictObject({
      "@type": z.literal("type.googleapis.com/google.rpc.RetryInfo"),
      retryDelay: z.string().regex(/^[\d.]+s$/),
    }),
  ]),
);
const RpcError = z.strictObject({
  code: z.int().max(-32000).min(-32768),
  message: z.string(),
  data: Details.optional(),
});
const RestError = z.strictObject({
  error: z.strictObject({ code: z.int().min(400).max(503), status: z.string(), message: z.string(), details: Details }),
});
/** Of paths that are not A2A's. */
const ApiError = z.strictObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });

// ---- what was asked

const SCHEMAS: Readonly<Record<Operation, z.ZodType>> = {
  SendMessage: SendMessageRequest,
  SendStreamingMessage: SendMessageRequest,
  GetTask: GetTaskRequest,
  ListTasks: ListTasksRequest,
  CancelTask: CancelTaskRequest,
  SubscribeToTask: SubscribeToTaskRequest,
  CreateTaskPushNotificationConfig: TaskPushNotificationConfig,
  GetTaskPushNotificationConfig: GetTaskPushNotificationConfigRequest,
  ListTaskPushNotificationConfigs: ListTaskPushNotificationConfigsRequest,
  DeleteTaskPushNotificationConfig: DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCard: GetExtendedAgentCardRequest,
};
const legacySchema = (method: string): z.ZodType | undefined =>
  Object.hasOwn(LEGACY_METHODS, method) ? LEGACY_METHODS[method as keyof typeof LEGACY_METHODS].params : undefined;

// oxlint-disable-next-line typescript/no-explicit-any
type Definition = any;

/** Whether the schema has such a field, however deep. */
const hasField = (schema: z.ZodType, path: readonly string[]): boolean => {
  const { def } = schema as unknown as { readonly def: Definition };
  if (def.innerType !== undefined) return hasField(def.innerType, path);
  const [name, ...rest] = path;
  if (name === undefined) return true;
  if (def.type === "object") return Object.hasOwn(def.shape, name) && hasField(def.shape[name], rest);
  if (def.type === "array") return /^\d+$/.test(name) && hasField(def.element, rest);
  if (def.type === "union") return def.options.some((option: z.ZodType) => hasField(option, path));
  return def.type === "record" || def.type === "unknown";
};

const partsOf = (field: string): readonly string[] => field.split(/[.[\]]+/).filter((name) => name !== "");

// Names in the bodies of 0.3's HTTP+JSON binding.
const LEGACY_REST_FIELD =
  /^(|message|configuration|metadata|config|configId|id|historyLength|pushNotificationConfig(Id)?)(\.(messageId|contextId|taskId|role|content|metadata|extensions|acceptedOutputModes|blocking|historyLength|pushNotification|pushNotificationConfig|id|url|token|authentication|schemes|credentials|text|file|data|fileWithUri|fileWithBytes|mimeType|name)|\[\d+\])*$/;

// ---- the checks

const LEAKS = /\n\s+at |\.[mc]?[jt]s:\d|node_modules|file:\/\/|<html|<!doctype/i;
const REFUSED_FOR_LOAD = new Set([429, 503]);

/** Codes of errors that are found in the request itself: nothing may have been done by then. */
const REFUSALS: ReadonlySet<unknown> = new Set([-32700, -32600, -32601, -32602, -32005, -32008, -32009]);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** By the same rules as a strict reader: an id that cannot be given back as it came is none. */
const idIn = (body: unknown): unknown => {
  if (!isObject(body)) return null;
  const { id } = body;
  if (typeof id === "string") return id.length <= 256 ? id : null;
  return typeof id === "number" && Math.abs(id) <= Number.MAX_SAFE_INTEGER ? id : null;
};

const violationsOf = (details: unknown): readonly { readonly field: string }[] =>
  Array.isArray(details)
    ? details.flatMap((detail) => (detail as { fieldViolations?: { field: string }[] }).fieldViolations ?? [])
    : [];

const conforms = (shape: z.ZodType, value: unknown, what: string): void => {
  const { success, error } = shape.safeParse(value);
  if (!success) throw new Error(`${what}: ${z.prettifyError(error)}\n${JSON.stringify(value).slice(0, 2000)}`);
};

export interface CheckedAnswer {
  /** Refused for what is in the request itself. */
  readonly refused: boolean;
  /** JSON bodies, one of each frame of a stream. */
  readonly bodies: readonly unknown[];
}

/** Throws for an answer that none may give. */
export const checkAnswer = (request: HostileRequest, answer: ReadAnswer): CheckedAnswer => {
  const { status, contentType, text } = answer;
  if (status >= 500 && !REFUSED_FOR_LOAD.has(status)) throw new Error(`HTTP ${status}: ${text}`);
  // At the root is the one page that there is.
  const { pathname } = new URL(request.address, "http://localhost");
  if (pathname !== "/" && LEAKS.test(text)) throw new Error(`the answer leaks: ${text.slice(0, 500)}`);
  if (request.method === "HEAD" || status === 204) {
    expect(text).toBe("");
    return { refused: status >= 400, bodies: [] };
  }
  if (contentType === "text/event-stream") {
    expect(status).toBe(200);
    const bodies = framesOf(text);
    for (const body of bodies) checkBody(request, 200, body, true);
    return { refused: false, bodies };
  }
  if (!request.isAddressed && contentType !== "application/json") return { refused: status >= 400, bodies: [] };
  expect(contentType).toBe("application/json");
  const body = parsed(text);
  if (body === undefined) throw new Error(`no JSON: ${text.slice(0, 500)}`);
  return { refused: checkBody(request, status, body, false), bodies: [body] };
};

const framesOf = (text: string): readonly unknown[] =>
  text.split("\n\n").flatMap((frame) => {
    const data = frame.split("\n").find((line) => line.startsWith("data: "));
    if (data === undefined) return [];
    const body = parsed(data.slice(6));
    if (body === undefined) throw new Error(`a frame that is no JSON: ${data.slice(0, 500)}`);
    return [body];
  });

/** Whether it is a refusal. */
const checkBody = (request: HostileRequest, status: number, body: unknown, isFrame: boolean): boolean => {
  if (!isObject(body) && !Array.isArray(body)) throw new Error(`expected an object: ${JSON.stringify(body)}`);
  if (!request.isAddressed) return checkSomewhere(status, body);
  if (request.binding === "JSONRPC") return checkRpc(request, status, body as Record<string, unknown>, isFrame);
  return checkRest(request, status, body as Record<string, unknown>, isFrame);
};

/** Wherever it went: the form of some front door. */
const checkSomewhere = (status: number, body: unknown): boolean => {
  if (!isObject(body)) return false;
  const { error } = body;
  if ("jsonrpc" in body && error !== undefined) {
    conforms(RpcError, error, "JSON-RPC error");
    return REFUSALS.has((error as { code: unknown }).code);
  }
  if (status < 400) return false;
  conforms(z.union([RestError, RpcError, ApiError]), body, `the error of HTTP ${status}`);
  return status === 400 || status === 405;
};

const checkRpc = (
  request: HostileRequest,
  status: number,
  body: Record<string, unknown>,
  isFrame: boolean,
): boolean => {
  const sent = parsed(new TextDecoder().decode(request.body ?? new Uint8Array()));
  const { jsonrpc, id, result, error, ...more } = body;
  expect(more).toEqual({});
  expect(jsonrpc).toBe("2.0");
  // Nobody knows the id of what was not read, or not to its end.
  if (status === 413 || (error as { code?: unknown } | undefined)?.code === -32700) expect(id).toBe(null);
  else if (id !== idIn(sent) && !(Object.is(id, 0) && Object.is(idIn(sent), -0)))
    throw new Error(`id ${JSON.stringify(id)} answers ${JSON.stringify(idIn(sent))}`);
  const named = isObject(sent) ? sent["method"] : undefined;
  const operation = typeof named === "string" ? named : "";
  const legacy = request.version === "0.3";
  if (error === undefined) {
    expect(status).toBe(200);
    const isOther = operation !== (legacy ? LEGACY_NAMES[request.operation] : request.operation);
    if (!isOther)
      conforms((legacy ? LEGACY_RESULTS : RESULTS)[request.operation], result, `${operation} of ${request.version}`);
    return false;
  }
  conforms(RpcError, error, "JSON-RPC error");
  const { code, data } = error as z.infer<typeof RpcError>;
  expect([200, 401, 403, 404, 413, 429, 503]).toContain(status);
  if (code === -32602 && !isFrame) {
    const schema = legacy ? legacySchema(operation) : SCHEMAS[operation as Operation];
    checkViolations(data, (field) => field === "params" || (schema !== undefined && hasField(schema, partsOf(field))));
  }
  return REFUSALS.has(code);
};

const checkRest = (
  request: HostileRequest,
  status: number,
  body: Record<string, unknown>,
  isFrame: boolean,
): boolean => {
  const legacy = request.version === "0.3";
  if (status < 400 && !(isFrame && "code" in body)) {
    conforms(
      (legacy ? LEGACY_REST_RESULTS : RESULTS)[request.operation],
      body,
      `${request.operation} of ${request.version}`,
    );
    return false;
  }
  expect([400, 401, 403, 404, 405, 409, 413, 429, 503, 200]).toContain(status);
  if (legacy && !("error" in body)) {
    conforms(RpcError, body, "error of 0.3");
    const { code, data } = body as z.infer<typeof RpcError>;
    if (code === -32602) checkViolations(data, (field) => LEGACY_REST_FIELD.test(field));
    return REFUSALS.has(code);
  }
  conforms(RestError, body, "google.rpc.Status");
  const { error } = body as z.infer<typeof RestError>;
  expect(error.code).toBe(status);
  const named = error.details.some((detail) => detail["@type"].endsWith("ErrorInfo"));
  if (
    status === 400 &&
    error.status === "INVALID_ARGUMENT" &&
    !named &&
    !/valid JSON|nested deeper|is empty|ended before/.test(error.message)
  )
    checkViolations(error.details, (field) => hasField(SCHEMAS[request.operation], partsOf(field)));
  return status === 400 && error.status === "INVALID_ARGUMENT";
};

const checkViolations = (details: unknown, exists: (field: string) => boolean): void => {
  const violations = violationsOf(details);
  if (violations.length === 0) throw new Error("INVALID_ARGUMENT without violations");
  for (const { field } of violations)
    if (!exists(field)) throw new Error(`the violation of a field that the request does not have: ${field}`);
};

/** A2A 0.3 over its three bindings, with what they answer brought to one form. */
import { LegacyA2AService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { type ServiceError, status } from "@grpc/grpc-js";
import type { connectGrpc } from "../../../a2a/test/connect-grpc.ts";
import { A2A_ERRORS } from "../../src/gateway/a2a/a2a-errors.ts";
import type { AgentDescription } from "../../src/gateway/deps/agents.ts";
import type { GatewayDeps } from "../../src/gateway/deps/gateway-deps.ts";
import { listenGrpc } from "../../src/gateway/grpc/listen-grpc.ts";
import { shutDown } from "../../src/gateway/shut-down.ts";
import { createFixture, readSse } from "./gateway-fixture.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

export interface LegacySent {
  readonly text?: string;
  /** In place of a text: base64, a PNG. */
  readonly image?: string;
  readonly messageId?: string;
  readonly taskId?: string;
  readonly contextId?: string;
  readonly noParts?: boolean;
  readonly blocking?: boolean;
  readonly historyLength?: number;
  readonly push?: LegacyConfig;
  readonly outputModes?: readonly string[];
}

export interface LegacyConfig {
  readonly id: string;
  readonly url: string;
}

export interface LegacyTask {
  readonly id: string;
  readonly contextId: string;
  /** As JSON-RPC has it. */
  readonly state: string;
  readonly artifacts: readonly string[];
  readonly history: readonly string[];
}

export interface LegacyEvent {
  readonly kind: "task" | "status" | "artifact";
  readonly state?: string;
  readonly final?: boolean;
}

export interface LegacyStream {
  /** Null at the end. */
  next(): Promise<LegacyEvent | null>;
  cancel(): void;
}

/** Rejects with a `LegacyFailure`. */
export interface LegacyWire {
  send(message: LegacySent): Promise<LegacyTask>;
  stream(message: LegacySent): Promise<LegacyStream>;
  get(id: string, historyLength?: number): Promise<LegacyTask>;
  cancel(id: string): Promise<LegacyTask>;
  resubscribe(id: string): Promise<LegacyStream>;
  setConfig(taskId: string, config: LegacyConfig): Promise<LegacyConfig>;
  getConfig(taskId: string, id: string): Promise<LegacyConfig>;
  listConfigs(taskId: string): Promise<readonly LegacyConfig[]>;
  deleteConfig(taskId: string, id: string): Promise<void>;
  /** The description in it. */
  card(): Promise<string>;
}

export class LegacyFailure extends Error {
  /** JSON-RPC's, or "unauthenticated". */
  readonly code: number | "unauthenticated";

  constructor(code: number | "unauthenticated", text: string) {
    super(text);
    this.name = "LegacyFailure";
    this.code = code;
  }
}

export const LEGACY_BINDINGS = ["JSONRPC", "HTTP+JSON", "GRPC"] as const;

export const startLegacyWires = async (deps: Partial<GatewayDeps> = {}, agents?: readonly AgentDescription[]) => {
  const fixture = createFixture(deps, agents);
  const listener = await listenGrpc(fixture.gateway, { port: 0 });
  const a2a = await import("../../../a2a/test/connect-grpc.ts");
  const client = a2a.connectGrpc(`127.0.0.1:${listener.port}`, { definition: LegacyA2AService });
  return {
    ...fixture,
    wire: (binding: (typeof LEGACY_BINDINGS)[number], headers: Headers = {}): LegacyWire => {
      if (binding === "JSONRPC") return jsonRpcWire(fixture.call, headers);
      return binding === "HTTP+JSON" ? httpJsonWire(fixture.call, headers) : grpcWire(client, headers);
    },
    async close() {
      client.close();
      await shutDown(fixture.gateway, [listener], 0);
    },
  };
};

type Call = ReturnType<typeof createFixture>["call"];
type Headers = Readonly<Record<string, string>>;

const CONTENT = { "content-type": "application/json" };

const IMAGE = "image/png";

let count = 0;
const nextId = () => `legacy-wire-${++count}`;

const given = (value: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));

const configurationOf = ({ blocking, historyLength, push, outputModes }: LegacySent, pushName: string) =>
  given({ blocking: blocking ?? true, historyLength, acceptedOutputModes: outputModes, [pushName]: push });

// ---- what comes back

const STATES = [
  "",
  "submitted",
  "working",
  "completed",
  "failed",
  "canceled",
  "input-required",
  "rejected",
  "auth-required",
];

const stateOf = (state: Json): string => {
  if (typeof state === "number") return STATES[state] ?? String(state);
  const text = state.replace("TASK_STATE_", "").toLowerCase().replaceAll("_", "-");
  return text === "cancelled" ? "canceled" : text;
};

const textOf = (part: Json): string => part.text ?? part.part?.value ?? "";
const partsOf = (value: Json): Json[] => value.parts ?? value.content ?? [];
const textsOf = (values: Json[] | undefined): string[] =>
  (values ?? []).map((value) => partsOf(value).map(textOf).join(""));

const taskOf = (task: Json): LegacyTask => ({
  ...{ id: task.id, contextId: task.contextId, state: stateOf(task.status.state) },
  ...{ artifacts: textsOf(task.artifacts), history: textsOf(task.history) },
});

const eventOf = (event: Json): LegacyEvent => {
  const { $case: member, value } = event.payload ?? { $case: Object.keys(event)[0], value: Object.values(event)[0] };
  const kind = event.kind ?? member;
  const own = event.kind === undefined ? value : event;
  if (kind === "task") return { kind: "task", state: stateOf(own.status.state) };
  if (kind === "artifact-update" || kind === "artifactUpdate") return { kind: "artifact" };
  return { kind: "status", state: stateOf(own.status.state), final: own.final === true };
};

const sseStream = (response: Response, resultOf: (frame: Json) => Json): LegacyStream => {
  const sse = readSse(response);
  return {
    async next() {
      for (;;) {
        const frame = await sse.next();
        if (frame === null) return null;
        if (frame.data !== undefined) return eventOf(resultOf(frame.data));
      }
    },
    cancel: () => void sse.cancel(),
  };
};

// ---- JSON-RPC

const jsonRpcWire = (call: Call, headers: Headers): LegacyWire => {
  const post = (method: string, params: unknown) =>
    call("/a2a/echo", {
      ...{ method: "POST", headers: { ...CONTENT, ...headers } },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
  const failed = (answer: Response, { error }: Json) =>
    new LegacyFailure(answer.status === 401 ? "unauthenticated" : error.code, error.message);
  const ask = async (method: string, params: unknown): Promise<Json> => {
    const answer = await post(method, params);
    const body = await answer.json();
    if (body.error !== undefined) throw failed(answer, body);
    return body.result;
  };
  const open = async (method: string, params: unknown): Promise<LegacyStream> => {
    const answer = await post(method, params);
    if (answer.headers.get("content-type")?.startsWith("text/event-stream") !== true)
      throw failed(answer, await answer.json());
    return sseStream(answer, ({ result }) => result);
  };
  const params = (sent: LegacySent) => ({
    message: given({
      ...{ kind: "message", role: "user", messageId: sent.messageId ?? nextId() },
      ...{ taskId: sent.taskId, contextId: sent.contextId },
      parts: sent.noParts ? [] : [partOf(sent)],
    }),
    configuration: configurationOf(sent, "pushNotificationConfig"),
  });
  const partOf = ({ text, image }: LegacySent) =>
    image === undefined ? { kind: "text", text } : { kind: "file", file: { bytes: image, mimeType: IMAGE } };
  return {
    send: async (sent) => taskOf(await ask("message/send", params(sent))),
    stream: (sent) => open("message/stream", params(sent)),
    get: async (id, historyLength) => taskOf(await ask("tasks/get", given({ id, historyLength }))),
    cancel: async (id) => taskOf(await ask("tasks/cancel", { id })),
    resubscribe: (id) => open("tasks/resubscribe", { id }),
    setConfig: async (taskId, pushNotificationConfig) =>
      (await ask("tasks/pushNotificationConfig/set", { taskId, pushNotificationConfig })).pushNotificationConfig,
    getConfig: async (id, pushNotificationConfigId) =>
      (await ask("tasks/pushNotificationConfig/get", { id, pushNotificationConfigId })).pushNotificationConfig,
    listConfigs: async (id) =>
      (await ask("tasks/pushNotificationConfig/list", { id })).map((each: Json) => each.pushNotificationConfig),
    deleteConfig: (id, pushNotificationConfigId) =>
      ask("tasks/pushNotificationConfig/delete", { id, pushNotificationConfigId }),
    card: async () => (await ask("agent/getAuthenticatedExtendedCard", undefined)).description,
  };
};

// ---- HTTP+JSON

const httpJsonWire = (call: Call, headers: Headers): LegacyWire => {
  const request = (method: string, path: string, body?: unknown) =>
    call(`/a2a/echo/v1${path}`, {
      ...{ method, headers: { ...CONTENT, ...headers } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const failed = (answer: Response, { code, message }: Json) =>
    new LegacyFailure(answer.status === 401 ? "unauthenticated" : code, message);
  const ask = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await request(method, path, body);
    const text = await answer.text();
    const json = text === "" ? undefined : JSON.parse(text);
    if (answer.status >= 300) throw failed(answer, json);
    return json;
  };
  const open = async (method: string, path: string, body?: unknown): Promise<LegacyStream> => {
    const answer = await request(method, path, body);
    if (answer.status >= 300) throw failed(answer, await answer.json());
    return sseStream(answer, (frame) => frame);
  };
  const bodyOf = (sent: LegacySent) => ({
    message: given({
      ...{ role: "ROLE_USER", messageId: sent.messageId ?? nextId(), taskId: sent.taskId, contextId: sent.contextId },
      content: sent.noParts ? [] : [partOf(sent)],
    }),
    configuration: configurationOf(sent, "pushNotification"),
  });
  const partOf = ({ text, image }: LegacySent) =>
    image === undefined ? { text } : { file: { fileWithBytes: image, mimeType: IMAGE } };
  const configs = (taskId: string, id = "") => `/tasks/${taskId}/pushNotificationConfigs${id && `/${id}`}`;
  const configOf = ({ pushNotificationConfig }: Json) => pushNotificationConfig;
  return {
    send: async (sent) => taskOf((await ask("POST", "/message:send", bodyOf(sent))).task),
    stream: (sent) => open("POST", "/message:stream", bodyOf(sent)),
    get: async (id, historyLength) =>
      taskOf(await ask("GET", `/tasks/${id}${historyLength === undefined ? "" : `?historyLength=${historyLength}`}`)),
    cancel: async (id) => taskOf(await ask("POST", `/tasks/${id}:cancel`)),
    resubscribe: (id) => open("GET", `/tasks/${id}:subscribe`),
    setConfig: async (taskId, pushNotificationConfig) =>
      configOf(await ask("POST", configs(taskId), { pushNotificationConfig })),
    getConfig: async (taskId, id) => configOf(await ask("GET", configs(taskId, id))),
    listConfigs: async (taskId) => ((await ask("GET", configs(taskId))).configs ?? []).map(configOf),
    deleteConfig: (taskId, id) => ask("DELETE", configs(taskId, id)),
    card: async () => (await ask("GET", "/card")).description,
  };
};

// ---- gRPC

const grpcWire = (client: ReturnType<typeof connectGrpc>, headers: Headers): LegacyWire => {
  const ask = async (method: string, request: unknown): Promise<Json> => {
    try {
      return await client.unary(method, request, headers);
    } catch (error) {
      throw grpcFailure(error as ServiceError);
    }
  };
  const open = async (method: string, request: unknown): Promise<LegacyStream> => {
    const call = client.stream(method, request, headers);
    call.on("error", () => {});
    const chunks = call[Symbol.asyncIterator]();
    const read = async (): Promise<LegacyEvent | null> => {
      try {
        const { done, value } = await chunks.next();
        return done === true ? null : eventOf(value);
      } catch (error) {
        throw grpcFailure(error as ServiceError);
      }
    };
    // What is refused is refused before the first event.
    const first = await read();
    let isFirst = true;
    return {
      async next() {
        if (!isFirst) return read();
        isFirst = false;
        return first;
      },
      cancel: () => call.cancel(),
    };
  };
  const requestOf = (sent: LegacySent) => {
    const { blocking = true, historyLength = 0, push, outputModes = [] } = sent;
    const part =
      sent.image === undefined
        ? { $case: "text", value: sent.text }
        : {
            $case: "file",
            value: { mimeType: IMAGE, file: { $case: "fileWithBytes", value: Buffer.from(sent.image, "base64") } },
          };
    return {
      request: {
        ...{ messageId: sent.messageId ?? nextId(), role: 1, extensions: [], metadata: undefined },
        ...{ contextId: sent.contextId ?? "", taskId: sent.taskId ?? "", content: sent.noParts ? [] : [{ part }] },
      },
      configuration: {
        acceptedOutputModes: outputModes,
        blocking,
        historyLength,
        pushNotification: push && full(push),
      },
      metadata: undefined,
    };
  };
  const full = (config: LegacyConfig) => ({ ...config, token: "", authentication: undefined });
  const nameOf = (taskId: string, id: string) => `tasks/${taskId}/pushNotificationConfigs/${id}`;
  const configOf = ({ pushNotificationConfig }: Json) => pushNotificationConfig;
  return {
    send: async (sent) => taskOf((await ask("sendMessage", requestOf(sent))).payload.value),
    stream: (sent) => open("sendStreamingMessage", requestOf(sent)),
    get: async (id, historyLength = 0) => taskOf(await ask("getTask", { name: `tasks/${id}`, historyLength })),
    cancel: async (id) => taskOf(await ask("cancelTask", { name: `tasks/${id}` })),
    resubscribe: (id) => open("taskSubscription", { name: `tasks/${id}` }),
    setConfig: async (taskId, config) =>
      configOf(
        await ask("createTaskPushNotificationConfig", {
          ...{ parent: `tasks/${taskId}`, configId: config.id },
          config: { name: nameOf(taskId, config.id), pushNotificationConfig: full(config) },
        }),
      ),
    getConfig: async (taskId, id) => configOf(await ask("getTaskPushNotificationConfig", { name: nameOf(taskId, id) })),
    listConfigs: async (taskId) =>
      (
        await ask("listTaskPushNotificationConfig", { parent: `tasks/${taskId}`, pageSize: 0, pageToken: "" })
      ).configs.map(configOf),
    deleteConfig: (taskId, id) => ask("deleteTaskPushNotificationConfig", { name: nameOf(taskId, id) }),
    card: async () => (await ask("getAgentCard", {})).description,
  };
};

/** By the reason in its details, which are protobuf with that text in it. */
const grpcFailure = (error: ServiceError): LegacyFailure => {
  if (error.code === status.UNAUTHENTICATED) return new LegacyFailure("unauthenticated", error.details);
  const details = String(error.metadata?.get("grpc-status-details-bin")[0] ?? "");
  const reason = Object.entries(A2A_ERRORS).find(([name]) => details.includes(name));
  if (reason !== undefined) return new LegacyFailure(reason[1].jsonRpc, error.details);
  return new LegacyFailure(error.code === status.INVALID_ARGUMENT ? -32602 : -32000, error.details);
};

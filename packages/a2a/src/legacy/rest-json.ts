/**
 * The HTTP+JSON binding of protocol 0.3: not JSON-RPC's shapes, but the JSON form of 0.3's proto file (package a2a.v1), with
 * `content`, `fileWithUri` and names of enums. It is translated to and from JSON-RPC's, so that both are served alike.
 * Answers have the members of 0.3.0's proto file only: clients of that age refuse others.
 */
import { parseInput, readProtoJson } from "@agentcore/contract";
import { z } from "zod";
import type { A2AOperationRunner } from "../server/operations.ts";
import { callLegacy, type LegacyStream, streamLegacy, withoutSignatures } from "./call.ts";
import { LEGACY_METHODS, type LegacyMethod } from "./methods.ts";
import type {
  LegacyArtifact,
  LegacyMessage,
  LegacyPart,
  LegacyResult,
  LegacyStatus,
  LegacyTask,
  LegacyTaskConfig,
} from "./model.ts";
import {
  AcceptedOutputModes,
  Base64,
  FileName,
  HistoryLength,
  Id,
  MediaType,
  MessageExtensions,
  Metadata,
  PushNotificationConfig,
  parts,
  Uri,
} from "./params.ts";
import { toRestCard } from "./rest-card.ts";

const exactlyOne =
  (...keys: readonly string[]) =>
  (value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    if (keys.filter((key) => value[key] !== undefined && value[key] !== null).length !== 1)
      context.addIssue({ code: "custom", message: `expected exactly one of ${keys.join(", ")}` });
  };

const Part = z
  .object({
    text: z.string().optional(),
    file: z
      .object({
        fileWithUri: Uri.optional(),
        fileWithBytes: Base64.optional(),
        mimeType: MediaType.optional(),
        name: FileName.optional(),
      })
      .superRefine(exactlyOne("fileWithUri", "fileWithBytes"))
      .optional(),
    // Another name for what is any value in 1.0, where null is one.
    data: z.object({ data: Metadata }).nullish(),
    metadata: Metadata.optional(),
  })
  .superRefine(exactlyOne("text", "file", "data"));

const Message = z.object({
  messageId: Id,
  contextId: Id.optional(),
  taskId: Id.optional(),
  role: z.enum(["ROLE_USER", "ROLE_AGENT"]),
  content: parts(Part, "expected an array of parts; over HTTP+JSON 0.3 has them as content, not as parts"),
  metadata: Metadata.optional(),
  extensions: MessageExtensions.optional(),
});

const SendMessage = z.object({
  message: Message,
  configuration: z
    .object({
      acceptedOutputModes: AcceptedOutputModes.optional(),
      pushNotification: PushNotificationConfig.optional(),
      historyLength: HistoryLength.optional(),
      blocking: z.boolean().optional(),
    })
    .optional(),
  metadata: Metadata.optional(),
});

const TaskConfig = z.object({ pushNotificationConfig: PushNotificationConfig });
// As some clients send it: the proto's request, of which the binding's body is one member only.
const CreateTaskConfig = z.object({ config: TaskConfig, configId: Id.optional() });

export interface RestInput {
  /** The body, or the query of requests without one; freshly parsed JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly taskId?: string | undefined;
  readonly configId?: string | undefined;
}

/** A request as the params of its JSON-RPC method. Throws INVALID_ARGUMENT, with the fields as this binding names them. */
export const parseRestParams = (method: LegacyMethod, { fields, taskId, configId }: RestInput): unknown => {
  readProtoJson(fields);
  switch (method) {
    case "message/send":
    case "message/stream":
      return sendParams(parseInput(SendMessage, withMessage(fields), method));
    case "tasks/pushNotificationConfig/set": {
      const pushNotificationConfig =
        fields.config === undefined
          ? parseInput(TaskConfig, fields, method).pushNotificationConfig
          : nested(parseInput(CreateTaskConfig, fields, method));
      return parseInput(LEGACY_METHODS[method].params, { taskId, pushNotificationConfig }, method);
    }
    default:
      return parseInput(
        LEGACY_METHODS[method].params,
        { ...fields, id: taskId, pushNotificationConfigId: configId },
        method,
      );
  }
};

/** As `callLegacy`, with the answer as this binding writes it; undefined when there is none. */
export const callLegacyRest = async (
  runner: A2AOperationRunner,
  method: LegacyMethod,
  params: unknown,
): Promise<unknown> => {
  // The proto's card is nearer to 1.0's than to JSON-RPC's.
  if (method === "agent/getAuthenticatedExtendedCard")
    return withoutSignatures(toRestCard(await runner.unary("GetExtendedAgentCard", {})));
  const result = await callLegacy(runner, method, params);
  switch (method) {
    case "message/send":
      return toStreamResponse(result as LegacyResult);
    case "tasks/get":
    case "tasks/cancel":
      return toTask(result as LegacyTask);
    case "tasks/pushNotificationConfig/set":
    case "tasks/pushNotificationConfig/get":
      return toTaskConfig(result as LegacyTaskConfig);
    case "tasks/pushNotificationConfig/list":
      return { configs: (result as readonly LegacyTaskConfig[]).map(toTaskConfig) };
    default:
      return undefined;
  }
};

/** As `streamLegacy`, with frames as this binding writes them. */
export const streamLegacyRest = async (
  runner: A2AOperationRunner,
  method: LegacyMethod,
  params: unknown,
): Promise<LegacyStream> => {
  const { frames, release } = await streamLegacy(runner, method, params);
  return {
    frames: {
      async next() {
        const { done, value } = await frames.next();
        if (done === true) return { done: true, value: undefined };
        return { done: false, value: { result: toStreamResponse(value.result as LegacyResult), seq: value.seq } };
      },
    },
    release,
  };
};

// The proto file calls the member `request`, and `message` in JSON: both are read.
const withMessage = ({ request, ...fields }: Readonly<Record<string, unknown>>) =>
  request === undefined || fields.message !== undefined ? fields : { ...fields, message: request };

const nested = ({ config, configId }: z.infer<typeof CreateTaskConfig>): z.infer<typeof PushNotificationConfig> => {
  const { id, ...rest } = config.pushNotificationConfig;
  const name = id ?? configId;
  return name === undefined ? rest : { ...rest, id: name };
};

const sendParams = ({ message, configuration, ...rest }: z.infer<typeof SendMessage>) => {
  const { content, role, ...more } = message;
  return {
    ...rest,
    message: {
      ...more,
      kind: "message",
      role: role === "ROLE_USER" ? "user" : "agent",
      parts: content.map(fromPart),
    },
    ...(configuration === undefined ? {} : { configuration: fromConfiguration(configuration) }),
  };
};

// Proto 3 leaves out what is false: a client that sends a configuration without `blocking` does not want to wait.
const fromConfiguration = ({
  pushNotification,
  blocking = false,
  ...rest
}: NonNullable<z.infer<typeof SendMessage>["configuration"]>) => ({
  ...rest,
  blocking,
  ...(pushNotification === undefined ? {} : { pushNotificationConfig: pushNotification }),
});

const fromPart = ({ text, file, data, metadata }: z.infer<typeof Part>): LegacyPart => {
  const rest = metadata === undefined ? {} : { metadata };
  if (text !== undefined) return { kind: "text", text, ...rest };
  if (data) return { kind: "data", data: data.data, ...rest };
  const { fileWithUri, fileWithBytes, ...more } = file ?? {};
  const content = fileWithUri === undefined ? { bytes: fileWithBytes } : { uri: fileWithUri };
  return { kind: "file", file: { ...content, ...more }, ...rest };
};

const toPart = (part: LegacyPart) => {
  if (part.kind === "text") return { text: part.text };
  if (part.kind === "data") return { data: { data: part.data } };
  const { bytes, uri, mimeType } = part.file;
  return { file: { ...(uri === undefined ? { fileWithBytes: bytes } : { fileWithUri: uri }), mimeType } };
};

const toMessage = ({ messageId, contextId, taskId, role, parts: content, metadata, extensions }: LegacyMessage) => ({
  messageId,
  contextId,
  taskId,
  role: role === "user" ? "ROLE_USER" : "ROLE_AGENT",
  content: content.map(toPart),
  metadata,
  extensions,
});

const toArtifact = ({ parts: content, ...rest }: LegacyArtifact) => ({ ...rest, parts: content.map(toPart) });

const toState = (state: string): string => {
  if (state === "unknown") return "TASK_STATE_UNSPECIFIED";
  // The one that 1.0 spells otherwise.
  return state === "canceled" ? "TASK_STATE_CANCELLED" : `TASK_STATE_${state.toUpperCase().replaceAll("-", "_")}`;
};

const toStatus = ({ state, message, timestamp }: LegacyStatus) => ({
  state: toState(state),
  message: message === undefined ? undefined : toMessage(message),
  timestamp,
});

const toTask = ({ id, contextId, status, artifacts, history, metadata }: LegacyTask) => ({
  id,
  contextId,
  status: toStatus(status),
  artifacts: artifacts?.map(toArtifact),
  history: history?.map(toMessage),
  metadata,
});

const toStreamResponse = (result: LegacyResult) => {
  switch (result.kind) {
    case "task":
      return { task: toTask(result) };
    case "message":
      return { message: toMessage(result) };
    case "status-update": {
      const { kind: _, status, ...rest } = result;
      return { statusUpdate: { ...rest, status: toStatus(status) } };
    }
    case "artifact-update": {
      const { kind: _, artifact, ...rest } = result;
      return { artifactUpdate: { ...rest, artifact: toArtifact(artifact) } };
    }
  }
};

const toTaskConfig = ({ taskId, pushNotificationConfig }: LegacyTaskConfig) => ({
  name: `tasks/${taskId}/pushNotificationConfigs/${pushNotificationConfig.id ?? ""}`,
  pushNotificationConfig,
});

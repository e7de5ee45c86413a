/** What A2A 0.3 calls otherwise than 1.0, both ways: its JSON-RPC form, and the JSON of its proto file, which HTTP+JSON and gRPC share. */

// What comes over a wire is looked at, not trusted: no type says what it is.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

const defined = (value: Record<string, unknown>): Json =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

const without = (value: Json, name: string): Json => defined({ ...value, [name]: undefined });

const METHODS: Readonly<Record<string, string>> = {
  SendMessage: "message/send",
  SendStreamingMessage: "message/stream",
  GetTask: "tasks/get",
  CancelTask: "tasks/cancel",
  SubscribeToTask: "tasks/resubscribe",
  CreateTaskPushNotificationConfig: "tasks/pushNotificationConfig/set",
  GetTaskPushNotificationConfig: "tasks/pushNotificationConfig/get",
  ListTaskPushNotificationConfigs: "tasks/pushNotificationConfig/list",
  DeleteTaskPushNotificationConfig: "tasks/pushNotificationConfig/delete",
};

const legacyConfiguration = (given: Json, push: string): Json => {
  if (given === undefined) return undefined;
  const { returnImmediately = false, taskPushNotificationConfig: inline, ...rest } = given;
  return defined({ ...rest, blocking: !returnImmediately, [push]: inline && legacyConfig(inline) });
};

const legacyConfig = ({ authentication, ...rest }: Json) =>
  defined({
    ...without(rest, "taskId"),
    authentication: authentication && {
      ...{ schemes: [authentication.scheme], credentials: authentication.credentials },
    },
  });

const config = (taskId: string, { authentication, ...rest }: Json) =>
  defined({
    ...rest,
    taskId,
    authentication: authentication && {
      ...{ scheme: authentication.schemes[0], credentials: authentication.credentials },
    },
  });

// ---- JSON-RPC

const rpcPart = ({ text, raw, url, data, mediaType, filename, metadata }: Json) => {
  if (text !== undefined) return defined({ kind: "text", text, metadata });
  if (data !== undefined) return defined({ kind: "data", data, metadata });
  return defined({
    kind: "file",
    file: defined({ bytes: raw, uri: url, mimeType: mediaType, name: filename }),
    metadata,
  });
};

const rpcMessage = (message: Json) =>
  message && {
    ...{ ...message, kind: "message" },
    role: message.role === "ROLE_USER" ? "user" : message.role,
    parts: message.parts?.map(rpcPart),
  };

/** A call of 1.0 as one of 0.3. */
export const toLegacyRpc = (operation: string, params: Json): { readonly method: string; readonly params: Json } => {
  const method = METHODS[operation] ?? operation;
  switch (operation) {
    case "SendMessage":
    case "SendStreamingMessage": {
      const own = legacyConfiguration(params.configuration, "pushNotificationConfig");
      return { method, params: defined({ ...params, message: rpcMessage(params.message), configuration: own }) };
    }
    case "CreateTaskPushNotificationConfig":
      return { method, params: { taskId: params.taskId, pushNotificationConfig: legacyConfig(params) } };
    case "GetTaskPushNotificationConfig":
    case "DeleteTaskPushNotificationConfig":
      return { method, params: { id: params.taskId, pushNotificationConfigId: params.id } };
    case "ListTaskPushNotificationConfigs":
      return { method, params: { id: params.taskId } };
    default:
      return { method, params };
  }
};

/** 0.3's data is always an object: what is none comes as the only member of one. */
const unwrapped = (data: Json): Json => {
  const [only, ...others] = Object.keys(data);
  return only === "value" && others.length === 0 ? data.value : data;
};

const fromRpcPart = ({ kind, text, data, file, metadata: given }: Json) => {
  const rest = without(given ?? {}, "data_part_compat");
  const metadata = Object.keys(rest).length === 0 ? undefined : rest;
  if (kind === "text") return defined({ text, metadata });
  if (kind === "data") return defined({ data: unwrapped(data), metadata });
  return defined({ raw: file.bytes, url: file.uri, mediaType: file.mimeType, filename: file.name, metadata });
};

const fromRpcMessage = (message: Json) => ({
  ...without(message, "kind"),
  role: message.role === "user" ? "ROLE_USER" : "ROLE_AGENT",
  parts: message.parts.map(fromRpcPart),
});

const fromRpcStatus = (status: Json) =>
  defined({
    ...status,
    state: `TASK_STATE_${status.state.toUpperCase().replaceAll("-", "_")}`,
    message: status.message && fromRpcMessage(status.message),
  });

const fromRpcArtifact = (artifact: Json) => ({ ...artifact, parts: artifact.parts.map(fromRpcPart) });

const fromRpcTask = (task: Json) =>
  defined({
    ...without(task, "kind"),
    status: fromRpcStatus(task.status),
    artifacts: task.artifacts?.map(fromRpcArtifact),
    history: task.history?.map(fromRpcMessage),
  });

const fromRpcEvent = ({ kind, final, ...event }: Json): Json => {
  if (kind === "task") return { task: fromRpcTask(event) };
  if (kind === "status-update") return { statusUpdate: { ...event, status: fromRpcStatus(event.status) }, final };
  return { artifactUpdate: { ...event, artifact: fromRpcArtifact(event.artifact) } };
};

/** A result of 0.3 as one of 1.0. A status update keeps `final`, beside. */
export const fromLegacyRpc = (operation: string, result: Json): Json => {
  switch (operation) {
    case "GetTask":
    case "CancelTask":
      return fromRpcTask(result);
    case "CreateTaskPushNotificationConfig":
    case "GetTaskPushNotificationConfig":
      return config(result.taskId, result.pushNotificationConfig);
    case "ListTaskPushNotificationConfigs":
      return { configs: result.map((each: Json) => config(each.taskId, each.pushNotificationConfig)) };
    case "DeleteTaskPushNotificationConfig":
      return {};
    default:
      return fromRpcEvent(result);
  }
};

// ---- The JSON of the proto file

const protoPart = ({ text, raw, url, data, mediaType }: Json) => {
  if (text !== undefined) return { text };
  if (data !== undefined) return { data: { data } };
  return { file: defined({ fileWithBytes: raw, fileWithUri: url, mimeType: mediaType }) };
};

const protoMessage = (message: Json) => {
  const { parts, ...rest } = message ?? {};
  return message && defined({ ...rest, content: parts?.map(protoPart) });
};

/** A body of 1.0's HTTP+JSON as one of 0.3's. */
export const toLegacyRest = (operation: string, body: Json): Json => {
  if (operation === "CreateTaskPushNotificationConfig") return { pushNotificationConfig: legacyConfig(body) };
  return defined({
    ...{ ...body, message: protoMessage(body.message) },
    configuration: legacyConfiguration(body.configuration, "pushNotification"),
  });
};

/** A call of 1.0 as a method and a request of 0.3's service. */
export const toLegacyGrpc = (operation: string, params: Json): { readonly method: string; readonly params: Json } => {
  const configName = `tasks/${params.taskId}/pushNotificationConfigs/${params.id}`;
  switch (operation) {
    case "SendMessage":
    case "SendStreamingMessage": {
      const { message, ...rest } = toLegacyRest(operation, params);
      return {
        method: operation === "SendMessage" ? "sendMessage" : "sendStreamingMessage",
        params: { ...rest, request: message },
      };
    }
    case "GetTask":
    case "CancelTask": {
      const { id, ...rest } = params;
      return { method: operation === "GetTask" ? "getTask" : "cancelTask", params: { ...rest, name: `tasks/${id}` } };
    }
    case "SubscribeToTask":
      return { method: "taskSubscription", params: { name: `tasks/${params.id}` } };
    case "CreateTaskPushNotificationConfig":
      return {
        method: "createTaskPushNotificationConfig",
        params: {
          parent: `tasks/${params.taskId}`,
          configId: params.id,
          config: { name: configName, pushNotificationConfig: legacyConfig(params) },
        },
      };
    case "GetTaskPushNotificationConfig":
      return { method: "getTaskPushNotificationConfig", params: { name: configName } };
    case "DeleteTaskPushNotificationConfig":
      return { method: "deleteTaskPushNotificationConfig", params: { name: configName } };
    case "ListTaskPushNotificationConfigs":
      return { method: "listTaskPushNotificationConfig", params: { parent: `tasks/${params.taskId}` } };
    default:
      throw new TypeError(`0.3 has no ${operation}`);
  }
};

const fromProtoPart = ({ text, data, file }: Json) => {
  if (text !== undefined) return { text };
  if (data !== undefined) return { data: unwrapped(data.data) };
  return defined({ raw: file.fileWithBytes, url: file.fileWithUri, mediaType: file.mimeType });
};

const fromProtoMessage = ({ content, ...message }: Json) => ({ ...message, parts: content.map(fromProtoPart) });

// The proto file calls the message `update`, and `message` in JSON.
const fromProtoStatus = ({ state, update, message = update, timestamp }: Json) =>
  defined({
    state: state === "TASK_STATE_CANCELLED" ? "TASK_STATE_CANCELED" : state,
    message: message && fromProtoMessage(message),
    timestamp,
  });

const fromProtoArtifact = (artifact: Json) => ({ ...artifact, parts: artifact.parts.map(fromProtoPart) });

const fromProtoTask = (task: Json) =>
  defined({
    ...task,
    status: fromProtoStatus(task.status),
    artifacts: task.artifacts?.map(fromProtoArtifact),
    history: task.history?.map(fromProtoMessage),
  });

const fromProtoConfig = ({ name, pushNotificationConfig }: Json) => config(name.split("/")[1], pushNotificationConfig);

/** As `fromLegacyRpc`, for answers in the JSON of the proto file. */
export const fromLegacyRest = (operation: string, value: Json): Json => {
  switch (operation) {
    case "GetTask":
    case "CancelTask":
      return fromProtoTask(value);
    case "CreateTaskPushNotificationConfig":
    case "GetTaskPushNotificationConfig":
      return fromProtoConfig(value);
    case "ListTaskPushNotificationConfigs":
      return { configs: value.configs.map(fromProtoConfig) };
    case "DeleteTaskPushNotificationConfig":
      return {};
  }
  if (value.task !== undefined) return { task: fromProtoTask(value.task) };
  if (value.statusUpdate !== undefined) {
    const { final = false, ...update } = value.statusUpdate;
    return { statusUpdate: { ...update, status: fromProtoStatus(update.status) }, final };
  }
  const { artifact, ...update } = value.artifactUpdate;
  return { artifactUpdate: { ...update, artifact: fromProtoArtifact(artifact) } };
};

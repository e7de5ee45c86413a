/** Push notifications and protocol 0.3, as far as checks look at them, over a server that has 1.0 alone. */
import type { Serve } from "./mutated-server.ts";

type Json = Readonly<Record<string, unknown>>;

const CONTENT = { "content-type": "application/json" };
const V1 = { ...CONTENT, "a2a-version": "1.0" };
const rpc = (method: string, params: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const info = (reason: string) => [
  { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "a2a-protocol.org", metadata: {} },
];

interface Config extends Json {
  readonly id: string;
  readonly taskId: string;
  readonly url: string;
}

/** Adds push notifications to the JSON-RPC binding. Deliveries go out by `post`, in order. */
export const withPush = (serve: Serve, post: (request: Request) => Promise<Response>): Serve => {
  const configs: Config[] = [];
  const result = (id: unknown, value: unknown) => Response.json({ jsonrpc: "2.0", id, result: value });
  const failed = (id: unknown, code: number, reason?: string) =>
    Response.json({
      ...{ jsonrpc: "2.0", id },
      error: { code, message: "no", ...(reason === undefined ? {} : { data: info(reason) }) },
    });

  const deliver = async (config: Config, task: Json, token: string | undefined): Promise<void> => {
    const { history: _, ...rest } = task;
    const authentication = config["authentication"] as Json | undefined;
    const headers = {
      "content-type": "application/a2a+json",
      ...(authentication && { authorization: [authentication["scheme"], authentication["credentials"]].join(" ") }),
      ...(token === undefined ? {} : { "x-a2a-notification-token": token }),
    };
    const working = { ...rest, artifacts: [], status: { ...(rest["status"] as Json), state: "TASK_STATE_WORKING" } };
    const status = { taskId: task["id"], contextId: task["contextId"], status: task["status"] };
    for (const body of [{ task: working }, { statusUpdate: status }])
      await post(new Request(config.url, { method: "POST", headers, body: JSON.stringify(body) }));
  };

  return async (request) => {
    const url = new URL(request.url);
    if (url.pathname.endsWith("agent-card.json")) {
      const response = await serve(request);
      if (response.status !== 200) return response;
      const card = await response.json();
      const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "content-length"));
      return Response.json({ ...card, capabilities: { ...card.capabilities, pushNotifications: true } }, { headers });
    }
    const text = await request.text();
    const again = (body: string) =>
      serve(
        new Request(request.url, {
          method: request.method,
          headers: request.headers,
          ...(body && { body }),
          signal: request.signal,
        }),
      );
    const call = text.startsWith("{") && text.endsWith("}") ? (JSON.parse(text) as Json) : {};
    const params = (call["params"] ?? {}) as Json;
    const known = async (id: unknown) =>
      (
        await (
          await serve(
            new Request(request.url, { method: "POST", headers: request.headers, body: rpc("GetTask", { id }) }),
          )
        ).json()
      ).error === undefined;
    const method = String(call["method"]);
    if (method === "SendMessage" && (params["configuration"] as Json | undefined)?.["taskPushNotificationConfig"]) {
      const { taskPushNotificationConfig: config, ...configuration } = params["configuration"] as Record<string, Json>;
      const response = await again(JSON.stringify({ ...call, params: { ...params, configuration } }));
      const { task } = (await response.clone().json()).result;
      void deliver(config as Config, task, config?.["token"] as string | undefined);
      return response;
    }
    if (!method.includes("PushNotificationConfig")) return again(text);
    if (!(await known(params["taskId"]))) return failed(call["id"], -32001, "TASK_NOT_FOUND");
    const index = configs.findIndex(({ id, taskId }) => id === params["id"] && taskId === params["taskId"]);
    switch (method) {
      case "CreateTaskPushNotificationConfig": {
        if (!/^https?:/.test(String(params["url"]))) return failed(call["id"], -32602);
        const config = { id: `config-${configs.length}`, ...params } as Config;
        if (index === -1) configs.push(config);
        else configs[index] = config;
        return result(call["id"], config);
      }
      case "GetTaskPushNotificationConfig":
        return index === -1 ? failed(call["id"], -32001, "TASK_NOT_FOUND") : result(call["id"], configs[index]);
      case "ListTaskPushNotificationConfigs":
        return result(call["id"], {
          configs: configs.filter(({ taskId }) => taskId === params["taskId"]),
          nextPageToken: "",
        });
      default:
        if (index !== -1) configs.splice(index, 1);
        return result(call["id"], {});
    }
  };
};

const METHODS: Readonly<Record<string, string>> = {
  "message/send": "SendMessage",
  "message/stream": "SendStreamingMessage",
  "tasks/get": "GetTask",
  "tasks/cancel": "CancelTask",
};

const state = (value: unknown) => String(value).replace("TASK_STATE_", "").toLowerCase().replaceAll("_", "-");
const part = (value: Json) => ({ kind: "text" in value ? "text" : "data", ...value });
const message = (value: Json) => ({
  ...{ ...value, kind: "message", role: value["role"] === "ROLE_USER" ? "user" : "agent" },
  parts: (value["parts"] as Json[]).map(part),
});
const status = (value: Json) => ({
  ...{ ...value, state: state(value["state"]) },
  ...(value["message"] === undefined ? {} : { message: message(value["message"] as Json) }),
});
const artifact = (value: Json) => ({ ...value, parts: (value["parts"] as Json[]).map(part) });
const task = (value: Json) => ({
  ...{ ...value, kind: "task", status: status(value["status"] as Json) },
  ...(value["history"] === undefined ? {} : { history: (value["history"] as Json[]).map(message) }),
  ...(value["artifacts"] === undefined ? {} : { artifacts: (value["artifacts"] as Json[]).map(artifact) }),
});
const FINAL = ["completed", "failed", "canceled", "rejected", "input-required"];
const event = (value: Json): unknown => {
  if (value["task"] !== undefined) return task(value["task"] as Json);
  const update = value["statusUpdate"] as Json | undefined;
  if (update !== undefined) {
    const own = status(update["status"] as Json);
    return { ...update, kind: "status-update", status: own, final: FINAL.includes(own.state) };
  }
  const changed = value["artifactUpdate"] as Json;
  return { ...changed, kind: "artifact-update", artifact: artifact(changed["artifact"] as Json) };
};

/** Adds 0.3 to the JSON-RPC binding, and its members to the card that states no version. */
export const withLegacy =
  (serve: Serve): Serve =>
  async (request) => {
    if (request.url.endsWith("agent-card.json")) {
      const response = await serve(request);
      if (request.headers.get("a2a-version") !== null || response.status !== 200) return response;
      const card = await response.json();
      const own = {
        protocolVersion: "0.3.0",
        url: request.url.replace(/\/\.well-known.*/, ""),
        preferredTransport: "JSONRPC",
      };
      const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "content-length"));
      return Response.json({ ...card, ...own }, { headers: { ...headers, vary: "a2a-version" } });
    }
    const text = await request.text();
    const call = (text.startsWith("{") && text.endsWith("}") ? JSON.parse(text) : {}) as Json;
    const method = String(call["method"]);
    const version = request.headers.get("a2a-version") ?? "0.3";
    const isLegacy = version === "0.3" && (method.includes("/") || request.headers.get("a2a-version") === "0.3");
    const target = METHODS[method];
    if (!isLegacy)
      return serve(
        new Request(request.url, {
          method: request.method,
          headers: request.headers,
          ...(text && { body: text }),
          signal: request.signal,
        }),
      );
    if (target === undefined)
      return Response.json({ jsonrpc: "2.0", id: call["id"], error: { code: -32601, message: "no" } });
    const {
      message: sent,
      configuration: _,
      ...params
    } = call["params"] as { message?: Json; configuration?: unknown };
    const own =
      sent === undefined
        ? params
        : {
            message: {
              ...{ ...sent, kind: undefined, role: "ROLE_USER" },
              parts: (sent["parts"] as Json[] | undefined)?.map((each) => ({ ...each, kind: undefined })),
            },
          };
    const response = await serve(
      new Request(request.url, {
        method: "POST",
        headers: V1,
        signal: request.signal,
        body: JSON.stringify({ ...call, method: target, params: own }),
      }),
    );
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
      const translated = (await response.text()).replaceAll(/^data: (.*)$/gm, (_, data: string) => {
        const envelope = JSON.parse(data) as Json;
        return `data: ${JSON.stringify({ ...envelope, result: event(envelope["result"] as Json) })}`;
      });
      return new Response(translated, { headers: { "content-type": "text/event-stream" } });
    }
    const body = await response.json();
    if (body.result === undefined) return Response.json(body);
    return Response.json({ ...body, result: task(body.result.task ?? body.result) });
  };

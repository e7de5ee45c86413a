/** The HTTP+JSON binding of either protocol version; the operations of 0.3 go by the names of its JSON-RPC methods. */
import { withoutEndSlashes } from "../client/without-end-slashes.ts";
import {
  type CallOptions,
  type Channel,
  type ChannelOptions,
  headersOf,
  type InterfaceAddress,
  noEvents,
  type Reply,
} from "./channel.ts";
import { found } from "./check.ts";
import type { HttpAnswer, HttpExchange, HttpRequest, OpenAnswer } from "./http-exchange.ts";
import { httpUrl, whole } from "./json-rpc-channel.ts";
import { isObject, member, parsedJson, shown, textAt } from "./json-values.ts";
import { toWireError } from "./wire-errors.ts";

interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Params of the path, in order; the others go into the query, or the body of a POST. */
  readonly path: readonly string[];
  template(...path: readonly string[]): string;
}

const route = (method: Route["method"], template: Route["template"], ...path: readonly string[]): Route => ({
  ...{ method, template, path },
});
/** A lone surrogate is no text that has UTF-8, and a server may send one all the same. */
const inPath = (text: string): string => encodeURIComponent(text.toWellFormed());
const configs = (task: string | undefined) => `/tasks/${task}/pushNotificationConfigs`;

type Routes = Readonly<Record<string, Route>>;

const LEGACY_ROUTES: Routes = {
  "message/send": route("POST", () => "/v1/message:send"),
  "message/stream": route("POST", () => "/v1/message:stream"),
  "tasks/get": route("GET", (id) => `/v1/tasks/${id}`, "id"),
  "tasks/cancel": route("POST", (id) => `/v1/tasks/${id}:cancel`, "id"),
};

const ROUTES: Routes = {
  SendMessage: route("POST", () => "/message:send"),
  SendStreamingMessage: route("POST", () => "/message:stream"),
  GetTask: route("GET", (id) => `/tasks/${id}`, "id"),
  ListTasks: route("GET", () => "/tasks"),
  CancelTask: route("POST", (id) => `/tasks/${id}:cancel`, "id"),
  SubscribeToTask: route("GET", (id) => `/tasks/${id}:subscribe`, "id"),
  CreateTaskPushNotificationConfig: route("POST", configs, "taskId"),
  GetTaskPushNotificationConfig: route("GET", (task, id) => `${configs(task)}/${id}`, "taskId", "id"),
  ListTaskPushNotificationConfigs: route("GET", configs, "taskId"),
  DeleteTaskPushNotificationConfig: route("DELETE", (task, id) => `${configs(task)}/${id}`, "taskId", "id"),
  GetExtendedAgentCard: route("GET", () => "/extendedAgentCard"),
};

export const createHttpJsonChannel = (
  address: InterfaceAddress,
  exchange: HttpExchange,
  options: ChannelOptions,
): Channel => {
  const tenant = address.tenant === undefined ? "" : `/${inPath(address.tenant)}`;
  // The card may have any text as an address: each check that needs one says so.
  const base = () => withoutEndSlashes(httpUrl(address.url)) + tenant;
  const { version } = address;
  const routes = version === "0.3" ? LEGACY_ROUTES : ROUTES;
  const contentType = version === "0.3" ? "application/json" : "application/a2a+json";

  const requestOf = (operation: string, params: unknown, call: CallOptions = {}): HttpRequest => {
    const found = routes[operation];
    if (found === undefined) throw new TypeError(`HTTP+JSON ${version} has no operation ${operation}`);
    const method = call.httpMethod ?? found.method;
    const given = isObject(params) ? params : {};
    const ids = found.path.map((name) => inPath(textAt(given, name) ?? ""));
    const rest = Object.entries(given).filter(([name]) => !found.path.includes(name));
    const url = new URL(base() + found.template(...ids));
    if (method !== "POST")
      for (const [name, value] of rest)
        url.searchParams.set(name, typeof value === "string" ? value : JSON.stringify(value));
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
    const headers = headersOf(address, options, call);
    if (method !== "POST") return { method, url: url.href, headers };
    const body = JSON.stringify(isObject(params) ? Object.fromEntries(rest) : params);
    return { method, url: url.href, headers: { "content-type": contentType, ...headers }, body };
  };

  return {
    address,
    async call(operation, params, call) {
      return toReply(await exchange.request(requestOf(operation, params, call)));
    },
    async open(operation, params, call) {
      const answer = await exchange.open(
        requestOf(operation, params, { ...call, headers: { accept: "text/event-stream", ...call?.headers } }),
      );
      if (answer.isEventStream) return { reply: undefined, events: eventsOf(answer) };
      return { reply: toReply(await whole(answer)), events: noEvents() };
    },
    async raw({ method, path = "", body, headers = {} }) {
      const all = { "content-type": contentType, ...headersOf(address, options, {}), ...headers };
      return exchange.request({
        method,
        url: base() + path,
        headers: Object.fromEntries(
          Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        ),
        ...(body === undefined ? {} : { body }),
      });
    },
  };
};

export const toReply = (http: HttpAnswer): Reply => {
  // 0.3 says nothing of the body of an error; servers of it send one without an envelope.
  const error = member(http.json, "error") ?? http.json;
  const isError = http.status >= 400 || http.status < 200;
  return {
    binding: "HTTP+JSON",
    http,
    // An answer without content, as to a deletion, is an empty result.
    result: isError || http.status >= 300 ? undefined : http.text === "" ? {} : http.json,
    error: isError
      ? toWireError(http.status, member(error, "message"), member(error, "details") ?? member(error, "data"))
      : undefined,
    header: (name) => http.headers.get(name) ?? undefined,
  };
};

async function* eventsOf(answer: OpenAnswer) {
  for await (const sse of answer.events()) {
    const response = sse.data === "" ? undefined : parsedJson(sse.data);
    if (sse.data !== "" && !isObject(response))
      found(`the event ${shown(sse.data)}`, "a StreamResponse in every event");
    yield { response, sse };
  }
}

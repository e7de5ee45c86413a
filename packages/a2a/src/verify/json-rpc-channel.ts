/** The JSON-RPC binding of either protocol version. */
import {
  type Channel,
  type ChannelOptions,
  headersOf,
  type InterfaceAddress,
  noEvents,
  type Reply,
} from "./channel.ts";
import { found } from "./check.ts";
import type { HttpAnswer, HttpExchange, OpenAnswer } from "./http-exchange.ts";
import { isObject, member, parsedJson, shown } from "./json-values.ts";
import { toWireError } from "./wire-errors.ts";

export const createJsonRpcChannel = (
  address: InterfaceAddress,
  exchange: HttpExchange,
  options: ChannelOptions,
): Channel => {
  let lastId = 0;
  const requestOf = (method: string, params: unknown, call: Parameters<Channel["call"]>[2] = {}) => {
    const id = (lastId += 1);
    const url = new URL(httpUrl(address.url));
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
    const withTenant =
      address.tenant !== undefined && isObject(params) ? { tenant: address.tenant, ...params } : params;
    return {
      id,
      request: {
        method: "POST",
        url: url.href,
        headers: { "content-type": "application/json", ...headersOf(address, options, call) },
        body: JSON.stringify({ jsonrpc: "2.0", id, method, params: withTenant }),
      },
    };
  };
  return {
    address,
    async call(operation, params, call) {
      return toReply(await exchange.request(requestOf(operation, params, call).request));
    },
    async open(operation, params, call) {
      const { id, request } = requestOf(operation, params, {
        ...call,
        headers: { accept: "text/event-stream, application/json", ...call?.headers },
      });
      const answer = await exchange.open(request);
      if (answer.isEventStream) return { reply: undefined, events: eventsOf(answer, id) };
      return { reply: toReply(await whole(answer)), events: noEvents() };
    },
    async raw({ method, path = "", body, headers = {} }) {
      const all = { "content-type": "application/json", ...headersOf(address, options, {}), ...headers };
      return exchange.request({
        method,
        url: httpUrl(address.url) + path,
        headers: Object.fromEntries(
          Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        ),
        ...(body === undefined ? {} : { body }),
      });
    },
  };
};

/** An address of a card, which may be any text. */
export const httpUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    found(`the address ${shown(text)}`, "an absolute http:// or https:// address without a user");
  return text;
};

export const whole = async (answer: OpenAnswer): Promise<HttpAnswer> => {
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parsedJson(text) };
};

export const toReply = (http: HttpAnswer): Reply => {
  const error = member(http.json, "error");
  const code = member(error, "code");
  return {
    binding: "JSONRPC",
    http,
    result: member(http.json, "result"),
    error: typeof code === "number" ? toWireError(code, member(error, "message"), member(error, "data")) : undefined,
    header: (name) => http.headers.get(name) ?? undefined,
  };
};

async function* eventsOf(answer: OpenAnswer, id: number) {
  for await (const sse of answer.events()) {
    if (sse.data === "") {
      yield { response: undefined, sse };
      continue;
    }
    const body = parsedJson(sse.data);
    if (member(body, "jsonrpc") !== "2.0" || member(body, "id") !== id || member(body, "result") === undefined)
      found(`the event ${shown(sse.data)}`, `a JSON-RPC response with the id ${id} and a result in every event`);
    yield { response: member(body, "result"), sse };
  }
}

/**
 * A2A as a client has it on each binding in each version, all with the operations, params and results of 1.0 in JSON. Nothing of the
 * node's own translation is used: what 0.3 calls otherwise is in legacy-shapes.ts.
 */
import type { ServiceError } from "@grpc/grpc-js";
import { readSse } from "./gateway-fixture.ts";
import { fromLegacyRest, fromLegacyRpc, type Json, toLegacyGrpc, toLegacyRest, toLegacyRpc } from "./legacy-shapes.ts";

export interface WireError {
  /** Of the ErrorInfo; INVALID_ARGUMENT for violations, which have none. */
  readonly reason: string;
  /** As the binding has it: a code of JSON-RPC, a status of HTTP or of gRPC. */
  readonly code: number;
}

export interface Wire {
  readonly name: string;
  readonly binding: "JSONRPC" | "HTTP+JSON" | "GRPC";
  readonly version: "1.0" | "0.3";
  /** Rejects with a WireFailure. */
  call(operation: string, params: Json): Promise<Json>;
  /** Resolves with its first event. Rejects with a WireFailure when there is none. */
  open(operation: string, params: Json): Promise<AsyncIterableIterator<Json>>;
}

export class WireFailure extends Error {
  readonly answer: WireError;
  constructor(answer: WireError, message: string) {
    super(`${answer.reason}: ${message}`);
    this.answer = answer;
  }
}

const failure = (code: number, details: readonly Json[] = [], message = ""): WireFailure => {
  const info = details.find((detail) => detail["@type"].endsWith("google.rpc.ErrorInfo"));
  const violations = details.some((detail) => detail["@type"].endsWith("google.rpc.BadRequest"));
  return new WireFailure({ reason: info?.reason ?? (violations ? "INVALID_ARGUMENT" : "none"), code }, message);
};

const CONTENT = { "content-type": "application/json" };

async function* framesOf(response: Response, read: (data: Json) => Json): AsyncIterableIterator<Json> {
  const sse = readSse(response);
  for (let frame = await sse.next(); frame !== null; frame = await sse.next())
    if (frame.data !== undefined) yield read(frame.data);
}

/** Drawn from now on, so that a subscription is there when this resolves. */
const begun = async (events: AsyncIterableIterator<Json>): Promise<AsyncIterableIterator<Json>> => {
  const first = await events.next();
  return (async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* events;
  })();
};

type Headers = Readonly<Record<string, string>>;

const jsonRpcWire = (address: string, version: Wire["version"], own: Headers): Wire => {
  const legacy = version === "0.3";
  const post = async (operation: string, params: Json) => {
    const call = legacy ? toLegacyRpc(operation, params) : { method: operation, params };
    const response = await fetch(address, {
      method: "POST",
      headers: { ...CONTENT, ...own, "a2a-version": version },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...call }),
    });
    if (response.headers.get("content-type") !== "application/json") return response;
    const { error, result } = (await response.json()) as Json;
    if (error !== undefined) throw failure(error.code, error.data, error.message);
    return result;
  };
  const read = (operation: string, result: Json) => (legacy ? fromLegacyRpc(operation, result) : result);
  return {
    ...{ name: `JSON-RPC ${version}`, binding: "JSONRPC", version },
    call: async (operation, params) => read(operation, await post(operation, params)),
    open: async (operation, params) =>
      begun(framesOf(await post(operation, params), ({ result }) => read(operation, result))),
  };
};

// A query has no null: what is unset is empty.
const queryText = (value: string | number | boolean | null): string => String(value ?? "");

const query = (params: Json): string => {
  const words = Object.entries(params).map(([name, value]) => [name, queryText(value as Json)] as [string, string]);
  return words.length === 0 ? "" : `?${new URLSearchParams(words)}`;
};

/** [method, path with query, body] of HTTP+JSON 1.0. */
const restRequest = (operation: string, params: Json): readonly [string, string, Json?] => {
  const { id, taskId, ...rest } = params;
  switch (operation) {
    case "SendMessage":
      return ["POST", "/message:send", params];
    case "SendStreamingMessage":
      return ["POST", "/message:stream", params];
    case "GetTask":
      return ["GET", `/tasks/${id}${query(rest)}`];
    case "ListTasks":
      return ["GET", `/tasks${query(params)}`];
    case "CancelTask":
      return ["POST", `/tasks/${id}:cancel`, Object.keys(rest).length === 0 ? undefined : rest];
    case "SubscribeToTask":
      return ["GET", `/tasks/${id}:subscribe${query(rest)}`];
    case "CreateTaskPushNotificationConfig":
      return ["POST", `/tasks/${taskId}/pushNotificationConfigs`, { id, ...rest }];
    case "GetTaskPushNotificationConfig":
      return ["GET", `/tasks/${taskId}/pushNotificationConfigs/${id}${query(rest)}`];
    case "ListTaskPushNotificationConfigs":
      return ["GET", `/tasks/${taskId}/pushNotificationConfigs${query(rest)}`];
    case "DeleteTaskPushNotificationConfig":
      return ["DELETE", `/tasks/${taskId}/pushNotificationConfigs/${id}${query(rest)}`];
    default:
      throw new TypeError(`no path for ${operation}`);
  }
};

const restWire = (address: string, version: Wire["version"], own: Headers): Wire => {
  const legacy = version === "0.3";
  const send = async (operation: string, params: Json): Promise<Response> => {
    const [method, path, body] = restRequest(operation, params);
    const sent = legacy && body !== undefined ? toLegacyRest(operation, body) : body;
    const response = await fetch(`${address}${legacy ? "/v1" : ""}${path}`, {
      ...{ method, headers: { ...CONTENT, ...own, "a2a-version": version } },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    });
    if (response.ok) return response;
    const answer = (await response.json()) as Json;
    const { details, message } = legacy ? { ...answer, details: answer.data } : answer.error;
    throw failure(response.status, details, message);
  };
  const read = (operation: string, value: Json) => (legacy ? fromLegacyRest(operation, value) : value);
  return {
    ...{ name: `HTTP+JSON ${version}`, binding: "HTTP+JSON", version },
    async call(operation, params) {
      const text = await (await send(operation, params)).text();
      return read(operation, text === "" ? {} : JSON.parse(text));
    },
    open: async (operation, params) =>
      begun(framesOf(await send(operation, params), (frame) => read(operation, frame))),
  };
};

const grpcWire = async (
  address: string,
  version: Wire["version"],
  own: Headers,
  ends: (() => unknown)[],
): Promise<Wire> => {
  const { decode, jsonService, messageNamed } = await import("../../../a2a/src/grpc/protocol/descriptors.ts");
  const legacy = version === "0.3";
  const { connectGrpc } = await import("../../../a2a/test/connect-grpc.ts");
  const service = jsonService(legacy ? "a2a.v1.A2AService" : "lf.a2a.v1.A2AService");
  const client = connectGrpc(address, { definition: service });
  ends.push(client.close);
  const prepare = (operation: string, params: Json) =>
    legacy
      ? toLegacyGrpc(operation, params)
      : { method: operation.replace(/^./, (letter) => letter.toLowerCase()), params };
  const refused = (error: ServiceError): WireFailure => {
    const [bytes] = error.metadata.get("grpc-status-details-bin");
    const status = bytes === undefined ? {} : (decode(messageNamed("google.rpc.Status"), bytes as Buffer) as Json);
    return failure(error.code, status.details, error.details);
  };
  const read = (operation: string, value: Json) => (legacy ? fromLegacyRest(operation, value) : value);
  async function* events(operation: string, stream: AsyncIterable<Json>): AsyncIterableIterator<Json> {
    try {
      for await (const event of stream) yield read(operation, event);
    } catch (error) {
      throw refused(error as ServiceError);
    }
  }
  return {
    ...{ name: `gRPC ${version}`, binding: "GRPC", version },
    async call(operation, given) {
      const { method, params } = prepare(operation, given);
      const answered = client.unary(method, params, own).catch((error: unknown) => {
        throw refused(error as ServiceError);
      });
      return read(operation, await answered);
    },
    open(operation, given) {
      const { method, params } = prepare(operation, given);
      return begun(events(operation, client.stream(method, params, own)));
    },
  };
};

interface Addresses {
  readonly http: string;
  readonly grpc: string;
  /** Of every request, also as metadata. */
  readonly headers?: Headers;
}

/** All six. `ends` closes them. */
export const createWires = async (
  { http, grpc, headers = {} }: Addresses,
  ends: (() => unknown)[],
): Promise<readonly Wire[]> => [
  jsonRpcWire(http, "1.0", headers),
  restWire(http, "1.0", headers),
  await grpcWire(grpc, "1.0", headers, ends),
  jsonRpcWire(http, "0.3", headers),
  restWire(http, "0.3", headers),
  await grpcWire(grpc, "0.3", headers, ends),
];

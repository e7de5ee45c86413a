/** The gRPC binding of A2A 1.0, by the SDK's service definition. What it needs is loaded with the first call. */
import { createSecureContext } from "node:tls";
import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { decodeStatusDetails } from "../grpc/protocol/descriptors.ts";
import {
  type CallOptions,
  type Channel,
  type ChannelOptions,
  headersOf,
  type InterfaceAddress,
  noEvents,
  type Reply,
  type StreamEvent,
} from "./channel.ts";
import { found, skip } from "./check.ts";
import { isObject } from "./json-values.ts";
import { describeReply, toWireError } from "./wire-errors.ts";

/** A method of the service: how its messages become bytes. */
interface Method {
  readonly path: string;
  serialize(params: unknown): Buffer;
  deserialize(bytes: Buffer): unknown;
}

interface Grpc {
  readonly client: Client;
  method(operation: string): Method;
  metadata(headers: Readonly<Record<string, string>>): Metadata;
}

/** The connection is closed when the signal aborts. */
export const createGrpcChannel = (address: InterfaceAddress, signal: AbortSignal, options: ChannelOptions): Channel => {
  let loaded: Promise<Grpc> | undefined;
  const load = (): Promise<Grpc> => (loaded ??= connect(address, signal));

  const prepare = async (operation: string, params: unknown, call: CallOptions = {}) => {
    const grpc = await load();
    // Nothing would end a call that begins after the abort.
    signal.throwIfAborted();
    const own = isObject(params) ? params : {};
    const sent = address.tenant === undefined ? own : { tenant: address.tenant, ...own };
    return { grpc, sent, method: grpc.method(operation), metadata: grpc.metadata(headersOf(address, options, call)) };
  };

  return {
    address,
    async call(operation, params, call) {
      const { grpc, sent, method, metadata } = await prepare(operation, params, call);
      return new Promise<Reply>((resolve, reject) => {
        let headers: Metadata | undefined;
        const running = grpc.client.makeUnaryRequest<unknown, unknown>(
          method.path,
          (value) => method.serialize(value),
          (bytes) => method.deserialize(bytes),
          sent,
          metadata,
          (error, value) => {
            signal.removeEventListener("abort", cancel);
            if (signal.aborted) reject(new DOMException("the check is over", "AbortError"));
            else resolve(toReply(error, withDefaults(operation, value), headers));
          },
        );
        const cancel = () => running.cancel();
        running.on("metadata", (received: Metadata) => (headers = received));
        signal.addEventListener("abort", cancel, { once: true });
      });
    },
    async open(operation, params, call) {
      const { grpc, sent, method, metadata } = await prepare(operation, params, call);
      const running = grpc.client.makeServerStreamRequest<unknown, unknown>(
        method.path,
        (value) => method.serialize(value),
        (bytes) => method.deserialize(bytes),
        sent,
        metadata,
      );
      const cancel = () => running.cancel();
      signal.addEventListener("abort", cancel, { once: true });
      const values = running[Symbol.asyncIterator]() as AsyncIterator<unknown>;
      try {
        // What is refused before the first event is an answer, not a stream.
        const first = await values.next();
        return { reply: undefined, events: eventsOf(first, values, signal, cancel) };
      } catch (error) {
        signal.throwIfAborted();
        return { reply: toReply(error as ServiceError, undefined, undefined), events: noEvents() };
      }
    },
    raw: async () => skip("gRPC has no such request"),
  };
};

async function* eventsOf(
  first: IteratorResult<unknown>,
  values: AsyncIterator<unknown>,
  signal: AbortSignal,
  cancel: () => void,
): AsyncGenerator<StreamEvent, void> {
  try {
    for (let next = first; next.done !== true; next = await values.next()) yield { response: next.value };
  } catch (error) {
    signal.throwIfAborted();
    found(describeReply(toReply(error as ServiceError, undefined, undefined)), "the end of the stream");
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

const connect = async (address: InterfaceAddress, signal: AbortSignal): Promise<Grpc> => {
  const { ChannelCredentials, Client, credentials, Metadata } = await import("@grpc/grpc-js");
  const { A2AService } = await import("@a2a-js/sdk/server/grpc");
  const sdk = await import("@a2a-js/sdk");
  const forms = {
    SendMessage: [sdk.SendMessageRequest, sdk.SendMessageResponse],
    SendStreamingMessage: [sdk.SendMessageRequest, sdk.StreamResponse],
    GetTask: [sdk.GetTaskRequest, sdk.Task],
    ListTasks: [sdk.ListTasksRequest, sdk.ListTasksResponse],
    CancelTask: [sdk.CancelTaskRequest, sdk.Task],
    SubscribeToTask: [sdk.SubscribeToTaskRequest, sdk.StreamResponse],
    CreateTaskPushNotificationConfig: [sdk.TaskPushNotificationConfig, sdk.TaskPushNotificationConfig],
    GetTaskPushNotificationConfig: [sdk.GetTaskPushNotificationConfigRequest, sdk.TaskPushNotificationConfig],
    ListTaskPushNotificationConfigs: [
      sdk.ListTaskPushNotificationConfigsRequest,
      sdk.ListTaskPushNotificationConfigsResponse,
    ],
    DeleteTaskPushNotificationConfig: [sdk.DeleteTaskPushNotificationConfigRequest, undefined],
    GetExtendedAgentCard: [sdk.GetExtendedAgentCardRequest, sdk.AgentCard],
  } as unknown as Readonly<Record<string, readonly [JsonForm, JsonForm | undefined]>>;
  const definitions = Object.values(A2AService) as readonly Definition[];

  const { protocol, host } = URL.parse(address.url) ?? found(`the address ${address.url}`, "HOST:PORT");
  const client = new Client(
    host,
    // The same roots as for https.
    protocol === "https:"
      ? ChannelCredentials.createFromSecureContext(createSecureContext())
      : credentials.createInsecure(),
  );
  if (signal.aborted) client.close();
  else signal.addEventListener("abort", () => client.close(), { once: true });
  return {
    client,
    method(operation) {
      const definition = definitions.find(({ path }) => path.endsWith(`/${operation}`));
      const form = forms[operation];
      if (definition === undefined || form === undefined) throw new TypeError(`gRPC has no operation ${operation}`);
      const [request, response] = form;
      return {
        path: definition.path,
        serialize: (params) => definition.requestSerialize(request.fromJSON(params)),
        deserialize: (bytes) => {
          const value = definition.responseDeserialize(bytes);
          return response === undefined ? {} : response.toJSON(value);
        },
      };
    },
    metadata(headers) {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      return metadata;
    },
  };
};

interface JsonForm {
  fromJSON(json: unknown): unknown;
  toJSON(value: unknown): unknown;
}

interface Definition {
  readonly path: string;
  requestSerialize(value: unknown): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

/** proto3 has no difference between a member that is empty and one that is not there. */
const withDefaults = (operation: string, value: unknown): unknown => {
  if (!isObject(value)) return value;
  if (operation === "ListTasks") return { tasks: [], nextPageToken: "", pageSize: 0, totalSize: 0, ...value };
  return operation === "ListTaskPushNotificationConfigs" ? { configs: [], ...value } : value;
};

const toReply = (error: ServiceError | null, value: unknown, headers: Metadata | undefined): Reply => {
  const trailer = error?.metadata?.get("grpc-status-details-bin")[0];
  return {
    binding: "GRPC",
    result: error === null ? value : undefined,
    error:
      error === null
        ? undefined
        : toWireError(error.code, error.details, trailer instanceof Uint8Array ? decodeStatusDetails(trailer) : []),
    header: (name) => headers?.get(name).map(String)[0],
  };
};

/**
 * One call over gRPC, on a channel of its own. The SDK's transport would look names up and connect by itself; here the channel gets
 * the addresses that were judged, and the name only to ask for and to check the certificate against.
 */
import { createSecureContext } from "node:tls";
import type { StreamResponse } from "@a2a-js/sdk";
import type { RequestOptions, Transport } from "@a2a-js/sdk/client";
import { PlatformError } from "@agentcore/contract";
import type { GuardedLookup } from "@agentcore/outbound";
import type { ChannelOptions, Client, ClientOptions, ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { describeGrpcFailure } from "./grpc-failure.ts";
import { sendableHeaders } from "./sendable-headers.ts";

/** What a client calls. */
export type AgentTransport = Pick<
  Transport,
  "sendMessage" | "sendMessageStream" | "getTask" | "cancelTask" | "resubscribeTask"
>;

export interface GrpcTransportOptions {
  /** https or http, host and port. */
  readonly url: string;
  readonly lookup: GuardedLookup;
  /** Milliseconds a call may take that is no stream: the agent is told. */
  readonly timeoutMs: number;
}

// As much as an answer over HTTP may have.
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

interface Method<Request, Response> {
  readonly path: string;
  requestSerialize(request: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

/** Calls throw PlatformErrors; what an abort leads to is anything. */
export const createGrpcTransport = async (options: GrpcTransportOptions): Promise<AgentTransport> => {
  const { credentials, Client, Metadata, ChannelCredentials } = await import("@grpc/grpc-js");
  const { A2AService } = await import("@a2a-js/sdk/server/grpc");
  const url = new URL(options.url);
  const isSecure = url.protocol === "https:";

  const connect = async (): Promise<Client> => {
    const channel: ChannelOptions = {
      "grpc.default_authority": url.host,
      "grpc.ssl_target_name_override": url.hostname.replace(/^\[|\]$/g, ""),
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
      // No proxy is asked, and no connection shared: another tenant's could be to another address.
      "grpc.enable_http_proxy": 0,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.service_config_disable_resolution": 1,
      "grpc.enable_retries": 0,
      "grpc.enable_channelz": 0,
    };
    return new Client(
      await targetOf(url, options.lookup),
      // The same roots as for https.
      isSecure ? ChannelCredentials.createFromSecureContext(createSecureContext()) : credentials.createInsecure(),
      channel as ClientOptions,
    );
  };

  const metadataOf = (headers: Readonly<Record<string, string>>) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(sendableHeaders(headers))) metadata.set(name, value);
    return metadata;
  };

  const unary = async <Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    parameters: RequestOptions | undefined,
  ): Promise<Response> => {
    const client = await connectWithin(parameters?.signal, connect);
    try {
      return await new Promise<Response>((resolve, reject) => {
        const running = client.makeUnaryRequest<Request, Response>(
          method.path,
          (value) => method.requestSerialize(value),
          (bytes) => method.responseDeserialize(bytes),
          request,
          metadataOf(parameters?.serviceParameters ?? {}),
          { deadline: Date.now() + options.timeoutMs },
          (error, value) => {
            parameters?.signal?.removeEventListener("abort", cancel);
            if (error !== null || value === undefined) reject(error);
            else resolve(value);
          },
        );
        const cancel = (): void => running.cancel();
        parameters?.signal?.addEventListener("abort", cancel, { once: true });
      });
    } catch (error) {
      throw await describeGrpcFailure(error as ServiceError, url.host);
    } finally {
      client.close();
    }
  };

  async function* streamed<Request>(
    method: Method<Request, StreamResponse>,
    request: Request,
    parameters: RequestOptions | undefined,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const client = await connectWithin(parameters?.signal, connect);
    let running: ClientReadableStream<StreamResponse> | undefined;
    const cancel = (): void => running?.cancel();
    try {
      running = client.makeServerStreamRequest<Request, StreamResponse>(
        method.path,
        (value) => method.requestSerialize(value),
        (bytes) => method.responseDeserialize(bytes),
        request,
        metadataOf(parameters?.serviceParameters ?? {}),
      );
      // What it says once nobody reads it any more.
      running.on("error", () => undefined);
      parameters?.signal?.addEventListener("abort", cancel, { once: true });
      for await (const response of running) yield response as StreamResponse;
    } catch (error) {
      throw await describeGrpcFailure(error as ServiceError, url.host);
    } finally {
      parameters?.signal?.removeEventListener("abort", cancel);
      cancel();
      client.close();
    }
  }

  return {
    async sendMessage(request, parameters) {
      const { payload } = await unary(A2AService.sendMessage, request, parameters);
      if (payload === undefined)
        throw new PlatformError("INVALID_AGENT_RESPONSE", `${url.host} answered with neither a task nor a message`);
      return payload.value;
    },
    sendMessageStream: (request, parameters) => streamed(A2AService.sendStreamingMessage, request, parameters),
    getTask: (request, parameters) => unary(A2AService.getTask, request, parameters),
    cancelTask: (request, parameters) => unary(A2AService.cancelTask, request, parameters),
    resubscribeTask: (request, parameters) => streamed(A2AService.subscribeToTask, request, parameters),
  };
};

/** Looking a name up ends with the call that wants it. */
const connectWithin = (signal: AbortSignal | undefined, connect: () => Promise<Client>): Promise<Client> =>
  new Promise((resolve, reject) => {
    const connecting = connect();
    const giveUp = (): void => {
      reject(signal?.reason);
      connecting.then(
        (client) => client.close(),
        () => undefined,
      );
    };
    if (signal?.aborted === true) return giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    connecting.then(resolve, reject).finally(() => signal?.removeEventListener("abort", giveUp));
  });

/** Addresses of one kind, since a target has no other form; of a name that has both, those that every network has. */
const targetOf = async ({ hostname, port, protocol }: URL, lookup: GuardedLookup): Promise<string> => {
  const host = hostname.replace(/^\[|\]$/g, "");
  const addresses = await lookup(host, protocol).catch((cause: unknown) => {
    if (PlatformError.is(cause)) throw cause;
    throw new PlatformError("UPSTREAM_FAILED", `${host} cannot be found`, { retryable: true, cause });
  });
  const number = port || (protocol === "https:" ? "443" : "80");
  const four = addresses.filter(({ family }) => family === 4).map(({ address }) => `${address}:${number}`);
  if (four.length > 0) return `ipv4:${four.join(",")}`;
  const six = addresses.map(({ address }) => `[${address}]:${number}`);
  if (six.length > 0) return `ipv6:${six.join(",")}`;
  throw new PlatformError("UPSTREAM_FAILED", `${host} has no address`, { retryable: true });
};

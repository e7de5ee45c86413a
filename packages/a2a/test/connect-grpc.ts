/** Any gRPC service by hand, for what the SDK's client hides. */
import { A2AService } from "@a2a-js/sdk/server/grpc";
import {
  type CallOptions,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { anyService } from "./sdk-services.ts";

export type GrpcAnswer = Record<string, unknown>;

/** Bytes are for names that end in `-bin`. */
export type GrpcHeaders = Readonly<Record<string, string | Buffer>>;

export const connectGrpc = (
  address: string,
  {
    definition = A2AService,
    channel = credentials.createInsecure(),
  }: { readonly definition?: object; readonly channel?: ChannelCredentials } = {},
) => {
  const client = new (makeGenericClientConstructor(anyService(definition), "Test"))(address, channel);
  const methods = client as unknown as Record<string, (...args: unknown[]) => unknown>;
  const call = (method: string, ...given: unknown[]) => methods[method]?.call(client, ...given);
  return {
    close: () => client.close(),
    /** Rejects with a ServiceError. */
    unary: (method: string, request: unknown, headers: GrpcHeaders = {}, options: CallOptions = {}) =>
      new Promise<GrpcAnswer>((resolve, reject) => {
        const settle = (error: ServiceError | null, answer: GrpcAnswer) =>
          error === null ? resolve(answer) : reject(error);
        call(method, request, metadataOf(headers), options, settle);
      }),
    stream: (method: string, request: unknown, headers: GrpcHeaders = {}) =>
      call(method, request, metadataOf(headers)) as ClientReadableStream<GrpcAnswer>,
    duplex: (method: string) => call(method, new Metadata()) as ClientDuplexStream<unknown, GrpcAnswer>,
  };
};

const metadataOf = (headers: GrpcHeaders): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
};

/** A2A 1.0 over gRPC by hand, for what the SDK's client hides. */
import { A2AService } from "@a2a-js/sdk/server/grpc";
import {
  type ChannelCredentials,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";

export type Answer = Record<string, unknown>;

/** The SDK's services say which message each method has; grpc-js takes those of any message only. */
export const anyService = (definition: object): ServiceDefinition => definition as ServiceDefinition;

export const connectGrpc = (
  address: string,
  {
    definition = A2AService,
    channel = credentials.createInsecure(),
  }: { readonly definition?: object; readonly channel?: ChannelCredentials } = {},
) => {
  const client = new (makeGenericClientConstructor(anyService(definition), "Test"))(address, channel);
  const methods = client as unknown as Record<string, (...args: unknown[]) => unknown>;
  return {
    close: () => client.close(),
    unary: (method: string, request: unknown, headers: Readonly<Record<string, string>> = {}) =>
      new Promise<Answer>((resolve, reject) => {
        methods[method]?.call(client, request, metadataOf(headers), (error: ServiceError | null, answer: Answer) =>
          error === null ? resolve(answer) : reject(error),
        );
      }),
    stream: (method: string, request: unknown, headers: Readonly<Record<string, string>> = {}) =>
      methods[method]?.call(client, request, metadataOf(headers)) as ClientReadableStream<Answer>,
  };
};

const metadataOf = (headers: Readonly<Record<string, string>>): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
};

let count = 0;

/** As ts-proto has it. */
export const grpcMessage = (text: string, tenant = "", more: Readonly<Record<string, unknown>> = {}) => ({
  tenant,
  configuration: undefined,
  metadata: undefined,
  message: {
    messageId: `grpc-message-${++count}`,
    contextId: "",
    taskId: "",
    role: 1,
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
    parts: [{ content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "" }],
    ...more,
  },
});

/**
 * a2a.v1.A2AService, the operations of A2A 0.3, through the SDK's translation. Its requests have no tenant: the default agent
 * answers. The SDK's errors are replaced by what the node threw, since they know neither its codes nor violations.
 */
import { AgentCard, AgentInterface } from "@a2a-js/sdk";
import { LegacyA2AService, legacyGrpcService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { UserBuilder } from "@a2a-js/sdk/server/grpc";
import { invalidArgument, PlatformError } from "@agentcore/contract";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { A2AOperationRunner } from "../server/operations.ts";
import { createRequestHandler, type RequestHandler } from "../server/request-handler.ts";
import { clientSignal, extensionMetadata, type ServiceDeps, written } from "./call-context.ts";

type LegacyService = ReturnType<typeof legacyGrpcService>;
type Method = keyof typeof LegacyA2AService;
type UnaryCall = ServerUnaryCall<unknown, unknown>;
type StreamCall = ServerWritableStream<unknown, unknown>;

const EXTENSIONS = "x-a2a-extensions";

export const createLegacyA2AService = ({
  admitted,
  failed,
  interrupted,
}: ServiceDeps): UntypedServiceImplementation => {
  const begin = (call: UnaryCall | StreamCall, ready?: () => Promise<void>) => {
    const client = clientSignal(call);
    const opened = admitted(call.metadata).open("", client);
    const metadata = extensionMetadata(opened, EXTENSIONS);
    if (metadata !== null) call.sendMetadata(metadata);
    const handler = createRequestHandler(withHistoryOf(call.request as WithHistory, opened.runner), { ready });
    client.addEventListener("abort", handler.release, { once: true });
    return { handler, service: serviceOf(handler, call.getHost()), client };
  };

  const unary =
    (method: Method): handleUnaryCall<unknown, unknown> =>
    (call, callback) => {
      try {
        const { handler, service } = begin(call);
        const answer: typeof callback = (error, value) => {
          if (error) callback(failed(causeOf(handler, call.request, error)));
          else callback(null, value);
        };
        (service[method] as handleUnaryCall<unknown, unknown>)(withoutHeaders(call), answer);
      } catch (thrown) {
        callback(failed(thrown));
      }
    };

  const stream =
    (method: Method): handleServerStreamingCall<unknown, unknown> =>
    (call) => {
      try {
        let taken = Promise.resolve();
        const { handler, service, client } = begin(call, () => taken);
        let last = false;
        const emit = (_event: "error", error: Partial<ServiceError>) =>
          call.emit("error", failed(causeOf(handler, call.request, error)));
        const translated = {
          write(chunk: StreamChunk) {
            const told = method === "sendStreamingMessage" ? withFinal(chunk) : chunk;
            last = isFinal(told);
            taken = written(call, told, client);
          },
          emit,
          end() {
            const cause = interrupted();
            if (cause !== null && !last && !call.writableEnded) call.emit("error", failed(cause));
            else call.end();
          },
        };
        const partial = Object.assign(withoutHeaders(call), translated);
        (service[method] as handleServerStreamingCall<unknown, unknown>)(partial as unknown as StreamCall);
      } catch (thrown) {
        call.emit("error", failed(thrown));
      }
    };

  return Object.fromEntries(
    Object.entries(LegacyA2AService).map(([name, { responseStream }]) => [
      name,
      responseStream ? stream(name as Method) : unary(name as Method),
    ]),
  );
};

/** `authority` is what the client calls this server: where it has reached 0.3. */
const serviceOf = (handler: RequestHandler, authority: string): LegacyService => {
  const here = AgentInterface.fromJSON({ url: authority, protocolBinding: "GRPC", protocolVersion: "0.3" });
  // Only asked for the versions that this binding speaks.
  const card = AgentCard.fromJSON({ supportedInterfaces: [here] });
  const requestHandler: A2ARequestHandler = {
    ...handler,
    getAgentCard: async () => card,
    // What names no interface of 0.3 cannot be said in 0.3.
    async getAuthenticatedExtendedAgentCard(params, context) {
      const extended = await handler.getAuthenticatedExtendedAgentCard(params, context);
      const isNamed = extended.supportedInterfaces.some(({ protocolVersion }) => protocolVersion.startsWith("0.3"));
      return isNamed ? extended : { ...extended, supportedInterfaces: [here, ...extended.supportedInterfaces] };
    },
  };
  return legacyGrpcService({ requestHandler, userBuilder: UserBuilder.noAuthentication });
};

interface WithHistory {
  readonly historyLength?: number;
  readonly configuration?: WithHistory;
}

/**
 * 0.3 cannot tell a history of no messages from one that was not asked for: zero is unset, and means all of it. The SDK takes it
 * for none in GetTask, and forgets the length in SendMessage.
 */
const withHistoryOf = (request: WithHistory, runner: A2AOperationRunner): A2AOperationRunner => {
  const asked = (length: number | undefined) => (length === undefined || length === 0 ? {} : { historyLength: length });
  const corrected = (params: unknown): unknown => {
    const { historyLength: _, configuration, ...rest } = params as WithHistory;
    return {
      ...rest,
      ...asked(request.historyLength),
      ...(configuration && { configuration: { ...configuration, ...asked(request.configuration?.historyLength) } }),
    };
  };
  return {
    unary: (operation, params) => runner.unary(operation, corrected(params)),
    stream: (operation, params) => runner.stream(operation, corrected(params)),
  };
};

/** What the SDK's handlers use of a call; version and extensions are settled by then, so it sees none. */
const withoutHeaders = <Call extends UnaryCall | StreamCall>(call: Call): Call =>
  ({
    request: call.request,
    metadata: new Metadata(),
    sendMetadata: (metadata: Metadata) => call.sendMetadata(metadata),
  }) as unknown as Call;

/** The thrown error itself, unless the SDK refused the request before it came to us. */
const causeOf = (handler: RequestHandler, request: unknown, error: Partial<ServiceError>): unknown => {
  if (handler.failure !== undefined) return handler.failure;
  const { code, details: description = "" } = error;
  if (code !== status.INVALID_ARGUMENT)
    return new PlatformError("INTERNAL", `the translation of A2A 0.3 failed: ${description}`);
  return invalidArgument("the request of A2A 0.3", [{ field: fieldOf(request as object, description), description }]);
};

/** What the SDK refuses is the message, whose field it names, or else the resource's name. */
const fieldOf = (request: object, description: string): string => {
  const [field] = /^message\.\w+/.exec(description) ?? [];
  return field ?? (["name", "parent"] as const).find((name) => name in request) ?? "message";
};

interface StreamChunk {
  readonly payload?: {
    readonly $case: string;
    readonly value: { readonly final?: boolean; readonly status?: { readonly state: number } };
  };
}

const INPUT_REQUIRED = 6;

/** 0.3 marks the last event of an exchange, also a question: the SDK marks only what ends a task. */
const withFinal = (chunk: StreamChunk): StreamChunk => {
  const { payload } = chunk;
  if (payload?.$case !== "statusUpdate" || payload.value.status?.state !== INPUT_REQUIRED) return chunk;
  return { ...chunk, payload: { ...payload, value: { ...payload.value, final: true } } };
};

const isFinal = ({ payload }: StreamChunk): boolean => payload?.$case === "msg" || payload?.value.final === true;

/**
 * A client of one agent at one of its interfaces, in the JSON shapes of A2A 1.0 whatever the agent speaks. The SDK's transports
 * translate; calls, time limits and errors are ours, because the SDK's lose an answer's status and its Retry-After.
 */
import {
  AgentCard,
  CancelTaskRequest,
  GetTaskRequest,
  SendMessageRequest as SdkSendMessageRequest,
  StreamResponse as SdkStreamResponse,
  SubscribeToTaskRequest,
  Task,
} from "@a2a-js/sdk";
import { JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { type A2ATask, PlatformError, type SendMessageRequest } from "@agentcore/contract";
import type { GuardedLookup } from "@agentcore/outbound";
import { describeFailure } from "./call-failure.ts";
import type { AgentInterface } from "./choose-interface.ts";
import type { Binding } from "./foreign-card.ts";
import { type AgentTransport, createGrpcTransport } from "./grpc-transport.ts";
import { type ReceivedFrame, readFrame, readMessage, readTask, type SendAnswer } from "./read-answers.ts";
import { RESUMABLE_STREAMS } from "./resumable-streams.ts";
import { sendableHeaders } from "./sendable-headers.ts";
import { wholeLines } from "./whole-lines.ts";
import { withoutEndSlashes } from "./without-end-slashes.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Sent with this call, over the client's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds up to the answer, of a stream up to its first frame. @default the client's */
  readonly timeoutMs?: number | undefined;
}

export interface A2AClient {
  readonly interface: AgentInterface;
  send(request: SendMessageRequest, options?: CallOptions): Promise<SendAnswer>;
  /** Ends when the agent ends it; whether the task has ended is for the reader to see. */
  sendStream(request: SendMessageRequest, options?: CallOptions): AsyncGenerator<ReceivedFrame, void>;
  get(request: { readonly id: string; readonly historyLength?: number }, options?: CallOptions): Promise<A2ATask>;
  cancel(request: { readonly id: string }, options?: CallOptions): Promise<A2ATask>;
  /** `after`: number of the last event that the reader has, of an agent that numbers them. */
  subscribe(
    request: { readonly id: string; readonly after?: number | undefined },
    options?: CallOptions,
  ): AsyncGenerator<ReceivedFrame, void>;
}

export interface A2AClientOptions {
  readonly interface: AgentInterface;
  /** For all calls but streams. */
  readonly fetch: typeof fetch;
  /** @default fetch */
  readonly streamFetch?: typeof fetch | undefined;
  /** Where gRPC connects to. */
  readonly lookup: GuardedLookup;
  /** Whether `headers` has others now than those that a call was just refused with as UNAUTHENTICATED: it is made once more, once. */
  readonly renew?: ((refused: Readonly<Record<string, string>>) => boolean) | undefined;
  /** Sent with every call; asked before each, since credentials change. */
  readonly headers?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
  /** URIs that the agent is asked to activate: those of them that its card names. Without RESUMABLE_STREAMS no event has a number. */
  readonly extensions?: readonly string[] | undefined;
  /** @default 30000 */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
// The SDK's reader refuses what is longer.
const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** One call: what its answer was like, which the SDK does not tell. */
interface Call {
  readonly transport: AgentTransport;
  readonly parameters: { readonly signal: AbortSignal; readonly serviceParameters: Record<string, string> };
  /** There is an answer: the time limit is over. */
  answered(): void;
  failure(error: unknown): PlatformError;
  end(): void;
}

/** Calls throw UPSTREAM_FAILED and OVERLOADED (retryable), UNAUTHENTICATED, PERMISSION_DENIED, INVALID_AGENT_RESPONSE, and A2A's own codes. */
export const createA2AClient = (options: A2AClientOptions): A2AClient => {
  const { interface: address, extensions = [] } = options;
  const host = new URL(address.url).host;
  const tenant = address.tenant === undefined ? {} : { tenant: address.tenant };
  // What tells the SDK which version is spoken there.
  const card = AgentCard.fromJSON({
    supportedInterfaces: [
      { url: address.url, protocolBinding: address.binding, protocolVersion: address.version, ...tenant },
    ],
  });
  const isNumbered = extensions.includes(RESUMABLE_STREAMS);
  const extensionHeader = address.version === "0.3" ? "X-A2A-Extensions" : "A2A-Extensions";

  const begin = async (call: CallOptions, baseFetch: typeof fetch): Promise<Call> => {
    const headers = sendableHeaders({
      ...(await options.headers?.()),
      ...call.headers,
      "A2A-Version": address.version,
      ...(extensions.length === 0 ? {} : { [extensionHeader]: extensions.join(", ") }),
    });
    const controller = new AbortController();
    const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let answer: Response | undefined;
    const signal = call.signal === undefined ? controller.signal : AbortSignal.any([call.signal, controller.signal]);
    const noting: typeof fetch = async (input, init) => {
      answer = undefined;
      answer = await baseFetch(input, init);
      return inWholeLines(answer);
    };
    const transport =
      address.binding === "GRPC"
        ? await createGrpcTransport({ url: address.url, timeoutMs, lookup: options.lookup })
        : await createHttpTransport({ ...address, binding: address.binding }, card, noting);
    // Last: whatever throws before it would leave it behind.
    const timer = setTimeout(
      () =>
        controller.abort(
          new PlatformError("UPSTREAM_FAILED", `${host} did not answer within ${timeoutMs} ms`, { retryable: true }),
        ),
      timeoutMs,
    );
    return {
      transport,
      parameters: {
        signal,
        serviceParameters: headers,
      },
      answered: () => clearTimeout(timer),
      failure: (error) =>
        describeFailure(controller.signal.aborted ? controller.signal.reason : error, {
          host,
          signal: call.signal,
          status: answer?.status,
          headers: answer?.headers,
        }),
      end() {
        clearTimeout(timer);
        controller.abort();
      },
    };
  };

  const isRenewed = ({ parameters }: Call, { code }: PlatformError): boolean =>
    code === "UNAUTHENTICATED" && options.renew?.(parameters.serviceParameters) === true;

  const unary = async <T>(call: CallOptions, run: (call: Call) => Promise<T>): Promise<T> => {
    for (let mayRenew = true; ; mayRenew = false) {
      const begun = await begin(call, options.fetch);
      try {
        return await run(begun);
      } catch (error) {
        const failure = begun.failure(error);
        if (!mayRenew || !isRenewed(begun, failure)) throw failure;
      } finally {
        begun.end();
      }
    }
  };

  async function* streamed(
    call: CallOptions,
    run: (call: Call) => AsyncGenerator<SdkStreamResponse>,
  ): AsyncGenerator<ReceivedFrame, void> {
    for (let mayRenew = true; ; mayRenew = false) {
      const begun = await begin(call, options.streamFetch ?? options.fetch);
      try {
        for await (const response of run(begun)) {
          mayRenew = false;
          begun.answered();
          const frame = readFrame(SdkStreamResponse.toJSON(response));
          if (frame !== null) yield isNumbered ? frame : { response: frame.response };
        }
        return;
      } catch (error) {
        const failure = begun.failure(error);
        if (!mayRenew || !isRenewed(begun, failure)) throw failure;
      } finally {
        begun.end();
      }
    }
  }

  return {
    interface: address,
    send: (request, call = {}) =>
      unary(call, async ({ transport, parameters }) => {
        const answer = await transport.sendMessage(
          SdkSendMessageRequest.fromJSON({ ...request, ...tenant }),
          parameters,
        );
        const { task, message } = SdkStreamResponse.toJSON({
          payload: "status" in answer ? { $case: "task", value: answer } : { $case: "message", value: answer },
        }) as { readonly task?: unknown; readonly message?: unknown };
        return task === undefined ? { message: readMessage(message) } : { task: readTask(task) };
      }),
    sendStream: (request, call = {}) =>
      streamed(call, ({ transport, parameters }) =>
        transport.sendMessageStream(SdkSendMessageRequest.fromJSON({ ...request, ...tenant }), parameters),
      ),
    get: (request, call = {}) =>
      unary(call, async ({ transport, parameters }) =>
        readTask(Task.toJSON(await transport.getTask(GetTaskRequest.fromJSON({ ...request, ...tenant }), parameters))),
      ),
    cancel: ({ id }, call = {}) =>
      unary(call, async ({ transport, parameters }) =>
        readTask(Task.toJSON(await transport.cancelTask(CancelTaskRequest.fromJSON({ id, ...tenant }), parameters))),
      ),
    subscribe: ({ id, after }, call = {}) =>
      streamed(
        after === undefined ? call : { ...call, headers: { ...call.headers, "Last-Event-ID": String(after) } },
        ({ transport, parameters }) =>
          transport.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id, ...tenant }), parameters),
      ),
  };
};

const inWholeLines = (answer: Response): Response => {
  const isStream = /^text\/event-stream\b/i.test(answer.headers.get("content-type") ?? "");
  return isStream && answer.body !== null
    ? new Response(answer.body.pipeThrough(wholeLines(MAX_LINE_BYTES)), answer)
    : answer;
};

const createHttpTransport = async (
  { binding, url }: { readonly binding: Exclude<Binding, "GRPC">; readonly url: string },
  card: AgentCard,
  fetchImpl: typeof fetch,
): Promise<AgentTransport> => {
  const options = { fetchImpl, legacyCompat: { enabled: true } };
  switch (binding) {
    case "JSONRPC":
      return new JsonRpcTransportFactory(options).create(url, card);
    case "HTTP+JSON":
      return new RestTransportFactory(options).create(withoutEndSlashes(url), card);
  }
};

/** One interface of a card: operations of A2A by name, with whatever params a check wants to send. */
import { type Binding, found, type ProtocolVersion } from "./check.ts";
import type { HttpAnswer, ServerEvent } from "./http-exchange.ts";
import { shown } from "./json-values.ts";
import type { WireError } from "./wire-errors.ts";

export interface InterfaceAddress {
  /** Of gRPC with https or http before it, which say whether it is TLS. */
  readonly url: string;
  readonly binding: Binding;
  readonly version: ProtocolVersion;
  readonly tenant?: string | undefined;
}

export interface CallOptions {
  /** Value of A2A-Version; null leaves it out. @default the interface's version */
  readonly version?: string | null;
  /** Further headers, or metadata. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Query parameters beside those of the operation. */
  readonly query?: Readonly<Record<string, string>>;
  /** Without the credentials. @default false */
  readonly anonymous?: boolean;
  /** Where an operation has two. */
  readonly httpMethod?: "GET" | "POST";
}

/** Exactly one of `result` and `error`, unless the server answers with neither. */
export interface Reply {
  readonly binding: Binding;
  readonly result?: unknown;
  readonly error?: WireError | undefined;
  /** Absent over gRPC. */
  readonly http?: HttpAnswer | undefined;
  /** Headers of the answer, or its metadata. */
  header(name: string): string | undefined;
}

export interface StreamEvent {
  /** A StreamResponse, without its envelope. */
  readonly response: unknown;
  /** As it came; absent over gRPC. */
  readonly sse?: ServerEvent | undefined;
}

export interface OpenedStream {
  /** Set when the server answers with something else than a stream. */
  readonly reply: Reply | undefined;
  /** Ends with the stream. A comment has no response. */
  readonly events: AsyncGenerator<StreamEvent, void>;
}

export interface Channel {
  readonly address: InterfaceAddress;
  call(operation: string, params: unknown, options?: CallOptions): Promise<Reply>;
  open(operation: string, params: unknown, options?: CallOptions): Promise<OpenedStream>;
  /** A request over HTTP in the interface's own headers, for what no operation says. Skips over gRPC. */
  raw(request: RawRequest): Promise<HttpAnswer>;
}

export interface RawRequest {
  readonly method: string;
  /** Below the interface's URL. @default the URL itself */
  readonly path?: string;
  readonly body?: string | undefined;
  /** Undefined takes a header away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export interface ChannelOptions {
  /** Of every request: the credentials. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Extensions that the card insists on. */
  readonly requiredExtensions: readonly string[];
}

/** Headers of a request, the caller's last. */
export const headersOf = (
  { version }: InterfaceAddress,
  { credentials, requiredExtensions }: ChannelOptions,
  options: CallOptions,
): Record<string, string> => {
  const stated = options.version === undefined ? version : options.version;
  const other = requiredExtensions.find((uri) => !/^[!-~]+$/.test(uri));
  if (other !== undefined) found(`the required extension ${shown(other)}`, "a URI");
  return {
    ...(stated === null ? {} : { "a2a-version": stated }),
    ...(requiredExtensions.length === 0 ? {} : { "a2a-extensions": requiredExtensions.join(", ") }),
    ...(options.anonymous === true ? {} : credentials),
    ...options.headers,
  };
};

/** A stream that is none. */
export async function* noEvents(): AsyncGenerator<StreamEvent, void> {}

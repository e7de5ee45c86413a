/** What a failed call to an agent means in our codes. Sources: A2A 1.0.1 section 5.4, RFC 9110. */
import { CancelledError, ERROR_CODES, type ErrorCode, PlatformError } from "@agentcore/contract";

export interface FailedCall {
  readonly host: string;
  /** The caller's own: its abort is no failure of the agent. */
  readonly signal?: AbortSignal | undefined;
  /** Of the answer, when there was one. */
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
}

// JSON-RPC's and A2A's numbers.
const OF_JSON_RPC: Readonly<Record<number, ErrorCode>> = {
  [-32700]: "PARSE_ERROR",
  [-32600]: "INVALID_REQUEST",
  [-32601]: "METHOD_NOT_FOUND",
  [-32602]: "INVALID_ARGUMENT",
  [-32603]: "UPSTREAM_FAILED",
  [-32001]: "TASK_NOT_FOUND",
  [-32002]: "TASK_NOT_CANCELABLE",
  [-32003]: "PUSH_NOTIFICATION_NOT_SUPPORTED",
  [-32004]: "UNSUPPORTED_OPERATION",
  [-32005]: "CONTENT_TYPE_NOT_SUPPORTED",
  [-32006]: "INVALID_AGENT_RESPONSE",
  [-32007]: "EXTENDED_AGENT_CARD_NOT_CONFIGURED",
  [-32008]: "EXTENSION_SUPPORT_REQUIRED",
  [-32009]: "VERSION_NOT_SUPPORTED",
};

const OF_REASON: Readonly<Record<string, ErrorCode>> = { INVALID_PARAMS: "INVALID_ARGUMENT" };

/** The parts that the SDK's errors have, whichever binding they come from. */
interface AgentError {
  readonly reason?: unknown;
  readonly envelopeCode?: unknown;
  readonly data?: unknown;
}

// The SDK's bound on one event, which its transports let nobody set.
const TOO_LARGE_EVENT = /^SSE (?:line|event data) exceeded the maximum allowed size/;

// The SDK wraps what a stream throws once.
const MAX_CAUSES = 5;

function* causesOf(error: unknown): Generator<Error> {
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++) {
    yield error;
    error = error.cause;
  }
}

/** Never throws; what our own code threw comes back as it was. */
export const describeFailure = (error: unknown, call: FailedCall): PlatformError => {
  if (call.signal?.aborted === true) {
    const { reason } = call.signal;
    return PlatformError.is(reason) ? reason : new CancelledError("the call was aborted", { cause: reason });
  }
  for (const each of causesOf(error)) if (PlatformError.is(each)) return each;
  const { status, headers, host } = call;
  const retryAfterMs = readRetryAfter(headers);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  // The agent's own words are left out: some repeat parts of the credential.
  if (status === 401) return new PlatformError("UNAUTHENTICATED", `${host} refused the credential (401)`);
  if (status === 403) return new PlatformError("PERMISSION_DENIED", `${host} does not allow this (403)`);
  if (status === 429)
    return new PlatformError("OVERLOADED", `${host} takes no more for now (429)`, { retryable: true, ...wait });
  if (status !== undefined && status >= 300 && status < 400)
    return new PlatformError("UPSTREAM_FAILED", `${host} redirects (${status}); redirects are not followed`, {
      retryable: false,
    });
  if ([...causesOf(error)].some(({ message }) => TOO_LARGE_EVENT.test(message)))
    return new PlatformError("TOO_LARGE", `${host} sent an event of a stream that is over 4 MiB`, { cause: error });
  const said = errorOfAgent(error);
  if (said !== undefined) return new PlatformError(said.code, `${host}: ${said.message}`, { ...wait, cause: error });
  if (error instanceof DOMException && error.name === "TimeoutError")
    return new PlatformError("UPSTREAM_FAILED", `${host} did not answer in time`, { retryable: true });
  if (status !== undefined && status >= 400)
    return new PlatformError("UPSTREAM_FAILED", `${host} failed (${status})`, {
      retryable: status === 408 || status >= 500,
      ...wait,
      cause: error,
    });
  // Refused, reset and cut-off connections, before the answer and within.
  if (isNetworkError(error))
    return new PlatformError("UPSTREAM_FAILED", `${host} cannot be reached: ${innermost(error)}`, {
      retryable: true,
      cause: error,
    });
  return new PlatformError(
    "INVALID_AGENT_RESPONSE",
    `${host} gave an answer that cannot be read: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
};

const errorOfAgent = (error: unknown): { readonly code: ErrorCode; readonly message: string } | undefined => {
  for (const each of causesOf(error)) {
    const { reason, envelopeCode, data } = each as AgentError;
    const code = ownCode(data) ?? ofNumber(envelopeCode) ?? ofReason(reason);
    if (code !== undefined) return { code, message: messageOf(each) };
    if (typeof envelopeCode === "number") return { code: "UPSTREAM_FAILED", message: messageOf(each) };
  }
  return undefined;
};

const ofNumber = (number: unknown): ErrorCode | undefined =>
  typeof number === "number" ? OF_JSON_RPC[number] : undefined;

const ofReason = (reason: unknown): ErrorCode | undefined =>
  typeof reason !== "string" ? undefined : (OF_REASON[reason] ?? (isCode(reason) ? reason : undefined));

/** Another AgentCore says its own code in the error's details. */
const ownCode = (data: unknown): ErrorCode | undefined => {
  const details: readonly unknown[] = Array.isArray(data) ? data : [];
  for (const detail of details) {
    const { domain, reason } = (detail ?? {}) as { readonly domain?: unknown; readonly reason?: unknown };
    if (domain === "agentcore.dev" && typeof reason === "string" && isCode(reason) && reason !== "INTERNAL")
      return reason;
  }
  return undefined;
};

/** Of an ErrorInfo: our own code, else A2A's. */
export const codeOfDetails = (details: readonly unknown[]): ErrorCode | undefined => {
  const reasons = details.map((detail) => ofReason((detail as { readonly reason?: unknown } | null)?.reason));
  return ownCode(details) ?? reasons.find((code) => code !== undefined && code !== "INTERNAL");
};

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);

const isNetworkError = (error: unknown): boolean =>
  [...causesOf(error)].some(
    (each) => each instanceof TypeError || typeof (each as { code?: unknown }).code === "string",
  );

const innermost = (error: unknown): string => messageOf([...causesOf(error)].at(-1) ?? error);

const MAX_MESSAGE = 500;

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, MAX_MESSAGE);

// Who asks for more is asked again then: nobody waits for a day because an agent says so.
const MAX_RETRY_AFTER_MS = 3_600_000;

export const boundedWait = (ms: number): number => Math.min(Math.max(0, Math.round(ms)), MAX_RETRY_AFTER_MS);

/** Milliseconds, from seconds or a date (RFC 9110, 10.2.3). */
const readRetryAfter = (headers: Headers | undefined): number | undefined => {
  const text = headers?.get("retry-after");
  if (text == null) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? boundedWait(ms) : undefined;
};

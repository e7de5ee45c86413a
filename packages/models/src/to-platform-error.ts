/** What a provider's refusal means to a step: try again, when, or not at all. */
import { CancelledError, PlatformError } from "@agentcore/contract/errors";

export interface FailedCall {
  readonly modelName: string;
  readonly host: string;
  /** For example `AGENTCORE_MODEL_KEY`. */
  readonly apiKeyEnv?: string | undefined;
  /** Never to appear in a message. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}

/** The parts of the AI SDK's APICallError that matter here; other errors have none of them. */
interface CallFailure {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** True when the error came from the call itself, not from what we asked. */
  readonly fromCall: boolean;
}

const readFailure = (error: unknown): CallFailure => {
  if (!(error instanceof Error)) return { status: undefined, headers: {}, fromCall: false };
  const { statusCode, responseHeaders } = error as Error & {
    statusCode?: number;
    responseHeaders?: Record<string, string>;
  };
  const network = error instanceof TypeError; // how fetch reports refused, reset and cut-off connections
  return {
    status: statusCode,
    headers: responseHeaders ?? {},
    fromCall: network || error.name === "AI_APICallError",
  };
};

/** A caller's abort comes back as its own reason when that is a PlatformError, else as CANCELED. */
export const toAbortError = (signal: AbortSignal): PlatformError =>
  PlatformError.is(signal.reason)
    ? signal.reason
    : new CancelledError("the model call was aborted", { cause: signal.reason });

export const toTimeoutError = ({ modelName, host, timeoutMs }: FailedCall): PlatformError =>
  new PlatformError("UPSTREAM_FAILED", `model "${modelName}" at ${host} did not answer within ${timeoutMs} ms`, {
    retryable: true,
    details: { model: modelName, timeoutMs },
  });

// The SDK wraps what reading a body throws, once or twice.
const MAX_CAUSES = 5;

/** What our own fetch refused, however deep it lies. */
const ownErrorIn = (error: unknown): PlatformError | undefined => {
  let inner = error;
  for (let depth = 0; depth < MAX_CAUSES && inner instanceof Error; depth++) {
    if (PlatformError.is(inner)) return inner;
    inner = inner.cause;
  }
  return undefined;
};

export const toPlatformError = (error: unknown, call: FailedCall): PlatformError => {
  const own = ownErrorIn(error);
  if (own !== undefined) return own;
  const { status, headers, fromCall } = readFailure(error);
  const said = redact(error instanceof Error ? error.message : String(error), call.secrets);
  const retryAfterMs = readRetryAfter(headers);
  return new PlatformError(
    "UPSTREAM_FAILED",
    `model "${call.modelName}" at ${call.host} ${explain(status, said, call)}`,
    {
      retryable: fromCall && isTransient(status),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      details: { model: call.modelName, ...(status === undefined ? {} : { status }) },
      // Not the SDK's error itself: it carries the whole prompt and the raw answer into whatever logs it.
      cause: new Error(said),
    },
  );
};

/** 2xx is here as an answer that could not be read, most often one that was cut off. */
const isTransient = (status: number | undefined): boolean =>
  status === undefined ||
  (status >= 200 && status < 300) ||
  status === 408 ||
  status === 409 ||
  status === 429 ||
  status >= 500;

const explain = (status: number | undefined, said: string, { apiKeyEnv }: FailedCall): string => {
  if (status === undefined) return `could not be called: ${said}`;
  // The provider's own words are left out: some repeat parts of the key.
  if (status === 401 || status === 403) {
    return `refused the credential (${status}): ${apiKeyEnv === undefined ? "none was sent, set apiKeyEnv or AGENTCORE_MODEL_KEY" : `check ${apiKeyEnv}`}`;
  }
  if (status === 400 || status === 422) return `refused the request (${status}): ${said}`;
  if (status === 404) return `does not know the model or the path (404): ${said}`;
  if (status >= 300 && status < 400) return `redirects (${status}); set baseUrl to where it leads`;
  if (status < 300) return `gave an answer that cannot be read: ${said}`;
  return `failed (${status}): ${said}`;
};

const redact = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((clean, secret) => (secret === "" ? clean : clean.replaceAll(secret, "***")), text).slice(0, 500);

/** Milliseconds, from `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
const readRetryAfter = (headers: Readonly<Record<string, string>>): number | undefined => {
  const precise = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (Number.isFinite(precise)) return Math.max(0, precise);
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined;
};
